"""Bounds of phrases in scripts that write no spaces."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path

import budoux

from app.domain import language_tags

_MODELS = {
    "Jpan": "ja",
    "Hans": "zh-hans",
    "Hant": "zh-hant",
    "Thai": "th",
}
"""BudouX's models by script. Source: BudouX (Google), a classifier of the characters around a
position, trained on line breaks set by people."""

SEEN_CHARS = 3
"""Characters on either side of a position that BudouX looks at."""


@lru_cache(maxsize=256)
def model_name(language: str) -> str | None:
    """Return the name of the model for a language (BCP 47); None where there is none."""
    if not language:
        return None
    return _MODELS.get(language_tags.likely_script(language) or "")


@cache
def phrase_parser(name: str) -> budoux.Parser:
    """Return a model's parser, read once."""
    path = Path(budoux.__file__).parent / "models" / f"{name}.json"
    return budoux.Parser(json.loads(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=4096)
def begins_phrase(before: str, after: str, language: str) -> bool | None:
    """Whether a phrase begins between two texts.

    Args:
        before: at least the last ``SEEN_CHARS`` characters before the place, where there are any.
        after: as many behind it.
        language: BCP 47 tag of both.

    Returns:
        None where there is no model for the language.
    """
    name = model_name(language)
    if name is None:
        return None
    left, right = before[-SEEN_CHARS:], after[:SEEN_CHARS]
    place = 0
    for phrase in phrase_parser(name).parse(left + right):
        place += len(phrase)
        if place >= len(left):
            break
    return place == len(left)
