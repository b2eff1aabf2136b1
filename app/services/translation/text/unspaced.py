"""Phrases of languages that write no space between words."""

from __future__ import annotations

import json
from functools import cache
from itertools import accumulate
from pathlib import Path

import budoux
import langcodes

from app.domain.language import Language

_MODELS = {
    "Jpan": "ja",
    "Hans": "zh-hans",
    "Hant": "zh-hant",
    "Thai": "th",
}
"""BudouX's models by script. Source: BudouX (Google), a classifier of the characters around a
place, trained on where people break lines."""


def phrase_starts(text: str, language: Language) -> frozenset[int] | None:
    """Return the places within a text at which a phrase begins.

    Args:
        text: without spaces.
        language: that it is written in.

    Returns:
        Indexes into the text, 0 not among them; None where nobody knows the language's phrases.
    """
    name = _model_name(language)
    if name is None:
        return None
    phrases = _parser(name).parse(text)
    return frozenset(accumulate(len(phrase) for phrase in phrases[:-1]))


@cache
def _model_name(language: Language) -> str | None:
    return _MODELS.get(str(langcodes.Language.get(language.tag).maximize().script))


@cache
def _parser(name: str) -> budoux.Parser:
    path = Path(budoux.__file__).parent / "models" / f"{name}.json"
    return budoux.Parser(json.loads(path.read_text(encoding="utf-8")))
