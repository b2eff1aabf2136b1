"""The stretches of a recording that are worked on, one after the other or several at a time."""

from __future__ import annotations

from bisect import bisect_right, insort

from app.domain.time import Span


class PlaybackRanges:
    """Where the stretches begin; each goes on until the next one does.

    Work on a stretch goes forward. Work on a recording may begin anywhere, go on elsewhere and
    come back, as its viewer jumps. The first stretch begins at 0, whether or not it comes first.
    """

    def __init__(self) -> None:
        self._starts = [0]

    def begin(self, start_ms: int) -> None:
        """A stretch begins here; the one that held this place ends here."""
        if self.start_of(start_ms) != start_ms:
            insort(self._starts, start_ms)

    def start_of(self, ms: int) -> int:
        """Return where the stretch begins that holds a time."""
        return self._starts[max(0, bisect_right(self._starts, ms) - 1)]

    def end_of(self, start_ms: int) -> int | None:
        """Return where a stretch ends; None for the last one."""
        after = bisect_right(self._starts, start_ms)
        return self._starts[after] if after < len(self._starts) else None


class Coverage:
    """How far the work has come in each stretch.

    What lies between the start of a stretch and the end of the last work in it counts, silence
    and all.

    Args:
        ranges: grows while the work goes on.
    """

    def __init__(self, ranges: PlaybackRanges) -> None:
        self.ranges = ranges
        self._reached: dict[int, int] = {}

    def reach(self, span: Span) -> None:
        """Work in this span is done."""
        start_ms = self.ranges.start_of(span.start_ms)
        self._reached[start_ms] = max(self._reached.get(start_ms, 0), span.end_ms)

    @property
    def total_ms(self) -> int:
        """Media time that is behind."""
        return sum(self._end_of(start_ms) - start_ms for start_ms in self._reached)

    def holds(self, ms: int) -> bool:
        """Whether the work at a time is behind."""
        start_ms = self.ranges.start_of(ms)
        return start_ms in self._reached and ms < self._end_of(start_ms)

    def _end_of(self, start_ms: int) -> int:
        end_ms = self.ranges.end_of(start_ms)
        reached_ms = self._reached[start_ms]
        return reached_ms if end_ms is None else min(reached_ms, end_ms)
