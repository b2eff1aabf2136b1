"""The threads that read and write stored work, and their patience."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

_THREADS = 4
_LIMIT_S = 10.0
"""A volume that is slower than this for one file is worse than no cache."""
_REST_S = 30.0
"""How long a volume that does not answer is left alone."""
_LOG_EVERY_S = 300.0


class DiskExecutor:
    """Runs file work in threads of its own, so that a slow volume holds up nothing else.

    A full disk, a folder that is read-only or gone, a volume that hangs: all of it costs the
    work alone and never a job. It is logged, but not again and again.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="cache")
        self._closed = False
        self._rests_until_s = 0.0
        self._quiet_until_s = 0.0

    async def attempt(
        self, work: Callable[[], T], otherwise: T, limit_s: float | None = _LIMIT_S
    ) -> T:
        """Run work in a thread.

        Args:
            work: may raise OSError.
            otherwise: the answer when the disk does not do its part.
            limit_s: how long to wait; None for as long as it takes.
        """
        if self._closed or time.monotonic() < self._rests_until_s:
            return otherwise
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
            return await asyncio.wait_for(running, limit_s)
        except TimeoutError:
            self._rests_until_s = time.monotonic() + _REST_S
            self._tell("it does not answer")
        except OSError as error:
            self._tell(os.strerror(error.errno) if error.errno else type(error).__name__)
        return otherwise

    def close(self) -> None:
        """Take no more work; what a thread has begun goes on to its end."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _tell(self, reason: str) -> None:
        now_s = time.monotonic()
        if now_s >= self._quiet_until_s:
            self._quiet_until_s = now_s + _LOG_EVERY_S
            log.warning("the cache on disk cannot be used; work goes on without", reason=reason)
