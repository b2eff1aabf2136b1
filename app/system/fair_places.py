"""Places for costly work that callers take in turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from app.domain.errors import OverloadedError

CALLER: ContextVar[str] = ContextVar("caller", default="")
"""Whoever the present request is from; set where a request is received, kept by its job."""

_RETRY_AFTER_S = 10


class FairPlaces:
    """Places of one event loop; whoever has waited longest goes first, one of each caller in turn.

    Args:
        places: at a time.
        most_waiting: of all callers together.
        caller_share: of them for one caller.
    """

    def __init__(self, places: int, most_waiting: int, caller_share: int) -> None:
        self._free = places
        self._most_waiting = most_waiting
        self._caller_share = caller_share
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        """By caller, in the order of their turns."""

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; whoever is cancelled while waiting gives his up.

        Raises:
            OverloadedError: too much waits, or too much of this caller.
        """
        await self._take(CALLER.get())
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, caller: str) -> None:
        if self._free > 0:
            self._free -= 1
            return
        own = self._queues.get(caller, ())
        if len(own) >= self._caller_share or self._waiting >= self._most_waiting:
            raise OverloadedError("Too many large texts wait", _RETRY_AFTER_S)
        turn = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            else:
                self._forget(caller, turn)
            raise

    @property
    def _waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    def _pass_on(self) -> None:
        """Give a place to the next caller, who then waits behind all others."""
        for caller in list(self._queues):
            queue = self._queues.pop(caller)
            turn = queue.popleft()
            if queue:
                self._queues[caller] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _forget(self, caller: str, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(caller)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._queues[caller]
