"""Limiter of concurrent requests to one provider."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiolimiter import AsyncLimiter

_BURST_SHARE = 10
"""A tenth of a minute's requests may go at once, so that the first batches do not wait."""


@dataclass(slots=True)
class RequestSlot:
    """The place of one request among those in flight.

    Attributes:
        era: number of halvings of the limit when the request began.
    """

    epoch: int


class AdaptiveLimiter:
    """Limit of the requests in flight to one provider, of all jobs together.

    The limit is halved when the provider throttles us and grows by one for as many successes as
    it counts, up to the maximum. Requests that were in flight when it was halved do not halve it
    again.

    Source: additive increase, multiplicative decrease, as RFC 5681 section 3.1 has it for TCP.

    Args:
        most: requests at a time.
        rpm: requests per minute; None for no limit.
    """

    def __init__(self, most: int, rpm: float | None = None) -> None:
        self._most = most
        self._limit = float(most)
        self._busy = 0
        self._epoch = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._rpm = rpm
        self._rate_limiter: AsyncLimiter | None = None

    @property
    def limit(self) -> int:
        """Requests at a time under the current limit."""
        return max(1, int(self._limit))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[RequestSlot]:
        """Wait for a place; the block is the request."""
        await self._enter()
        try:
            if self._rpm is not None:
                if self._rate_limiter is None:
                    burst = max(1.0, self._rpm / _BURST_SHARE)
                    self._rate_limiter = AsyncLimiter(burst, 60.0 * burst / self._rpm)
                await self._rate_limiter.acquire()
            yield RequestSlot(self._epoch)
        finally:
            self._leave()

    def throttled(self, slot: RequestSlot) -> None:
        """Halve the limit: the provider throttled this request."""
        if slot.epoch == self._epoch:
            self._epoch += 1
            self._limit = max(1.0, self._limit / 2)

    def succeeded(self) -> None:
        """Raise the limit: the provider answered a request."""
        self._limit = min(float(self._most), self._limit + 1.0 / self._limit)
        self._wake()

    async def _enter(self) -> None:
        if not self._waiting and self._busy < self.limit:
            self._busy += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        self._busy -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._busy < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._busy += 1
                turn.set_result(None)
