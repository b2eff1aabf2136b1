"""Places for costly work that callers take in turn."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from app.domain.errors import OverloadedError

CALLER: ContextVar[str] = ContextVar("caller", default="")
"""Whoever the present work is for; set where a request is received and where a queued job begins,
and kept by all that it starts. Empty for the server itself."""

_RETRY_AFTER_S = 10


class FairPlaces:
    """Places of one event loop; whoever has waited longest goes first, one of each caller in turn.

    Args:
        places: at a time.
        most_waiting: of all callers together.
        caller_share: of them for one caller.
        caller_places: how many of the places one caller may hold, where work may last as long as
            he likes; None for all of them. The server itself may hold all.
        refusal: what is said where too many wait.
    """

    def __init__(
        self,
        places: int,
        most_waiting: int,
        caller_share: int,
        *,
        caller_places: int | None = None,
        refusal: str = "Too many large texts wait",
    ) -> None:
        self._free = places
        self._most_waiting = most_waiting
        self._caller_share = caller_share
        self._caller_places = places if caller_places is None else caller_places
        self._refusal = refusal
        self._held: Counter[str] = Counter()
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        """By caller, in the order of their turns."""

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; whoever is cancelled while waiting gives his up.

        Raises:
            OverloadedError: too much waits, or too much of this caller.
        """
        caller = CALLER.get()
        await self._take(caller)
        try:
            yield
        finally:
            self._give_back(caller)

    async def _take(self, caller: str) -> None:
        if self._free > 0 and self._may_hold(caller):
            self._free -= 1
            self._held[caller] += 1
            return
        own = self._queues.get(caller, ())
        if len(own) >= self._caller_share or self._waiting >= self._most_waiting:
            raise OverloadedError(self._refusal, _RETRY_AFTER_S)
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(caller)
            else:
                self._forget(caller, turn)
            raise

    @property
    def _waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    def _may_hold(self, caller: str) -> bool:
        return not caller or self._held[caller] < self._caller_places

    def _give_back(self, caller: str) -> None:
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        self._free += 1
        self._pass_on()

    def _pass_on(self) -> None:
        """Give a place to the next caller who may hold one; he then waits behind all others."""
        for caller in list(self._queues):
            if not self._may_hold(caller):
                continue
            queue = self._queues.pop(caller)
            turn = queue.popleft()
            if queue:
                self._queues[caller] = queue
            if not turn.done():
                self._free -= 1
                self._held[caller] += 1
                turn.set_result(None)
                return

    def _forget(self, caller: str, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(caller)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._queues[caller]
