"""Event loop of an engine that calls servers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from app.domain.errors import JobCancelledError

T = TypeVar("T")

_LOOK_S = 0.1
"""How often a waiting thread looks whether its call is still wanted."""


class CallLoop:
    """Runs calls of engine threads on one event loop, so that a call can be given up at any moment.

    A thread cannot leave a request that is being sent or waited for; a task can be cancelled, and
    then it can tell the server.

    Args:
        name: of its thread.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, call: Coroutine[Any, Any, T], is_cancelled: Callable[[], bool]) -> T:
        """Run a call to its end, from any thread but its own.

        Args:
            call: its coroutine; its own handling of a cancellation is waited for.
            is_cancelled: whether the result is no longer wanted.

        Raises:
            JobCancelledError: it is not; the call was cancelled and has ended.
        """
        future = asyncio.run_coroutine_threadsafe(_ended(call, is_cancelled), self._loop)
        try:
            return future.result()
        except (CancelledError, asyncio.CancelledError):
            raise JobCancelledError("Nobody waits for this any more") from None


async def _ended(call: Coroutine[Any, Any, T], is_cancelled: Callable[[], bool]) -> T:
    task = asyncio.ensure_future(call)
    while True:
        await asyncio.wait({task}, timeout=_LOOK_S)
        if task.done():
            return task.result()
        if is_cancelled():
            task.cancel()
            await asyncio.wait({task})
            raise asyncio.CancelledError
