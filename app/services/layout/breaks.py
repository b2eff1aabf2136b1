"""Breaks between words, with their costs."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import IntEnum

from app.domain.text import MARKS_AROUND_WORDS, ends_clause, ends_sentence, is_abbreviation
from app.services.layout.tokens import is_unspaced

_CONJUNCTIONS = """
and but or nor because although though unless until whereas while when where which who whose that
than if since as
und aber oder denn weil dass wenn obwohl damit sondern während
y e o u pero sino porque que aunque cuando donde mientras si como
et ou mais donc car puisque quand lorsque où
ma anche perché quando mentre dove che
mas porque embora quando enquanto onde
"""
_PREPOSITIONS = """
about above across after against along among around at before behind below between by down during
for from in inside into like near of off on onto over per through to toward towards under up upon
with within without
an auf aus bei durch für gegen hinter in mit nach neben ohne seit über um unter von vor zu zum zur
im am
a al ante bajo con contra de del desde durante en entre hacia hasta para por según sin sobre tras
à au aux avec chez contre dans de depuis des du en entre jusque par pendant pour sans sous sur vers
di da dal della nel nella su sul tra fra
em com sem no na nos nas ao aos às pelo pela
"""
_ARTICLES = """
a an the my your his her its our their this these those
der die das den dem des ein eine einen einem einer mein dein sein
el la los las un una unos unas lo mi tu su
le les l' un une ce cette ces mon ma mes ton ta tes son sa ses
il lo gli i uno
os as um uma
"""

OPENING = frozenset(_CONJUNCTIONS.split()) | frozenset(_PREPOSITIONS.split())
"""Words that begin a phrase: a break before them reads well.

English, German, Spanish, French, Italian and Portuguese together, since the language of a text is
often only guessed; a word that means something else in another of them costs a little balance and
nothing more.

Source: Netflix Timed Text Style Guide, General Requirements, "Line Treatment": break after
punctuation, before conjunctions, before prepositions.
"""

LEANING = OPENING | frozenset(_ARTICLES.split())
"""Words that a break never leaves behind: the phrase that they open would be cut in two."""

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


BREAK_COST: Mapping[Break, float] = {
    Break.SENTENCE: 0.0,
    Break.CLAUSE: 3.0,
    Break.PHRASE: 10.0,
    Break.PLAIN: 22.0,
    Break.BAD: 40.0,
}
"""Cost of dividing a text between two cues there, against 100 times the square of how far the place
is off the even share, in cues: a comma wins over a plain gap while it is within 0.4 of a cue."""


def break_between(before: str, after: str, language: str = "") -> Break:
    """Return the kind of break between two words of a language that follow one another."""
    if not _may_begin(after) or not _may_end(before):
        return Break.BAD
    if ends_sentence(before, after, language):
        return Break.SENTENCE
    if is_abbreviation(before, language):
        return Break.BAD
    if ends_clause(before):
        return Break.CLAUSE
    if is_unspaced(before[-1]):
        return _between_characters(before[-1], after[0])
    if _plain(before) in LEANING:
        return Break.BAD
    return Break.PHRASE if _plain(after) in OPENING else Break.PLAIN


def _between_characters(before: str, after: str) -> Break:
    """Guess from the script: a Japanese phrase ends in hiragana, a loan word is all katakana."""
    if before in _HONORIFICS or (_is_katakana(before) and _is_katakana(after)):
        return Break.BAD
    return Break.PHRASE if _is_hiragana(before) and not _is_hiragana(after) else Break.PLAIN


def _is_hiragana(char: str) -> bool:
    return "\u3041" <= char <= "\u309f"


def _is_katakana(char: str) -> bool:
    return "\u30a0" <= char <= "\u30ff"


def _plain(word: str) -> str:
    return word.strip(MARKS_AROUND_WORDS).casefold()


def _may_begin(word: str) -> bool:
    """Whether a line may begin with a word: not with one that is all closing punctuation."""
    if word[:1] in _INVERTED or word[:1].isalnum():
        return True
    return any(unicodedata.category(char) not in _CLOSING_CATEGORIES for char in word)


def _may_end(word: str) -> bool:
    """Whether a line may end with a word: not with opening punctuation."""
    last = word[-1]
    return last not in _INVERTED and unicodedata.category(last) not in _OPENING_CATEGORIES
