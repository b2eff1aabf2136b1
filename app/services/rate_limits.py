"""Rate limits of requests."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Mapping

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.domain.errors import RateLimitedError
from app.settings.rate_limit_settings import RateLimitGroup, RateLimitSettings, limits_in

_SWEEP_EVERY_S = 60.0


class MovingWindowStorage(MemoryStorage):
    """The library's in-memory storage with its own moving windows.

    The library's own goes through every caller's window in another thread after each request, about
    0.15 ms a caller. This one reads only the caller's window, drops expired windows at intervals,
    and uses the monotonic clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)
        self._expiries: dict[str, int] = {}
        self._swept = self.now()

    def __len__(self) -> int:
        """Number of windows in memory."""
        return len(self._times)

    @staticmethod
    def now() -> float:
        """Monotonic time in seconds."""
        return time.monotonic()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a request unless the window is full.

        Args:
            key: of the window.
            limit: most requests within it.
            expiry: its length in seconds.
            amount: weight of the request.
        """
        self._sweep()
        recent = self._recent(key, expiry)
        if len(recent) + amount > limit:
            return False
        recent.extend([self.now()] * amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the window's oldest request and the number of requests in it."""
        del limit
        recent = self._recent(key, expiry)
        return (recent[0] if recent else self.now()), len(recent)

    def _recent(self, key: str, expiry: int) -> deque[float]:
        times = self._times[key]
        self._expiries[key] = expiry
        oldest = self.now() - expiry
        while times and times[0] <= oldest:
            times.popleft()
        return times

    def _sweep(self) -> None:
        now = self.now()
        if now - self._swept < _SWEEP_EVERY_S:
            return
        self._swept = now
        for key, expiry in list(self._expiries.items()):
            last = self._times[key][-1] if self._times[key] else -math.inf
            if last <= now - expiry:
                del self._times[key], self._expiries[key]


class RateLimits:
    """Counts requests by group of routes and caller, within moving windows.

    Args:
        settings: the limit of each group.
    """

    def __init__(self, settings: RateLimitSettings) -> None:
        self._windows = MovingWindowStorage()
        self._limiter = MovingWindowRateLimiter(self._windows)
        self._enabled = settings.enabled
        self._limits: Mapping[RateLimitGroup, list[RateLimitItem]] = {
            "process": limits_in(settings.process),
            "transcribe": limits_in(settings.transcribe),
            "translate": limits_in(settings.translate),
            "subtitles": limits_in(settings.subtitles),
            "tts_speak": limits_in(settings.tts_speak),
            "uploads": limits_in(settings.uploads),
            "feedback": limits_in(settings.feedback),
        }

    async def count(self, group: RateLimitGroup, caller: str) -> None:
        """Count a request; a refused one does not count.

        Args:
            group: of the route.
            caller: any text that identifies the caller.

        Raises:
            RateLimitedError: the caller has to wait.
        """
        if not self._enabled:
            return
        for limit in self._limits[group]:
            if not await self._limiter.hit(limit, group, caller):
                stats = await self._limiter.get_window_stats(limit, group, caller)
                wait_s = stats.reset_time - self._windows.now()
                raise RateLimitedError(_description(limit), max(1, math.ceil(wait_s)))


def _description(limit: RateLimitItem) -> str:
    """Return a limit as text: ``30 requests a minute``, ``5 requests in 10 seconds``."""
    unit = limit.GRANULARITY.name
    if limit.multiples > 1:
        return f"{limit.amount} requests in {limit.multiples} {unit}s"
    return f"{limit.amount} requests {'an' if unit == 'hour' else 'a'} {unit}"
