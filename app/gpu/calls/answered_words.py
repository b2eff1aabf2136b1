"""Words of a server's answer: its text, with the times that the answer gives.

Servers write a text and, apart from it, words with times; those of OpenAI have no punctuation, some
write numbers otherwise, many give no words at all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from app.domain.time import Span
from app.domain.transcript import Word

_MOST_COMPARED = 2_000
"""Words of one window that are compared; there are never so many in 30 s."""


@dataclass(frozen=True, slots=True)
class TimedText:
    """A word as a server times it."""

    text: str
    span: Span
    confidence: float = 1.0


def written_words(text: str) -> list[tuple[str, bool]]:
    """Return the words of a text, each with whether no space comes before it.

    In scripts that write no spaces each character counts as a word, its punctuation with it.
    """
    words: list[tuple[str, bool]] = []
    for chunk in text.split():
        glued = False
        for piece in _pieces(chunk):
            words.append((piece, glued))
            glued = True
    return words


def _pieces(chunk: str) -> list[str]:
    if not any(map(_is_wide, chunk)):
        return [chunk]
    pieces: list[str] = []
    joins = False
    for char in chunk:
        # Letters of other scripts stay together, and a mark belongs to what it follows.
        if pieces and (joins or not char.isalnum()) and not _is_wide_letter(char):
            pieces[-1] += char
        else:
            pieces.append(char)
        joins = char.isalnum() and not _is_wide(char)
    return pieces


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" and not "\uac00" <= char <= "\ud7a3"


def _is_wide_letter(char: str) -> bool:
    return _is_wide(char) and char.isalnum()


def spread(text: str, span: Span, confidence: float = 1.0) -> tuple[Word, ...]:
    """Return the words of a text with times in proportion to their lengths."""
    written = written_words(text)
    edges = list(accumulate((len(piece) for piece, _ in written), initial=0))
    times = [span.start_ms + span.duration_ms * edge // max(1, edges[-1]) for edge in edges]
    return tuple(
        Word(piece, Span(start, end), confidence, glued=glued)
        for (piece, glued), (start, end) in zip(written, pairwise(times), strict=True)
    )


def timed(text: str, span: Span, times: Sequence[TimedText], confidence: float) -> tuple[Word, ...]:
    """Return the words of a text with the times that a server gave.

    Args:
        text: of one segment, with punctuation.
        span: of the segment; words without a time of their own share what is left of it.
        times: of the segment's words, in order, in any spelling.
        confidence: of words without one.
    """
    written = written_words(text)
    found = _matches([_key(piece) for piece, _ in written], [_key(each.text) for each in times])
    words = spread(text, span, confidence)
    spans: list[Span | None] = [None] * len(written)
    sure = [confidence] * len(written)
    for place, (first, last) in found.items():
        spans[place] = Span(
            times[first].span.start_ms, max(times[first].span.start_ms, times[last].span.end_ms)
        )
        sure[place] = times[first].confidence
    whole = _filled(spans, [word.span for word in words], span)
    return tuple(
        Word(word.text, at, level, glued=word.glued)
        for word, at, level in zip(words, whole, sure, strict=True)
    )


def _matches(written: Sequence[str], timed_keys: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Return for places of written words the first and last timed word that they are."""
    if "".join(written) == "".join(timed_keys):
        return _by_letters(written, timed_keys)
    if max(len(written), len(timed_keys)) > _MOST_COMPARED:
        return {}
    matcher = SequenceMatcher(None, written, timed_keys, autojunk=False)
    return {
        block.a + offset: (block.b + offset, block.b + offset)
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
        if written[block.a + offset]
    }


def _by_letters(written: Sequence[str], timed_keys: Sequence[str]) -> dict[int, tuple[int, int]]:
    """Match words that have the same letters in all, wherever their borders are."""
    owners = [place for place, key in enumerate(timed_keys) for _ in key]
    found: dict[int, tuple[int, int]] = {}
    at = 0
    for place, key in enumerate(written):
        if key:
            found[place] = owners[at], owners[at + len(key) - 1]
            at += len(key)
    return found


def _key(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def _filled(spans: Sequence[Span | None], rough: Sequence[Span], whole: Span) -> list[Span]:
    """Return spans in which words without a time share the gap that they stand in."""
    limits = [whole.end_ms] * len(spans)
    for place in range(len(spans) - 2, -1, -1):
        later = spans[place + 1]
        limits[place] = limits[place + 1] if later is None else later.start_ms
    filled: list[Span] = []
    for span, guess, limit in zip(spans, rough, limits, strict=True):
        if span is not None:
            filled.append(span)
            continue
        before = filled[-1].end_ms if filled else whole.start_ms
        after = max(before, limit)
        start = min(max(guess.start_ms, before), after)
        filled.append(Span(start, min(max(guess.end_ms, start), after)))
    return filled
