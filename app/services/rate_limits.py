"""How often each caller may ask for what costs."""

from __future__ import annotations

import math
from collections.abc import Mapping

from limits import RateLimitItem
from limits.aio.strategies import MovingWindowRateLimiter

from app.domain.errors import RateLimitedError
from app.services.moving_windows import MovingWindows
from app.settings.limits import Limited, LimitSettings, limits_in


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
