"""Text made of words: joining, sentence ends, clause ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from app.domain.abbreviations import goes_on_after_stop, may_abbreviate

_SENTENCE_MARKS = frozenset(".!?…。．！？｡‼⁇⁈⁉‽।॥؟۔։።፧፨။៕។༎᠃᠉꯫𑁇𑇅෴᱾᱿\u037e")
"""Source: the Unicode property Sentence_Terminal, of the scripts that subtitles are written in."""

_MARKS_OF_SCRIPTS = (
    (";", 0x0370, 0x03FF),
    (";", 0x1F00, 0x1FFF),
    (":", 0x0531, 0x058A),
    ("|", 0x0900, 0x09FF),
    ("|", 0x0A00, 0x0A7F),
    ("::", 0x1200, 0x137F),
)
"""Marks that end sentences behind the letters of one script: the Greek question mark, an Armenian
full stop, a danda and an Ethiopic full stop as typed on other keyboards."""

_CLAUSE_MARKS = frozenset(",;:—–،؛、，：；､՝፣၊")
_CLAUSE_ENDS = _CLAUSE_MARKS | _SENTENCE_MARKS
CLOSING_MARKS = "\"'”’»›)]}」』）】〉》〕］｝*_"
OPENING_MARKS = "\"'“‘«‹([{「『（【〈《〔［｛¿¡-–—*_♪"
MARKS_AROUND_WORDS = OPENING_MARKS + CLOSING_MARKS + "".join(_CLAUSE_MARKS)

_INVISIBLE = "\u200b\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069\u061c\ufeff"
"""Marks of direction, which may stand anywhere."""

_BEHIND_SENTENCES = f"{CLOSING_MARKS}“‘„«‹♪♫♬ {_INVISIBLE}"
"""What may follow the mark that ends a sentence. At the end of a text each quotation mark closes:
German has “, Danish «."""

_AHEAD_OF_SENTENCES = f"{OPENING_MARKS}„”’»›… .{_INVISIBLE}"


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


def ends_sentence(text: str, after: str = "", language: str = "") -> bool:
    """Whether a sentence ends with this text, as far as its spelling shows.

    Args:
        text: a word with its punctuation, or a text of which only the last words matter.
        after: the word or text that follows; one that begins with a small letter continues the
            sentence.
        language: BCP 47 tag of the text, whose abbreviations end no sentence; empty for unknown.
    """
    bare = text.rstrip(_BEHIND_SENTENCES)
    if not _has_sentence_mark(bare):
        return False
    if bare[-1] not in ".…":
        return True
    following = _first_word(after)
    if _is_small(following[:1]):
        return False
    if not _has_full_stop(bare):
        return True
    if not following:
        return not may_abbreviate(bare, language)
    return not goes_on_after_stop(bare, following, language)


def surely_ends_sentence(word: str, language: str = "") -> bool:
    """Whether a sentence ends with this word whatever follows.

    A transcriber asks this ahead of the following word, so initials, ordinals and abbreviations
    that may end a sentence do not count. A sentence that is cut too late costs nothing: the
    layout divides it again.
    """
    bare = word.rstrip(_BEHIND_SENTENCES)
    if not _has_sentence_mark(bare):
        return False
    if not _has_full_stop(word):  # a quotation mark behind the full stop ends a sentence too
        return True
    stem = word[:-1].lstrip(_AHEAD_OF_SENTENCES)
    if stem[-1:].isnumeric() or len(stem) == 1 or stem.lower() in _SOMETIMES_SENTENCES:
        return False
    return not may_abbreviate(word, language)


def ends_clause(word: str) -> bool:
    """Whether a clause ends with this word."""
    bare = word.rstrip(_BEHIND_SENTENCES)
    return bool(bare) and (bare[-1] in _CLAUSE_ENDS or _has_sentence_mark(bare))


def is_abbreviation(word: str, language: str = "") -> bool:
    """Whether the full stop of a word may belong to an initial or an abbreviation."""
    return _has_full_stop(word) and may_abbreviate(word, language)


def _is_small(char: str) -> bool:
    """Whether a letter is small in a script that begins sentences with capitals: not Georgian."""
    return char.islower() and char.title() != char


_SOMETIMES_SENTENCES = frozenset({"no"})
"""Words that are abbreviations ahead of a number."""


def _has_sentence_mark(bare: str) -> bool:
    if not bare:
        return False
    return bare[-1] in _SENTENCE_MARKS or any(
        bare.endswith(mark) and any(low <= ord(char) <= high for char in bare[-_LETTERS_SEEN:])
        for mark, low, high in _MARKS_OF_SCRIPTS
    )


_LETTERS_SEEN = 16
"""Characters at the end of a text by which its script is detected."""


def _has_full_stop(word: str) -> bool:
    return word.endswith(".") and not word.endswith("..")


def _first_word(text: str) -> str:
    words = text[: 4 * _LETTERS_SEEN].lstrip(_AHEAD_OF_SENTENCES).split(maxsplit=1)
    return words[0].rstrip("".join(_CLAUSE_ENDS) + CLOSING_MARKS) if words else ""
