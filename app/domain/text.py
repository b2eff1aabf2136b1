"""Text made of words: joining, sentence ends, clause ends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

_SENTENCE_MARKS = frozenset(".!?…。！？｡।॥؟۔։።។៕\u037e")
_CLAUSE_MARKS = frozenset(",;:—–،؛、，：；､՝፣၊")
_CLAUSE_ENDS = _CLAUSE_MARKS | _SENTENCE_MARKS
CLOSING_MARKS = "\"'”’»›)]}」』）】〉》〕］｝*_"
OPENING_MARKS = "\"'“‘«‹([{「『（【〈《〔［｛¿¡-–—*_♪"
MARKS_AROUND_WORDS = OPENING_MARKS + CLOSING_MARKS + "".join(_CLAUSE_MARKS)

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st jr sr sra srta vs e.g i.e mme mlle vol approx ca bzw z.b u.a d.h".split()  # noqa: SIM905
)
"""Words whose full stop ends no sentence."""

_LEADING_SIGNS = re.compile(r"^\W+")

_DOUBTFUL_ABBREVIATIONS = _ABBREVIATIONS | {"no", "etc", "m"}
"""Words whose full stop ends a sentence now and then."""


class WrittenWord(Protocol):
    """A word as it is written."""

    @property
    def text(self) -> str:
        """The word with its punctuation."""
        ...

    @property
    def glued(self) -> bool:
        """Whether no space comes before it."""
        ...


def join_words(words: Iterable[WrittenWord]) -> str:
    """Return words as one text, with spaces where the script writes them."""
    return "".join(
        word.text if word.glued or not index else f" {word.text}"
        for index, word in enumerate(words)
    )


def ends_sentence(word: str, after: str = "") -> bool:
    """Whether a sentence ends with this word, as far as its spelling shows.

    Args:
        word: the word with its punctuation.
        after: the word that follows; one that begins with a small letter continues the sentence.
    """
    bare = word.rstrip(CLOSING_MARKS)
    if not bare or bare[-1] not in _SENTENCE_MARKS:
        return False
    if bare[-1] not in ".…":
        return True
    return not is_abbreviation(bare) and not after.lstrip(OPENING_MARKS)[:1].islower()


def surely_ends_sentence(word: str) -> bool:
    """Whether a sentence ends with this word whatever follows.

    A transcriber asks this ahead of the following word, so initials, ordinals and abbreviations
    that may end a sentence do not count. A sentence that is cut too late costs nothing: the
    layout divides it again.
    """
    bare = word.rstrip(CLOSING_MARKS)
    if not bare or bare[-1] not in _SENTENCE_MARKS:
        return False
    if not _has_full_stop(word):  # a quotation mark behind the full stop ends a sentence too
        return True
    stem = _LEADING_SIGNS.sub("", word[:-1])
    is_initial = len(stem) == 1 or all(len(part) == 1 for part in stem.split("."))
    return not is_initial and stem.lower() not in _DOUBTFUL_ABBREVIATIONS


def ends_clause(word: str) -> bool:
    """Whether a clause ends with this word."""
    bare = word.rstrip(CLOSING_MARKS)
    return bool(bare) and bare[-1] in _CLAUSE_ENDS


def is_abbreviation(word: str) -> bool:
    """Whether the full stop of a word belongs to an initial or an abbreviation."""
    if not _has_full_stop(word):
        return False
    stem = _stem(word)
    is_initial = len(stem) == 1 and stem.isupper() and stem != "I"
    return is_initial or stem.lower() in _ABBREVIATIONS


def _has_full_stop(word: str) -> bool:
    return word.endswith(".") and not word.endswith("..")


def _stem(word: str) -> str:
    return word[:-1].lstrip(OPENING_MARKS)
