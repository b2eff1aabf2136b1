"""Memory limit of a batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

RECOVERY_BATCHES = 50
"""Successful batches after which one more window is tried."""

_RESERVE = 0.05
"""Share of the free memory that is left alone: other engines work at the same time."""

_READ_INTERVAL_S = 1.0
"""Asking the driver takes about a millisecond."""

FreeBytes = Callable[[], int | None]


class MemoryGauge:
    """Limits a batch, in padded seconds, by what memory allowed so far.

    Two things are learned. Running out of memory sets a ceiling at half of what was tried; it
    rises by one window for every `RECOVERY_BATCHES` successful batches, until it limits nothing.
    And a batch larger than any before shows what a further second costs: engines do not return
    the memory that they have taken, so what was once computed fits again, and more than that must
    fit into what is free.

    Args:
        free_bytes: asks the device; None where it has no memory of its own.
        clock: monotonic seconds.

    Attributes:
        ceiling_s: limit learned by running out of memory; None for no limit.
        bytes_per_s: cost of a padded second; 0 while unknown.
        largest_s: the largest batch so far.
    """

    def __init__(
        self, free_bytes: FreeBytes | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free_bytes = free_bytes
        self._clock = clock
        self._lock = threading.RLock()
        self._free: int | None = None
        self._read_at_s = float("-inf")
        self._successes = 0
        self._longest_window_s = 0.0
        self._refused_s = 0.0
        self.ceiling_s: float | None = None
        self.bytes_per_s = 0.0
        self.largest_s = 0.0

    def limit_s(self) -> float:
        """Return how many padded seconds the next batch may have; infinite when unknown.

        A single window is always tried, whatever the limit.
        """
        ceiling = self.ceiling_s
        learned = float("inf") if ceiling is None else ceiling
        if not self.bytes_per_s:
            return learned
        with self._lock:
            free = self._read_free_bytes()
            if free is None:
                return learned
            return min(learned, self.largest_s + free * (1 - _RESERVE) / self.bytes_per_s)

    def before_batch(self, padded_s: float) -> None:
        """Read the free memory if a batch is about to run that is larger than any before."""
        with self._lock:
            if padded_s > self.largest_s:
                self._read_free_bytes(now=True)

    def record_success(self, padded_s: float, longest_s: float) -> None:
        """Learn from a batch that fitted.

        Args:
            padded_s: duration of all its windows.
            longest_s: duration of its longest window.
        """
        with self._lock:
            self._longest_window_s = max(self._longest_window_s, longest_s)
            if padded_s > self.largest_s:
                self._learn_cost(padded_s)
            if self.ceiling_s is not None:
                self._recover(self.ceiling_s)

    def record_out_of_memory(self, padded_s: float) -> None:
        """Learn from a batch that did not fit."""
        with self._lock:
            self._successes = 0
            half_s = padded_s / 2
            self.ceiling_s = half_s if self.ceiling_s is None else min(self.ceiling_s, half_s)
            self._refused_s = max(self._refused_s, padded_s)
            self.largest_s = min(self.largest_s, half_s)

    def _recover(self, ceiling_s: float) -> None:
        self._successes += 1
        if self._successes >= RECOVERY_BATCHES:
            self._successes = 0
            risen_s = ceiling_s + self._longest_window_s
            self.ceiling_s = risen_s if risen_s <= self._refused_s else None

    def _learn_cost(self, padded_s: float) -> None:
        before = self._free
        after = self._read_free_bytes(now=True)
        if before is not None and after is not None and before > after:
            cost = (before - after) / (padded_s - self.largest_s)
            # Another engine may have taken memory meanwhile: averaging evens that out.
            self.bytes_per_s = (self.bytes_per_s + cost) / 2 if self.bytes_per_s else cost
        self.largest_s = padded_s

    def _read_free_bytes(self, *, now: bool = False) -> int | None:
        if self._free_bytes is None:
            return None
        if now or self._clock() - self._read_at_s >= _READ_INTERVAL_S:
            self._free = self._free_bytes()
            self._read_at_s = self._clock()
        return self._free
