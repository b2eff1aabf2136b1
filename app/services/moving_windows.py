"""The moments of recent requests, kept in memory."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque

from limits.aio.storage import MemoryStorage

_SWEEP_EVERY_S = 60.0


class MovingWindows(MemoryStorage):
    """The library's storage in memory with moving windows of its own.

    The library's looks through every caller's window in another thread after each request, about
    0.15 ms a caller. This one looks at the asker's alone, drops the forgotten ones now and then,
    and keeps to a clock that nobody sets.
    """

    def __init__(self) -> None:
        super().__init__()
        self._moments: defaultdict[str, deque[float]] = defaultdict(deque)
        self._expiries: dict[str, int] = {}
        self._swept = self.now()

    def __len__(self) -> int:
        """How many windows are kept."""
        return len(self._moments)

    @staticmethod
    def now() -> float:
        """Seconds on the clock of the windows."""
        return time.monotonic()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a request unless the window is full.

        Args:
            key: whose window.
            limit: requests that fit into it.
            expiry: its length in seconds.
            amount: how much the request counts.
        """
        self._sweep()
        recent = self._recent(key, expiry)
        if len(recent) + amount > limit:
            return False
        recent.extend([self.now()] * amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the window's oldest request was, and how many there are in it."""
        del limit
        recent = self._recent(key, expiry)
        return (recent[0] if recent else self.now()), len(recent)

    def _recent(self, key: str, expiry: int) -> deque[float]:
        moments = self._moments[key]
        self._expiries[key] = expiry
        oldest = self.now() - expiry
        while moments and moments[0] <= oldest:
            moments.popleft()
        return moments

    def _sweep(self) -> None:
        now = self.now()
        if now - self._swept < _SWEEP_EVERY_S:
            return
        self._swept = now
        for key, expiry in list(self._expiries.items()):
            last = self._moments[key][-1] if self._moments[key] else -math.inf
            if last <= now - expiry:
                del self._moments[key], self._expiries[key]
