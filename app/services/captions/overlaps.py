"""Spans of time that are shown beside each other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

TimePair = tuple[int, int]
"""Begin and end in milliseconds."""

_LEAST_SPANS = 2
_SLOPPY_MS = 200
"""Time by which captions that follow one another overlap by careless timing."""

_PARALLEL_SHARE = 0.6
"""Share of each of two tracks that runs beside the other where they hold the same text twice. Two
people who interrupt each other share a tenth of their time."""


class ShownTimes:
    """Times in which something is shown.

    Args:
        spans: in any order.
    """

    def __init__(self, spans: Sequence[TimePair]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._ends = list(accumulate((end for _, end in ordered), max))

    def overlap(self, start_ms: int, end_ms: int) -> bool:
        """Whether anything is shown in a span."""
        before = bisect_left(self._starts, end_ms)
        return before > 0 and self._ends[before - 1] > start_ms


def inner(start_ms: int, end_ms: int) -> TimePair:
    """Return a span without the tolerance at its edges within which neighbours may overlap."""
    edge_ms = min(_SLOPPY_MS, (end_ms - start_ms) // 4)
    return start_ms + edge_ms, end_ms - edge_ms


def are_parallel(one: Sequence[TimePair], other: Sequence[TimePair]) -> bool:
    """Whether two tracks run beside each other from beginning to end."""
    return all(
        len(spans) >= _LEAST_SPANS
        and sum(shown.overlap(*core(span)) for span in spans) >= _PARALLEL_SHARE * len(spans)
        for spans, shown in ((one, ShownTimes(other)), (other, ShownTimes(one)))
    )


def core(span: TimePair) -> TimePair:
    """Return the middle half of a span: neighbours that touch do not overlap there."""
    quarter = (span[1] - span[0]) // 4
    return span[0] + quarter, max(span[0] + quarter + 1, span[1] - quarter)
