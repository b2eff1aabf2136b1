"""Turns of long work on the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from weakref import WeakKeyDictionary

_SLICE_S = 0.003
"""Work on the loop after which others get their turn. A health check passes the loop some five
times, so it takes some 15 ms however many callers have long work."""


class _Queue:
    """Tasks of one loop that wait for their turn: one of them goes on in each pass of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._scheduled = False

    async def turn(self) -> None:
        place = self._loop.create_future()
        self._waiting.append(place)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._next)
        await place

    def _next(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():  # its task was cancelled otherwise
                place.set_result(None)
                break
        self._scheduled = bool(self._waiting)
        if self._scheduled:
            self._loop.call_soon(self._next)


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = WeakKeyDictionary()


async def take_turn() -> None:
    """Wait for a turn on the event loop, behind the others that wait for one.

    Thirty tasks that each yield by ``asyncio.sleep(0)`` all go on in the next pass of the loop,
    which then takes thirty slices. Of those that wait here one goes on in each pass, so that a
    pass takes one slice, and whatever else the loop serves waits no longer.
    """
    loop = asyncio.get_running_loop()
    queue = _queues.get(loop)
    if queue is None:
        queue = _queues[loop] = _Queue(loop)
    await queue.turn()


class LoopSlice:
    """The time that one piece of long work may go on before it waits for its next turn."""

    def __init__(self) -> None:
        self._ends_s = time.monotonic() + _SLICE_S

    @property
    def over(self) -> bool:
        """Whether others have waited long enough."""
        return time.monotonic() >= self._ends_s

    async def pause(self) -> None:
        """Wait for the next turn if this slice is over."""
        if self.over:
            await take_turn()
            self._ends_s = time.monotonic() + _SLICE_S
