"""Removal of jobs that ended long ago, or that hold too much."""

from __future__ import annotations

import asyncio

import structlog

from app.domain.errors import CuestreamError
from app.services.jobs.job_runtimes import JobRuntimes
from app.services.jobs.store.job_store import JobStore
from app.settings import JobSettings

log = structlog.get_logger()


class EndedJobs:
    """Removes ended jobs from the store and from memory.

    Args:
        store: of the records.
        runtimes: of the process.
        limits: ages, number and bytes that ended jobs may have.
    """

    def __init__(self, store: JobStore, runtimes: JobRuntimes, limits: JobSettings) -> None:
        self._store = store
        self._runtimes = runtimes
        self._limits = limits
        self._tasks: set[asyncio.Task[None]] = set()

    async def remove(self) -> None:
        """Remove those that exceed a limit.

        Raises:
            StorageError: the store cannot be written.
        """
        limits = self._limits
        removed = await self._store.remove_ended(
            limits.job_retention_s,
            limits.max_kept_jobs,
            limits.max_kept_jobs_mb * 2**20,
            max(limits.job_retention_s, limits.edited_job_retention_s),
        )
        self._runtimes.remove(removed)

    def remove_soon(self) -> None:
        """Remove them in a task; a store that cannot be written is logged."""
        sweep = asyncio.get_running_loop().create_task(self._sweep(), name="ended-jobs")
        self._tasks.add(sweep)
        sweep.add_done_callback(self._tasks.discard)

    async def wait(self) -> None:
        """Wait for the tasks that `remove_soon` has begun."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _sweep(self) -> None:
        try:
            await self.remove()
        except CuestreamError as error:
            log.warning("ended jobs are not removed", reason=error.message)
