"""Times of words within the text of a cue."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.cue import Cue
from app.domain.style import InlineStyle, ink_length
from app.domain.transcript import Segment, Word

_EARLIEST_MS = 500
"""A cue's first word may begin so much before it: cues begin on time, words of speech that was
not aligned may not."""

_TRIED = 8
"""Words around the cue's begin that its text may begin with."""


@dataclass(frozen=True, slots=True)
class TimedInk:
    """When a part of a text is spoken.

    Attributes:
        start: ink offset of its first character; see `app.domain.style`.
        end: ink offset one past its last.
        start_ms: when it begins.
        end_ms: when it ends; not before it begins.
    """

    start: int
    end: int
    start_ms: int
    end_ms: int


Words = tuple[TimedInk, ...]
"""Timed parts of one text, in order and never overlapping."""


def words_of_cues(cues: Sequence[Cue], segments: Sequence[Segment]) -> Mapping[int, Words]:
    """Return the times of the words of cues' texts as they were spoken, by the cues' ids.

    A cue has them where its text is exactly that of consecutive words; others are left out.

    Args:
        cues: in any order.
        segments: what was transcribed, with the words' times.
    """
    words = sorted(
        (word for segment in segments for word in segment.words if word.text.strip()),
        key=lambda word: word.span.start_ms,
    )
    inks = ["".join(word.text.split()) for word in words]
    starts = [word.span.start_ms for word in words]
    found: dict[int, Words] = {}
    following = 0
    for cue in sorted(cues, key=lambda cue: cue.span):
        near = bisect_left(starts, cue.span.start_ms - _EARLIEST_MS)
        for first in (following, *range(near, near + _TRIED)):
            last = _match(inks, first, "".join(cue.text.split()))
            if last is not None and _beside(words, first, cue):
                found[cue.id] = timed_inks(words[first:last])
                following = last
                break
    return found


def _match(inks: Sequence[str], first: int, text: str) -> int | None:
    """Return the index one past the last of the words that make up a text from the first on."""
    place, index = 0, first
    while place < len(text) and index < len(inks) and text.startswith(inks[index], place):
        place += len(inks[index])
        index += 1
    return index if text and place == len(text) else None


def _beside(words: Sequence[Word], first: int, cue: Cue) -> bool:
    start_ms = words[first].span.start_ms
    return cue.span.start_ms - _EARLIEST_MS <= start_ms < cue.span.end_ms


def timed_inks(words: Sequence[Word]) -> Words:
    """Return where words stand in the text that they make up, with their times."""
    timed: list[TimedInk] = []
    end = 0
    for word in words:
        start, end = end, end + ink_length(word.text)
        timed.append(TimedInk(start, end, word.span.start_ms, word.span.end_ms))
    return tuple(timed)


def lines_with_words(
    lines: Sequence[Sequence[tuple[str, InlineStyle]]], words: Words
) -> Iterator[list[tuple[str, InlineStyle, TimedInk | None]]]:
    """Yield lines, cut where a word begins; a piece has the word that begins with it."""
    by_start = {word.start: word for word in words}
    offset = 0
    for line in lines:
        pieces: list[tuple[str, InlineStyle, TimedInk | None]] = []
        for text, style in line:
            pieces += _cut(text, style, offset, by_start)
            offset += ink_length(text)
        yield pieces


def _cut(
    text: str, style: InlineStyle, offset: int, words: Mapping[int, TimedInk]
) -> Iterator[tuple[str, InlineStyle, TimedInk | None]]:
    begin, word = 0, None
    for place, char in enumerate(text):
        if char.isspace():
            continue
        if (next_word := words.get(offset)) is not None:
            if place > begin:
                yield text[begin:place], style, word
            begin, word = place, next_word
        offset += 1
    if begin < len(text):
        yield text[begin:], style, word
