"""How many requests one provider gets at a time, and how often."""

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
class AdaptiveLimiter:
    """One request's place.

    Attributes:
        era: of the limit when the request began.
    """

    era: int


class AdaptiveLimiters:
    """Requests in flight to one provider, of all jobs together.

    The limit is halved when the provider asks for patience and grows by one for as many
    successes as it counts, back to the most that is allowed. Requests that were under way when
    it was halved tell nothing new, so they do not halve it again.

    Source: additive increase, multiplicative decrease, as RFC 5681 section 3.1 has it for TCP.

    Args:
        most: requests at a time.
        rpm: requests in a minute; None for any number.
    """

    def __init__(self, most: int, rpm: float | None = None) -> None:
        self._most = most
        self._limit = float(most)
        self._busy = 0
        self._era = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._rpm = rpm
        self._pace: AsyncLimiter | None = None

    @property
    def limit(self) -> int:
        """Requests at a time as of now."""
        return max(1, int(self._limit))

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[AdaptiveLimiter]:
        """Wait for a place; the block is the request."""
        await self._enter()
        try:
            if self._rpm is not None:
                if self._pace is None:
                    burst = max(1.0, self._rpm / _BURST_SHARE)
                    self._pace = AsyncLimiter(burst, 60.0 * burst / self._rpm)
                await self._pace.acquire()
            yield AdaptiveLimiter(self._era)
        finally:
            self._leave()

    def crowded(self, lane: AdaptiveLimiter) -> None:
        """The provider has asked this request for patience."""
        if lane.era == self._era:
            self._era += 1
            self._limit = max(1.0, self._limit / 2)

    def succeeded(self) -> None:
        """The provider has answered a request."""
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
