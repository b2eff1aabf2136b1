"""Limiter of concurrent requests to one provider."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiolimiter import AsyncLimiter

_BURST_SHARE = 10
"""A tenth of a minute's requests may go at once, so that the first batches do not wait."""


_GROWS_BELOW = 0.5
_SHRINKS_ABOVE = 0.75
"""Bounds of the surplus requests in flight. A queue of one request is a surplus of one; a server
that gets 1.3 times as much done with two requests as with one has a surplus of 0.7 then."""

_LEARNING_RATE = 0.25
"""Weight of the latest request in averages: requests that begin together do not wait alike."""


@dataclass(slots=True)
class RequestSlot:
    """The place of one request among those in flight.

    Attributes:
        epoch: number of halvings of the limit when the request began.
        began_s: when it was sent.
        load: integral of the requests in flight over time until then.
        first_s: when the answer began; None as long as it has not.
        chars: length of the answer so far.
    """

    epoch: int
    began_s: float
    load: float
    first_s: float | None = None
    chars: int = 0

    def wrote(self, piece: str, now_s: float) -> None:
        """Record a piece of the answer."""
        if self.first_s is None:
            self.first_s = now_s
        self.chars += len(piece)


@dataclass(slots=True)
class _Solo:
    """What a request takes that is alone: seconds to its first piece, seconds a character."""

    first_s: float | None = None
    char_s: float = 0.0

    def learn(self, first_s: float, char_s: float) -> None:
        if self.first_s is None:
            self.first_s, self.char_s = first_s, char_s
        self.first_s += _LEARNING_RATE * (first_s - self.first_s)
        self.char_s += _LEARNING_RATE * (char_s - self.char_s)


class AdaptiveLimiter:
    """Limit of the requests in flight to one provider, of all jobs together.

    The limit is halved when the provider throttles us and grows by one for as many successes as
    it counts, up to the maximum. Requests that were in flight when it was halved do not halve it
    again. A limit that ``grows`` begins at one and follows what concurrency brings: of the
    requests in flight while one was answered, those are surplus that did not make the server get
    more done than with that one alone, because they waited in its queue or slowed one another. With
    a small surplus the limit grows, with a large one it shrinks by as much.

    Source: additive increase, multiplicative decrease, as RFC 5681 section 3.1 has it for TCP. The
    surplus is the "diff" of TCP Vegas: Brakmo and Peterson, "TCP Vegas: end to end congestion
    avoidance on a global Internet", IEEE JSAC 13(8), 1995. Growth needs requests that use the
    limit: RFC 7661.

    Args:
        most: requests at a time.
        rpm: requests per minute; None for no limit.
        grows: whether to begin with one request at a time.
        clock_s: returns the time; the event loop's unless given.
    """

    def __init__(
        self,
        most: int,
        rpm: float | None = None,
        *,
        grows: bool = False,
        clock_s: Callable[[], float] | None = None,
    ) -> None:
        self._most = most
        self._grows = grows
        self._limit = 1.0 if grows else float(most)
        self._busy = 0
        self._epoch = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._rpm = rpm
        self._rate_limiter: AsyncLimiter | None = None
        self._clock_s = clock_s or (lambda: asyncio.get_running_loop().time())
        self._load = self._loaded_s = 0.0
        self._solo = _Solo()
        self._surplus = 0.0

    @property
    def limit(self) -> int:
        """Requests at a time under the current limit."""
        return max(1, int(self._limit))

    @property
    def planned(self) -> int:
        """Requests that are worth making ready: the maximum, or what a growing limit allows."""
        return self.limit if self._grows else self._most

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
            yield RequestSlot(self._epoch, self._clock_s(), self._load_now())
        finally:
            self._leave()

    def wrote(self, slot: RequestSlot, piece: str) -> None:
        """Record a piece of the answer to a request."""
        slot.wrote(piece, self._clock_s())

    def throttled(self, slot: RequestSlot) -> None:
        """Halve the limit: the provider throttled this request."""
        if slot.epoch == self._epoch:
            self._epoch += 1
            self._limit = max(1.0, self._limit / 2)

    def succeeded(self, slot: RequestSlot) -> None:
        """Raise the limit, or lower it: the provider answered a request."""
        self._limit = min(float(self._most), max(1.0, self._limit + self._step(slot)))
        self._wake()

    def _step(self, slot: RequestSlot) -> float:
        step = 1.0 / self._limit
        if not self._grows:
            return step
        in_flight, surplus = self._measure(slot)
        self._surplus += _LEARNING_RATE * (surplus - self._surplus)
        if self._surplus > _SHRINKS_ABOVE:
            return -step
        is_used = in_flight > self.limit - 1
        return step if is_used and self._surplus < _GROWS_BELOW else 0.0

    def _measure(self, slot: RequestSlot) -> tuple[float, float]:
        """Return the requests in flight during one, and how many of them were surplus."""
        now_s = self._clock_s()
        first_s = now_s if slot.first_s is None else slot.first_s
        total_s = max(now_s - slot.began_s, 1e-9)
        in_flight = (self._load_now() - slot.load) / total_s
        if in_flight < 1.0 + 1e-6:
            self._solo.learn(first_s - slot.began_s, (now_s - first_s) / max(1, slot.chars))
        if self._solo.first_s is None:
            return in_flight, 0.0
        solo_s = self._solo.first_s + self._solo.char_s * slot.chars
        return in_flight, in_flight * (1.0 - min(1.0, solo_s / total_s))

    def _load_now(self) -> float:
        """Return the integral of the requests in flight over time."""
        now_s = self._clock_s()
        self._load += self._busy * (now_s - self._loaded_s)
        self._loaded_s = now_s
        return self._load

    def _occupy(self, change: int) -> None:
        self._load_now()
        self._busy += change

    async def _enter(self) -> None:
        if not self._waiting and self._busy < self.limit:
            self._occupy(1)
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
        self._occupy(-1)
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._busy < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._occupy(1)
                turn.set_result(None)
