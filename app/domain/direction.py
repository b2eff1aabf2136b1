"""Direction of writing, from the language of a text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from app.domain import language_tags

_RIGHT_TO_LEFT = frozenset(
    (
        "Adlm", "Arab", "Aran", "Armi", "Avst", "Chrs", "Cprt", "Elym", "Gara", "Hatr", "Hebr",
        "Hung", "Khar", "Lydi", "Mand", "Mani", "Mend", "Merc", "Mero", "Narb", "Nbat", "Nkoo",
        "Orkh", "Ougr", "Palm", "Phli", "Phlp", "Phnx", "Prti", "Rohg", "Samr", "Sarb", "Sogd",
        "Sogo", "Syrc", "Syre", "Syrj", "Syrn", "Thaa", "Yezi",
    )
)  # fmt: skip
"""Scripts by ISO 15924. Source: CLDR, characterOrder of the layout of each script."""


def is_right_to_left(tag: str) -> bool | None:
    """Return whether a language is written from right to left; None where it is not known.

    The script decides, the one that the tag names or the one that the language is likely written
    in: ``pa-Arab`` is written from right to left, ``pa`` and ``ks-Deva`` are not.
    """
    standard = language_tags.standard_tag(tag)
    if standard is None or language_tags.base_of(standard) == "und":
        return None
    script = language_tags.script_of(standard) or language_tags.likely_script(standard)
    return script in _RIGHT_TO_LEFT


def mostly_right_to_left(texts: Iterable[str]) -> bool:
    """Whether most letters of texts in an unknown language belong to such scripts."""
    balance = 0
    for text in texts:
        if not text.isascii():
            balance += sum(_weight(char) for char in text)
        else:
            balance -= sum(map(str.isalpha, text))
    return balance > 0


def _weight(char: str) -> int:
    direction = unicodedata.bidirectional(char)
    return 1 if direction in ("R", "AL") else -1 if direction == "L" else 0


def runs_right_to_left(text: str, *, language: bool) -> bool:
    """Whether a text, as a whole, is set from right to left.

    It is set as its language is, whatever it begins with, unless each of its letters is of the
    other direction: then it is a quotation in another language.

    Args:
        text: of a cue.
        language: whether its language is written from right to left.
    """
    directions = {unicodedata.bidirectional(char) for char in text}
    here = bool(directions & {"R", "AL"})
    there = "L" in directions
    return (here or not there) if language else (here and not there)


def first_strong(text: str) -> str:
    """Return the direction of the first letter, ``L`` or ``R``; empty for a text without any.

    Source: Unicode Standard Annex 9, rules P2 and P3.
    """
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return "L" if direction == "L" else "R"
    return ""
