"""Sentence boundary tests on the text of cues."""

from __future__ import annotations

import re

from app.domain.text import CLOSING_MARKS, ends_clause, ends_sentence

_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
"""Markup as WebVTT, SubRip and ASS write it."""

_MARKS_BEHIND = f"{CLOSING_MARKS}“‘„«‹♪ "

_DASH = re.compile(r"(?:[-‐‑–—―−]\s*(?![\s\d-])|>>)")
"""What a new speaker's line begins with; ``-5`` is a figure."""

_ENCLOSED = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|【[^【】]*】|（[^（）]*）|［[^［］]*］")
"""A sound or a sign."""

_MUSIC = ("♪", "♫", "♬")
"""What a line of a song begins or ends with."""


def is_complete(text: str, language: str = "") -> bool:
    """Whether a sentence certainly ends with this text, whatever follows.

    A full stop after a figure may be a decimal point or an ordinal, one after an abbreviation may
    belong to it, and three dots may be a pause: there the next word decides.
    """
    bare = _bare(text)
    marks = bare.rstrip(_MARKS_BEHIND)
    if marks.endswith(("..", "…")) or (marks.endswith(".") and marks[-2:-1].isdigit()):
        return False
    return ends_sentence(bare, language=language)


def goes_on(text: str, after: str, language: str = "") -> bool:
    """Whether a text that is not surely complete goes on in the text after it.

    Without any punctuation it does: some transcribers write none.
    """
    bare, following = _bare(text), _bare(after)
    if not bare or not following:
        return False
    if bare[-1] == "." and bare[-2:-1].isdigit() and following[0].isdigit():
        return True
    return not ends_sentence(bare, following, language)


def is_punctuated(text: str) -> bool:
    """Whether a text has punctuation that ends sentences or clauses."""
    return any(ends_clause(word) for word in _bare(text).split())


def is_clause(text: str) -> bool:
    """Whether a clause ends with this text."""
    bare = _bare(text)
    return bool(bare) and ends_clause(bare.split()[-1])


def stands_alone(text: str) -> bool:
    """Whether a text is no part of a sentence: a sound, a line of a song, nothing but signs."""
    bare = _bare(text)
    sung = bare.startswith(_MUSIC) or bare.endswith(_MUSIC)
    return sung or bool(_ENCLOSED.fullmatch(bare)) or not any(char.isalnum() for char in bare)


def opens_turn(text: str) -> bool:
    """Whether a text begins as another speaker's line in a dialogue does."""
    return bool(_DASH.match(_bare(text)))


def _bare(text: str) -> str:
    return _TAG.sub("", text).strip()
