"""How much sound a device can compute at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

RECOVERY_BATCHES = 50
"""Good batches after which one more window is tried."""

_RESERVE = 0.05
"""Share of the free memory that is left alone: other engines work at the same time."""

_LOOK_S = 1.0
"""Asking the driver takes about a millisecond."""

FreeBytes = Callable[[], int | None]


class MemoryGauge:
    """Limits a batch, in padded seconds, by what memory allowed so far.

    Two things are learned. Running out of memory sets a ceiling at half of what was tried; it
    rises by one window for every `RECOVERY_BATCHES` good batches, until it limits nothing. And a
    batch larger than any before shows what a further second costs: engines keep the memory that
    they have taken, so what was once computed fits again, and more than that must fit into what
    is free.

    Args:
        free_bytes: asks the device; None where it has no memory of its own.
        clock: monotonic seconds.

    Attributes:
        ceiling_s: what running out of memory has taught; None when nothing.
        bytes_per_s: what a padded second costs; 0 while unknown.
        largest_s: the largest batch so far.
    """

    def __init__(
        self, free_bytes: FreeBytes | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free_bytes = free_bytes
        self._clock = clock
        self._lock = threading.RLock()
        self._free: int | None = None
        self._looked_s = float("-inf")
        self._good = 0
        self._widest_s = 0.0
        self._refused_s = 0.0
        self.ceiling_s: float | None = None
        self.bytes_per_s = 0.0
        self.largest_s = 0.0

    def limit_s(self) -> float:
        """Return how many padded seconds the next batch may have; infinite when unknown.

        A single window is always tried, whatever this says.
        """
        ceiling = self.ceiling_s
        learned = float("inf") if ceiling is None else ceiling
        if not self.bytes_per_s:
            return learned
        with self._lock:
            free = self._look()
            if free is None:
                return learned
            return min(learned, self.largest_s + free * (1 - _RESERVE) / self.bytes_per_s)

    def before(self, padded_s: float) -> None:
        """A batch is about to run."""
        with self._lock:
            if padded_s > self.largest_s:
                self._look(now=True)

    def went_well(self, padded_s: float, widest_s: float) -> None:
        """A batch fitted.

        Args:
            padded_s: all of it.
            widest_s: its longest window.
        """
        with self._lock:
            self._widest_s = max(self._widest_s, widest_s)
            if padded_s > self.largest_s:
                self._learn(padded_s)
            if self.ceiling_s is not None:
                self._recover(self.ceiling_s)

    def ran_out(self, padded_s: float) -> None:
        """A batch did not fit."""
        with self._lock:
            self._good = 0
            half_s = padded_s / 2
            self.ceiling_s = half_s if self.ceiling_s is None else min(self.ceiling_s, half_s)
            self._refused_s = max(self._refused_s, padded_s)
            self.largest_s = min(self.largest_s, half_s)

    def _recover(self, ceiling_s: float) -> None:
        self._good += 1
        if self._good >= RECOVERY_BATCHES:
            self._good = 0
            risen_s = ceiling_s + self._widest_s
            self.ceiling_s = risen_s if risen_s <= self._refused_s else None

    def _learn(self, padded_s: float) -> None:
        before = self._free
        after = self._look(now=True)
        if before is not None and after is not None and before > after:
            cost = (before - after) / (padded_s - self.largest_s)
            # Another engine may have taken memory meanwhile: one look is not the whole truth.
            self.bytes_per_s = (self.bytes_per_s + cost) / 2 if self.bytes_per_s else cost
        self.largest_s = padded_s

    def _look(self, *, now: bool = False) -> int | None:
        if self._free_bytes is None:
            return None
        if now or self._clock() - self._looked_s >= _LOOK_S:
            self._free = self._free_bytes()
            self._looked_s = self._clock()
        return self._free
