"""How full batches were."""

from __future__ import annotations

import threading
from bisect import bisect_left
from dataclasses import dataclass

FILL_BOUNDS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
PADDING_BOUNDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Shape:
    """How the values of a share lie.

    Attributes:
        bounds: upper ends of the bands; the last band has none.
        counts: values in each band, one more than bounds.
        total: sum of the values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def mean(self) -> float | None:
        """Mean of the values; None where there are none."""
        count = sum(self.counts)
        return self.total / count if count else None


class Tally:
    """Counts shares between 0 and 1 in bands; any thread may add and read."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._lock = threading.Lock()
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, share: float) -> None:
        """Count a value."""
        with self._lock:
            self._counts[bisect_left(self._bounds, share)] += 1
            self._total += share

    @property
    def shape(self) -> Shape:
        """What was counted so far."""
        with self._lock:
            return Shape(self._bounds, tuple(self._counts), self._total)
