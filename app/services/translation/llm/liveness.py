"""Liveness of a model server: tells a request that waits in its queue from a lost one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.domain.errors import TranslationError
from app.services.translation.llm.provider_errors import PassingFailureError

T = TypeVar("T")

Probe = Callable[[], Awaitable[bool]]
"""Asks the server for something small; whether it answered."""

_STALL_FACTOR = 10
"""A server that shows life and writes nothing is given up after this many times the allowed
silence: by default ten minutes, in which 60 GB of a model are read from a disk of 100 MB/s."""

_OVERTAKEN = 8
"""A request that so many later ones have overtaken does not wait in a queue. Servers begin
requests in the order of arrival, in as many slots as they have; local ones have seldom more."""


class ServerLiveness:
    """Signs of life of one server, shared by all requests to it.

    Args:
        silence_s: silence of a request after which the server must show signs of life.
        answers_probes: whether its answer to a small request shows that it still works on the
            others, as that of one machine does. The front of a large service answers always.
    """

    def __init__(self, silence_s: float, *, answers_probes: bool) -> None:
        self.silence_s = silence_s
        self._answers_probes = answers_probes
        self._written_s = self._received_s = float("-inf")
        self._queued: list[RequestWatch] = []

    def received(self) -> None:
        """Record that bytes came, perhaps mere keep-alives."""
        self._received_s = _now_s()

    def watch(self, probe: Probe) -> RequestWatch:
        """Return the watch of a request that is about to be sent."""
        request = RequestWatch(self, probe)
        self._queued.append(request)
        return request

    def written(self, request: RequestWatch) -> None:
        """Record that the server wrote a part of the answer to a request."""
        self._written_s = _now_s()
        if request in self._queued:
            for earlier in self._queued[: self._queued.index(request)]:
                earlier.overtaken += 1
            self._queued.remove(request)

    def closed(self, request: RequestWatch) -> None:
        """Record that a request is over."""
        if request in self._queued:
            self._queued.remove(request)

    def silence_of_all_s(self, since_s: float) -> float:
        """Return for how long the server has written nothing, at most since a time."""
        return _now_s() - max(self._written_s, since_s)

    async def shows_life(self, probe: Probe) -> bool:
        """Whether anything came from the server lately, or comes when it is asked."""
        if _now_s() - self._received_s < self.silence_s:
            return True
        return self._answers_probes and await probe()


class RequestWatch:
    """Watch of one request: waits for its parts for as long as there is reason to.

    Attributes:
        overtaken: requests that were sent later and have been begun earlier.
    """

    def __init__(self, server: ServerLiveness, probe: Probe) -> None:
        self.overtaken = 0
        self._server = server
        self._probe = probe
        self._begun = False
        self._last_s = _now_s()

    def written(self) -> None:
        """Record a part of the answer."""
        self._begun = True
        self._last_s = _now_s()
        self._server.written(self)

    def close(self) -> None:
        """Record that the request is over."""
        self._server.closed(self)

    async def wait(self, part: Awaitable[T]) -> T:
        """Wait for the next part of the answer, or for its beginning.

        Raises:
            PassingFailureError: the request is lost, or the server is dead.
            TranslationError: the server lives and writes nothing.
        """
        task = asyncio.ensure_future(part)
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=self._server.silence_s)
                if not task.done():
                    await self._check(task)
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _check(self, part: asyncio.Future[T]) -> None:
        """Decide after a silence whether to wait on."""
        others_s = self._server.silence_of_all_s(self._last_s)
        if others_s < self._server.silence_s:
            if self._begun or self.overtaken > _OVERTAKEN:
                raise PassingFailureError("The translation provider has lost a request")
            return
        alive = await self._server.shows_life(self._probe)
        if part.done():
            return
        if not alive:
            raise PassingFailureError("The translation provider does not answer")
        if others_s > _STALL_FACTOR * self._server.silence_s:
            message = "The translation provider does not finish"
            raise PassingFailureError(message) if self._begun else TranslationError(message)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
