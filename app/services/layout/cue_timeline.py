"""Timeline of cues whose speech is transcribed out of order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.services.layout.timing import MIN_CUE_MS, TimeWindow
from app.services.playback.ranges import PlaybackRanges


@dataclass(slots=True)
class _UsedRange:
    """Time from the first to the last cue of a playback range."""

    from_ms: int
    until_ms: int


class CueTimeline:
    """Keeps cues from overlapping those that exist already.

    Within a playback range cues follow one another. The first cue of a range is at its words'
    time, so preceding speech has to end before it, even if it is transcribed later.

    Args:
        ranges: playback ranges, at whose starts segments are no longer in order.
        profile: limits of time.
    """

    def __init__(self, ranges: PlaybackRanges, profile: ReadingProfile) -> None:
        self._ranges = ranges
        self._profile = profile
        self._used: dict[int, _UsedRange] = {}

    def window(self, spoken: Span, until_ms: int) -> TimeWindow:
        """Return the screen time that the next segment of a playback range may use.

        Args:
            spoken: the segment's span.
            until_ms: earliest start of the next speech.
        """
        range_start = self._ranges.start_of(spoken.start_ms)
        next_ms = self._next_ms(range_start)
        return TimeWindow(
            self._free_ms(range_start), until_ms if next_ms is None else min(until_ms, next_ms)
        )

    def add(self, spans: Sequence[Span], spoken: Span) -> list[Span]:
        """Add the cues of a segment that were laid out in its window.

        Args:
            spans: their times; sorted, at least ``min_gap_ms`` apart, none before the window.
            spoken: the segment's span.

        Returns:
            One span for each cue, where it finds its place: sorted, none empty, at least
            ``min_gap_ms`` from each other and from all spans that were given before.
        """
        range_start = self._ranges.start_of(spoken.start_ms)
        next_ms = self._next_ms(range_start)
        placed = list(spans)
        if next_ms is not None and placed:
            free_ms = self._free_ms(range_start)
            placed = self._moved_before(next_ms, placed, free_ms) or self._in_free_gap(
                len(placed), spoken
            )
        self._mark_used(range_start, placed)
        return placed

    def _free_ms(self, range_start: int) -> int:
        """Return when the last cue of a range, or of those before it, has ended."""
        ends = [used.until_ms for start, used in self._used.items() if start <= range_start]
        return max(ends) + self._profile.min_gap_ms if ends else 0

    def _next_ms(self, range_start: int) -> int | None:
        """Return the start of the first cue in the ranges after one."""
        starts = [used.from_ms for start, used in self._used.items() if start > range_start]
        return min(starts, default=None)

    def _moved_before(self, next_ms: int, spans: Sequence[Span], from_ms: int) -> list[Span]:
        """Move spans back as far as they reach into later cues; empty where that is impossible."""
        moved: list[Span] = []
        limit_ms = next_ms - self._profile.min_gap_ms
        for span in reversed(spans):
            end_ms = min(span.end_ms, limit_ms)
            start_ms = min(span.start_ms, end_ms - MIN_CUE_MS)
            if start_ms < from_ms:
                # It may have been shorter than MIN_CUE_MS from the beginning.
                start_ms = max(from_ms, min(span.start_ms, end_ms - 1))
            if start_ms >= end_ms:
                return []
            moved.append(Span(start_ms, end_ms))
            limit_ms = start_ms - self._profile.min_gap_ms
        return moved[::-1]

    def _in_free_gap(self, count: int, spoken: Span) -> list[Span]:
        """Place cues with wrong word times in the next free gap, late rather than never."""
        need_ms = count * (MIN_CUE_MS + self._profile.min_gap_ms)
        free_ms = spoken.start_ms
        for used in sorted(self._used.values(), key=lambda used: used.from_ms):
            if free_ms + need_ms <= used.from_ms:
                break
            free_ms = max(free_ms, used.until_ms + self._profile.min_gap_ms)
        step_ms = MIN_CUE_MS + self._profile.min_gap_ms
        return [
            Span(free_ms + number * step_ms, free_ms + number * step_ms + MIN_CUE_MS)
            for number in range(count)
        ]

    def _mark_used(self, range_start: int, spans: Sequence[Span]) -> None:
        if not spans:
            return
        start_ms, end_ms = spans[0].start_ms, spans[-1].end_ms
        used = self._used.setdefault(range_start, _UsedRange(start_ms, end_ms))
        used.from_ms = min(used.from_ms, start_ms)
        used.until_ms = max(used.until_ms, end_ms)
