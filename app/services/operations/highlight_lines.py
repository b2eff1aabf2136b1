"""Words of highlighted subtitles in lines: how many there are in one, and how they stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from app.domain.direction import is_right_to_left, mostly_right_to_left, runs_right_to_left
from app.services.layout.tokens import is_unspaced
from app.services.layout.width import text_width

_LINE_MS = 5000
"""A line ends before a word that begins so long after its first."""

_UNSPACED_COLUMNS = 6
"""Columns of a word where none are written apart: three Chinese characters count as a word, since
times of such languages come character by character."""

_FULL_STOPS = (".", "。", "｡", "．", "।", "۔", "։", "።", "။", "។")
"""Of all scripts. Source: Unicode, property Sentence_Terminal, those that are full stops."""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its time in milliseconds; the end is after the start."""

    text: str
    start_ms: int
    end_ms: int


Line = tuple[TimedWord, ...]


def lines_of(words: Sequence[TimedWord], words_per_line: int) -> list[Line]:
    """Group words into lines: of so many words, of five seconds, up to a full stop."""
    lines: list[list[TimedWord]] = []
    room = 0.0
    for word in words:
        line = lines[-1] if lines else None
        share = _share(word.text)
        if (
            line is None
            or share > room + 0.01
            or word.end_ms - line[0].start_ms > _LINE_MS
            or line[-1].text.endswith(_FULL_STOPS)
        ):
            lines.append([word])
            room = float(words_per_line)
        else:
            line.append(word)
        room -= share
    return [tuple(line) for line in lines]


def _share(text: str) -> float:
    """Return how many of a line's words a word counts for."""
    return text_width(text) / _UNSPACED_COLUMNS if is_unspaced(text[:1] or " ") else 1.0


def base_direction(words: Sequence[TimedWord], language: str) -> bool:
    """Whether lines run from right to left: by their language, else by most of the letters."""
    known = is_right_to_left(language)
    return mostly_right_to_left(word.text for word in words) if known is None else known


def screen_order(line: Line, *, rtl: bool) -> list[TimedWord]:
    """Return the words of a line from left to right, as they stand on the screen.

    A run of words of the other direction keeps its own order. What has no letters, such as a
    number, goes with its neighbours where both are of one direction.

    Source: Unicode Standard Annex 9, rules N1, N2 and L2, for words.

    Args:
        line: in the order in which it is spoken.
        rtl: whether lines run from right to left.
    """
    own = [_direction(word.text) for word in line]
    resolved: list[bool] = []
    for number, each in enumerate(own):
        if each is None:
            before = resolved[-1] if resolved else rtl
            after = next((one for one in own[number + 1 :] if one is not None), rtl)
            each = before if before == after else rtl
        resolved.append(each)
    runs = [
        (is_rtl, [word for word, _ in members])
        for is_rtl, members in groupby(zip(line, resolved, strict=True), key=lambda pair: pair[1])
    ]
    ordered = reversed(runs) if rtl else runs
    return [
        word for is_rtl, members in ordered for word in (reversed(members) if is_rtl else members)
    ]


def _direction(text: str) -> bool | None:
    """Return whether a word runs from right to left; None where it has no letters."""
    if runs_right_to_left(text, language=False):
        return True
    return False if any(char.isalpha() for char in text) else None
