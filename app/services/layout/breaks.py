"""How good a place between two words is for a break."""

from __future__ import annotations

import unicodedata
from enum import IntEnum

from app.services.layout.connectives import LEANING, OPENING
from app.services.layout.tokens import is_unspaced

_SENTENCE = frozenset(".!?…。！？｡।॥؟۔։።။។\u037e")
_CLAUSE = frozenset(",;:—–،؛、，；：､՝፣၊")
_CLAUSE_ENDS = _CLAUSE | _SENTENCE
_CLOSERS = "\"'”’»›)]}」』）】〉》〕］｝*_"
_OPENERS = "\"'“‘«‹([{「『（【〈《〔［｛¿¡-–—*_♪"
_AROUND = _OPENERS + _CLOSERS + "".join(_CLAUSE)
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st jr sr sra srta vs e.g i.e mme mlle vol approx ca bzw z.b u.a d.h".split()  # noqa: SIM905
)
_CLOSING_CATEGORIES = frozenset(("Pe", "Pf", "Po", "Pd", "Mn", "Mc", "Me", "Cf"))
_OPENING_CATEGORIES = frozenset(("Ps", "Pi"))
_INVERTED = frozenset("¿¡")
_HONORIFICS = frozenset("おご御")


class Break(IntEnum):
    """Kinds of places, best first."""

    SENTENCE = 0
    CLAUSE = 1
    PHRASE = 2
    PLAIN = 3
    BAD = 4


def break_between(before: str, after: str) -> Break:
    """Return what kind of place lies between two words that follow one another."""
    if not _may_begin(after) or not _may_end(before):
        return Break.BAD
    if ends_sentence(before, after):
        return Break.SENTENCE
    if _is_abbreviation(before):
        return Break.BAD
    if ends_clause(before):
        return Break.CLAUSE
    if is_unspaced(before[-1]):
        return _between_characters(before[-1], after[0])
    if _plain(before) in LEANING:
        return Break.BAD
    return Break.PHRASE if _plain(after) in OPENING else Break.PLAIN


def ends_sentence(word: str, after: str = "") -> bool:
    """Whether a sentence ends with this word, as far as its spelling tells.

    Args:
        word: the word with its punctuation.
        after: the word that follows; one that begins with a small letter continues the sentence.
    """
    bare = word.rstrip(_CLOSERS)
    if not bare or bare[-1] not in _SENTENCE:
        return False
    if bare[-1] not in ".…":
        return True
    return not _is_abbreviation(bare) and not after.lstrip(_OPENERS)[:1].islower()


def ends_clause(word: str) -> bool:
    """Whether a clause ends with this word."""
    bare = word.rstrip(_CLOSERS)
    return bool(bare) and bare[-1] in _CLAUSE_ENDS


def _between_characters(before: str, after: str) -> Break:
    """Guess from the script: a Japanese phrase ends in hiragana, a loan word is all katakana."""
    if before in _HONORIFICS or (_is_katakana(before) and _is_katakana(after)):
        return Break.BAD
    return Break.PHRASE if _is_hiragana(before) and not _is_hiragana(after) else Break.PLAIN


def _is_hiragana(char: str) -> bool:
    return "\u3041" <= char <= "\u309f"


def _is_katakana(char: str) -> bool:
    return "\u30a0" <= char <= "\u30ff"


def _is_abbreviation(word: str) -> bool:
    if not word.endswith(".") or word.endswith(".."):
        return False
    stem = word[:-1].lstrip(_OPENERS)
    is_initial = len(stem) == 1 and stem.isupper() and stem != "I"
    return is_initial or stem.lower() in _ABBREVIATIONS


def _plain(word: str) -> str:
    return word.strip(_AROUND).casefold()


def _may_begin(word: str) -> bool:
    """Whether a line may begin with a word: not with one that is all closing punctuation."""
    if word[:1] in _INVERTED or word[:1].isalnum():
        return True
    return any(unicodedata.category(char) not in _CLOSING_CATEGORIES for char in word)


def _may_end(word: str) -> bool:
    """Whether a line may end with a word: not with opening punctuation."""
    last = word[-1]
    return last not in _INVERTED and unicodedata.category(last) not in _OPENING_CATEGORIES
