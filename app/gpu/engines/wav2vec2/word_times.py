"""Times of words from the frames of their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span
from app.domain.transcript import Segment, Word

if TYPE_CHECKING:
    from app.gpu.engines.wav2vec2.forced_alignment import LabelFrames

_LEAST_MS = 20
"""One frame: least duration of a word where there is room."""


@dataclass(frozen=True, slots=True)
class WordTimes:
    """Times of the words of one window; not all words have some.

    Attributes:
        starts_ms: not a number where a word has no label; shape ``(words,)``.
        ends_ms: likewise.
    """

    starts_ms: NDArray[np.float64]
    ends_ms: NDArray[np.float64]

    @classmethod
    def of(
        cls, frames: LabelFrames, owners: NDArray[np.int64], words: int, window: Span
    ) -> WordTimes:
        """Join the labels of each word.

        Source: whisperx alignment.py: a word lasts from the start of its first label to the end
        of its last, and the frames divide the audio's length evenly.
        """
        frame_ms = window.duration_ms / frames.frames
        spoken = owners >= 0
        mine = owners[spoken]
        counts = np.bincount(mine, minlength=words)
        present = counts > 0
        first = np.searchsorted(mine, np.arange(words))[present]
        last = first + counts[present] - 1
        starts, ends = np.full(words, np.nan), np.full(words, np.nan)
        starts[present] = window.start_ms + frames.starts[spoken][first] * frame_ms
        ends[present] = window.start_ms + frames.ends[spoken][last] * frame_ms
        return cls(starts, ends)


def with_times(segments: Sequence[Segment], times: WordTimes, window: Span) -> tuple[Segment, ...]:
    """Return segments with aligned words; all else stays as it is.

    A word without labels (a dash) gets a place between its neighbours; the times of a segment
    without any stay as far as its neighbours leave room. The transcriber's confidence stays too: it
    says whether the word is right, which forced alignment takes for granted.

    Args:
        segments: each with words.
        times: of all their words, in order.
        window: bounds of all words.
    """
    words = [word for segment in segments for word in segment.words]
    owners = np.repeat(np.arange(len(segments)), [len(segment.words) for segment in segments])
    starts, ends = _filled(words, owners, times, window)
    spans = _in_order(starts, ends, window)
    made = [replace(word, span=span) for word, span in zip(words, spans, strict=True)]
    return _regrouped(segments, made)


def _filled(
    words: Sequence[Word], owners: NDArray[np.int64], times: WordTimes, window: Span
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give every word without labels a place between those that have some."""
    starts, ends = times.starts_ms.copy(), times.ends_ms.copy()
    missing = np.isnan(starts)
    known = np.flatnonzero(~missing)
    for first, last in _runs(missing, owners):
        after = known[np.searchsorted(known, first)] if known.size and known[-1] > first else None
        low = ends[first - 1] if first else float(window.start_ms)
        high = starts[after] if after is not None else float(window.end_ms)
        run = slice(first, last + 1)
        rough = np.array([(w.span.start_ms, w.span.end_ms) for w in words[run]], np.float64)
        before_mine = first > 0 and owners[first - 1] == owners[first]
        after_mine = last + 1 < len(words) and owners[last + 1] == owners[last]
        if before_mine and after_mine:
            edges = np.linspace(low, max(low, high), len(rough) + 1)
            starts[run], ends[run] = edges[:-1], edges[1:]
            continue
        if before_mine:
            rough += low - rough[0, 0]
        elif after_mine:
            rough += high - rough[-1, 1]
        clipped = np.clip(rough, low, max(low, high))
        starts[run], ends[run] = clipped[:, 0], clipped[:, 1]
    return starts, ends


def _runs(missing: NDArray[np.bool_], owners: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return first and last index of each run of words without labels inside a segment."""
    places = np.flatnonzero(missing)
    if not places.size:
        return []
    broken = (np.diff(places) > 1) | (np.diff(owners[places]) > 0)
    firsts = np.append(places[0], places[1:][broken])
    lasts = np.append(places[:-1][broken], places[-1])
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _in_order(starts: NDArray[np.float64], ends: NDArray[np.float64], window: Span) -> list[Span]:
    """Place words in the window: in order, not overlapping, a frame long where there is room."""
    spans: list[Span] = []
    earliest = window.start_ms
    for start, end in zip(starts.round().astype(int), ends.round().astype(int), strict=True):
        from_ms = min(max(int(start), earliest), window.end_ms)
        to_ms = min(max(int(end), from_ms + _LEAST_MS), window.end_ms)
        spans.append(Span(from_ms, to_ms))
        earliest = to_ms
    return spans


def _regrouped(segments: Sequence[Segment], words: Sequence[Word]) -> tuple[Segment, ...]:
    made: list[Segment] = []
    place = 0
    for segment in segments:
        mine = tuple(words[place : place + len(segment.words)])
        place += len(mine)
        span = Span(mine[0].span.start_ms, mine[-1].span.end_ms)
        # Speech that now begins earlier, or ends later, leaves less room.
        limit = words[place].span.start_ms if place < len(words) else segment.clear_until_ms
        clear_ms = max(span.end_ms, min(segment.clear_until_ms, limit))
        made.append(replace(segment, words=mine, span=span, clear_until_ms=clear_ms))
    return tuple(made)
