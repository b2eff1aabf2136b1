"""How often each caller may ask for what costs."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Mapping

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.domain.errors import RateLimitedError
from app.settings.rate_limit_settings import Limited, LimitSettings, limits_in

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


class RateLimits:
    """Counts requests by group of routes and caller, within windows that move.

    Args:
        settings: the limit of each group.
    """

    def __init__(self, settings: LimitSettings) -> None:
        self._windows = MovingWindows()
        self._limiter = MovingWindowRateLimiter(self._windows)
        self._enabled = settings.enabled
        self._limits: Mapping[Limited, list[RateLimitItem]] = {
            "process": limits_in(settings.process),
            "transcribe": limits_in(settings.transcribe),
            "translate": limits_in(settings.translate),
            "subtitles": limits_in(settings.subtitles),
            "tts_speak": limits_in(settings.tts_speak),
            "uploads": limits_in(settings.uploads),
            "feedback": limits_in(settings.feedback),
        }

    async def count(self, group: Limited, caller: str) -> None:
        """Count a request; one that is refused does not count.

        Args:
            group: of the route.
            caller: who asks, in any words that tell callers apart.

        Raises:
            RateLimitedError: the caller has to wait.
        """
        if not self._enabled:
            return
        for limit in self._limits[group]:
            if not await self._limiter.hit(limit, group, caller):
                stats = await self._limiter.get_window_stats(limit, group, caller)
                wait_s = stats.reset_time - self._windows.now()
                raise RateLimitedError(_said(limit), max(1, math.ceil(wait_s)))


def _said(limit: RateLimitItem) -> str:
    """Return a limit in words: ``30 requests a minute``, ``5 requests in 10 seconds``."""
    unit = limit.GRANULARITY.name
    if limit.multiples > 1:
        return f"{limit.amount} requests in {limit.multiples} {unit}s"
    return f"{limit.amount} requests {'an' if unit == 'hour' else 'a'} {unit}"
