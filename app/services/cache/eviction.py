"""The background task that evicts cache entries."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from app.services.cache.cache_folder import CacheFolder
from app.services.cache.lifetimes import Lifetimes
from app.services.cache.sweep import SweepResult, sweep

log = structlog.get_logger()

_FIRST_S = 10.0
"""Delay of the first sweep: the engines load first."""
_EARLY_SHARE = 0.1
"""What this worker may write before it sweeps ahead of time, as a share of the size limit."""


class EvictionTask:
    """Sweeps the cache at intervals, and earlier when much was written.

    Each worker may have one; they take turns.

    Args:
        folder: of the cache.
        lifetimes: of the stages.
        limit_bytes: size limit of the whole cache.
        interval_s: seconds between two sweeps.

    Attributes:
        stored_bytes: size on disk after the last sweep, and what this worker wrote since.
    """

    def __init__(
        self,
        folder: CacheFolder,
        lifetimes: Lifetimes,
        limit_bytes: int,
        interval_s: float,
    ) -> None:
        self._folder = folder
        self._lifetimes = lifetimes
        self._limit_bytes = limit_bytes
        self._interval_s = interval_s
        self._written_bytes = 0
        self._early = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.stored_bytes = 0

    def count_written(self, size: int) -> None:
        """Count bytes that were written."""
        self._written_bytes += size
        self.stored_bytes += size
        if self._written_bytes > _EARLY_SHARE * self._limit_bytes:
            self._early.set()

    def start(self) -> None:
        """Start the task, from within a running event loop."""
        self._task = asyncio.create_task(self._run(), name="cache-eviction")

    async def close(self) -> None:
        """Stop the task; a sweep that a thread has begun runs to its end."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def sweep(self) -> SweepResult | None:
        """Sweep now; None where another worker is sweeping, or the disk fails."""
        self._written_bytes = 0
        self._early.clear()
        swept = await self._folder.disk.run(
            lambda: sweep(self._folder, self._lifetimes, self._limit_bytes), None, limit_s=None
        )
        if swept is not None:
            self.stored_bytes = swept.stored_bytes
            log.debug("cache swept", removed=swept.removed, kept_bytes=swept.stored_bytes)
        return swept

    async def _run(self) -> None:
        wait_s = min(_FIRST_S, self._interval_s)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._early.wait()
            await self.sweep()
            wait_s = self._interval_s
