"""Groups of threads for calls that block, one for each thing that may be slow.

A thread that waits for a volume that hangs, or for a driver, cannot be stopped. With groups of
their own, uploads wait for the disk alone, and pages that report the state wait for neither.
What is loaded at the start or once may take the event loop's own threads.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from app.system.thread_priority import lower_priority

P = ParamSpec("P")
T = TypeVar("T")


class ThreadGroup:
    """Threads of one purpose, started when they are first needed.

    Args:
        name: beginning of the threads' names.
        most: threads at a time; further calls wait in order.
        computes: whether they give way to the event loop.
    """

    def __init__(self, name: str, most: int, *, computes: bool = False) -> None:
        self._name = name
        self._most = most
        self._initializer = lower_priority if computes else None
        self._start()
        # A fork has none of the threads, and would wait for them.
        os.register_at_fork(after_in_child=self._start)

    def _start(self) -> None:
        self._threads = ThreadPoolExecutor(self._most, self._name, self._initializer)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a thread, as `asyncio.to_thread` does.

        A caller that is cancelled waits no longer; a call that has begun runs to its end.
        """
        call = partial(contextvars.copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


DISK = ThreadGroup("disk", 8)
"""Uploads, recordings, temporary files."""

DOCUMENTS = ThreadGroup("documents", min(4, (os.cpu_count() or 1) + 1))
"""Bodies that are checked and answers that are built: processor time, which more threads would take
from the event loop, and none that waits for a disk."""

VOICE = ThreadGroup("voice", min(8, (os.cpu_count() or 1) + 1), computes=True)
"""Voice activity detection: processor time of all jobs and live streams."""

STATUS = ThreadGroup("status", 2)
"""What the pages ask that report the server's state: the driver of the device, versions."""
