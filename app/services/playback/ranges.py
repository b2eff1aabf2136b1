"""Ranges of a recording, each processed forward from its start."""

from __future__ import annotations

from bisect import bisect_right, insort

from app.domain.time import Span


class PlaybackRanges:
    """Starts of the ranges; each range ends where the next one starts.

    Processing of a range goes forward. Processing of a recording may begin anywhere, continue
    elsewhere and come back, as its viewer seeks. The first range starts at 0, whether or not it is
    processed first.
    """

    def __init__(self) -> None:
        self._starts = [0]

    def begin(self, start_ms: int) -> None:
        """Start a range, which ends the one that contained its start."""
        if self.start_of(start_ms) != start_ms:
            insort(self._starts, start_ms)

    def start_of(self, ms: int) -> int:
        """Return the start of the range that contains a time."""
        return self._starts[max(0, bisect_right(self._starts, ms) - 1)]

    def end_of(self, start_ms: int) -> int | None:
        """Return the end of the range that starts at a time; None for the last one."""
        after = bisect_right(self._starts, start_ms)
        return self._starts[after] if after < len(self._starts) else None


class Coverage:
    """Processed part of each range.

    All time from the start of a range to the end of the last processed span in it counts, silence
    too.

    Args:
        ranges: grows during processing.
    """

    def __init__(self, ranges: PlaybackRanges) -> None:
        self.ranges = ranges
        self._reached: dict[int, int] = {}

    def reach(self, span: Span) -> None:
        """Mark a span as processed."""
        start_ms = self.ranges.start_of(span.start_ms)
        self._reached[start_ms] = max(self._reached.get(start_ms, 0), span.end_ms)

    @property
    def total_ms(self) -> int:
        """Media time that is processed."""
        return sum(self._end_of(start_ms) - start_ms for start_ms in self._reached)

    def covers(self, ms: int) -> bool:
        """Return whether a time is processed."""
        start_ms = self.ranges.start_of(ms)
        return start_ms in self._reached and ms < self._end_of(start_ms)

    def _end_of(self, start_ms: int) -> int:
        end_ms = self.ranges.end_of(start_ms)
        reached_ms = self._reached[start_ms]
        return reached_ms if end_ms is None else min(reached_ms, end_ms)
