"""The task that keeps the cache within its limits."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from app.services.cache.disk_executor import DiskExecutor
from app.services.cache.folder import Folder
from app.services.cache.lifetimes import Lifetimes
from app.services.cache.sweep import Swept, sweep

log = structlog.get_logger()

_FIRST_S = 10.0
"""The engines load first."""
_EARLY_SHARE = 0.1
"""What this worker may add, as a share of the limit, before it sweeps ahead of time."""


class EvictionTask:
    """Sweeps now and then, and early where much was written.

    Any number of workers may each have one; they take turns.

    Args:
        folder: the tree.
        disk: does the work.
        lifetimes: of its stages.
        limit_bytes: what may be left.
        interval_s: time between two rounds.
    """

    def __init__(
        self,
        folder: Folder,
        disk: DiskExecutor,
        lifetimes: Lifetimes,
        limit_bytes: int,
        interval_s: float,
    ) -> None:
        self._folder = folder
        self._disk = disk
        self._lifetimes = lifetimes
        self._limit_bytes = limit_bytes
        self._interval_s = interval_s
        self._written = 0
        self._early = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.kept_bytes = 0

    def wrote(self, size: int) -> None:
        """Take note of bytes that were written."""
        self._written += size
        self.kept_bytes += size
        if self._written > _EARLY_SHARE * self._limit_bytes:
            self._early.set()

    def start(self) -> None:
        """Begin, from within a running event loop."""
        self._task = asyncio.create_task(self._run(), name="cache-janitor")

    async def close(self) -> None:
        """End; a round that a thread has begun goes on to its end."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def sweep(self) -> Swept | None:
        """Do one round now; None where another worker is at it, or the disk fails."""
        self._written = 0
        self._early.clear()
        swept = await self._disk.attempt(
            lambda: sweep(self._folder, self._lifetimes, self._limit_bytes), None, limit_s=None
        )
        if swept is not None:
            self.kept_bytes = swept.kept_bytes
            log.debug("cache swept", removed=swept.removed, kept_bytes=swept.kept_bytes)
        return swept

    async def _run(self) -> None:
        wait_s = min(_FIRST_S, self._interval_s)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._early.wait(), wait_s)
            await self.sweep()
            wait_s = self._interval_s
