"""A thread pool for the cache's file operations."""

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
_TIMEOUT_S = 10.0
"""A volume that takes longer for one file is worse than no cache."""
_PAUSE_S = 30.0
"""How long a volume that did not answer gets no more operations."""
_LOG_EVERY_S = 300.0


class DiskExecutor:
    """Runs file operations in its own threads, so that a slow volume delays nothing else.

    A full disk, a folder that is read-only or gone, a volume that hangs: each fails only the
    operation and never a job. Failures are logged, at most once in `_LOG_EVERY_S`.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="cache")
        self._closed = False
        self._paused_until_s = 0.0
        self._silent_until_s = 0.0

    async def run(
        self, operation: Callable[[], T], default: T, limit_s: float | None = _TIMEOUT_S
    ) -> T:
        """Run an operation in a thread.

        Args:
            operation: may raise OSError.
            default: returned when the disk fails, does not answer or is paused.
            limit_s: timeout in seconds; None for none.
        """
        if self._closed or time.monotonic() < self._paused_until_s:
            return default
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, operation)
            async with asyncio.timeout(limit_s):
                return await running
        except TimeoutError:
            self._paused_until_s = time.monotonic() + _PAUSE_S
            self._log("it does not answer")
        except OSError as error:
            self._log(os.strerror(error.errno) if error.errno else type(error).__name__)
        return default

    def close(self) -> None:
        """Accept no more operations; one that a thread has begun runs to its end."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _log(self, reason: str) -> None:
        now_s = time.monotonic()
        if now_s >= self._silent_until_s:
            self._silent_until_s = now_s + _LOG_EVERY_S
            log.warning("the cache on disk cannot be used; work goes on without", reason=reason)
