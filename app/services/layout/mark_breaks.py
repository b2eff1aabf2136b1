"""Breaks beside lyrics, sound descriptions, quotations and figures, which their marks decide."""

from __future__ import annotations

import re

from app.domain.text import CLOSING_MARKS, OPENING_MARKS

_NOTES = frozenset("♪♫♬♩")
_OPENING, _CLOSING = "[［【", "]］】"
_QUOTES = frozenset("\"'”’»“‘«›")

_FIGURE = re.compile(r"[+\-−]?\d[\d.,’']*")
_CLOCK = re.compile(r"\d{1,2}[:h.]\d{2}(?:[:.]\d{2})?")
"""A time of day, as ``10:45``, ``8h30`` or ``10.30``."""

_AHEAD_OF_FIGURES = frozenset(("$", "€", "£", "¥", "₹", "₽", "₩", "¢", "#", "№", "§", "n.º", "n°"))
"""Signs that stand ahead of a figure with a space between, as some transcribers write them."""


def is_lyrics_end(before: str, after: str, earlier: str) -> bool:
    """Whether a line of a song ends between two words: ``saints ♪ | ♪ go``.

    A note of its own between two words of a text closes the line before it, as every line of a song
    has one at either end.

    Args:
        before: the word ahead of the place.
        after: the word behind it.
        earlier: the word ahead of ``before``; empty where there is none.
    """
    if _is_note(before):
        return _is_note(after) or (bool(earlier) and not _is_note(earlier))
    return before[-1] in _NOTES


def is_joined(before: str, after: str, earlier: str) -> bool:
    """Whether marks hold two words together.

    A note stays with the line of the song that it opens or closes, the brackets of a sound with
    their words, and a sign or a number's abbreviation with its figure.

    Args:
        before: the word ahead of the place.
        after: the word behind it.
        earlier: the word ahead of ``before``; empty where there is none.
    """
    if _is_note(after):
        return not _is_note(before)
    if _is_note(before):
        return not is_lyrics_end(before, after, earlier)
    if _opens(before) or _closes(after):
        return True
    sign = before.lstrip(OPENING_MARKS).casefold()
    return sign in _AHEAD_OF_FIGURES and after[:1].isdecimal()


def is_reported(before: str, after: str) -> bool:
    """Whether what was quoted is reported behind it: ``"Really?" | she asked``."""
    bare = after.lstrip(OPENING_MARKS)
    return before[-1:] in _QUOTES and bare[:1].islower()


def is_clock(word: str) -> bool:
    """Whether a word is a time of day in figures."""
    return _CLOCK.fullmatch(word.strip(CLOSING_MARKS + OPENING_MARKS)) is not None


def is_figure(word: str) -> bool:
    """Whether a word is a number in figures, with a sign or a currency ahead of it."""
    bare = word.lstrip("".join(_AHEAD_OF_FIGURES)).strip(CLOSING_MARKS + OPENING_MARKS)
    return _FIGURE.fullmatch(bare) is not None


def _is_note(word: str) -> bool:
    return all(char in _NOTES for char in word)


def _opens(word: str) -> bool:
    """Whether a word opens a bracket that it does not close."""
    opened = max(word.rfind(mark) for mark in _OPENING)
    return opened > max(word.rfind(mark) for mark in _CLOSING)


def _closes(word: str) -> bool:
    """Whether a word closes a bracket that it does not open."""
    closed = [at for at in (word.find(mark) for mark in _CLOSING) if at >= 0]
    opened = [at for at in (word.find(mark) for mark in _OPENING) if at >= 0]
    return bool(closed) and (not opened or min(closed) < min(opened))
