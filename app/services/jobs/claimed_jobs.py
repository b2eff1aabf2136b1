"""Jobs and calls that a process takes from the queue."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from app.domain.errors import JobInterruptedError
from app.domain.request import UploadedFile
from app.services.jobs.job_runtimes import JobRuntimes
from app.services.jobs.job_work import fail
from app.services.jobs.queue_dispatcher import QueueDispatcher
from app.services.jobs.record import JobRecord
from app.services.jobs.store.job_store import JobStore
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()


class ClaimedJobs:
    """Claims jobs while there are places for them, and calls while there are places for those.

    Args:
        settings: number of places and of attempts.
        readiness: of the engines.
        store: of the records, and the queue.
        runtimes: of the process.
        begin: begins to work on a claimed job.
    """

    def __init__(
        self,
        settings: Settings,
        readiness: Readiness,
        store: JobStore,
        runtimes: JobRuntimes,
        begin: Callable[[JobRecord], None],
    ) -> None:
        self._max_jobs = settings.jobs.max_jobs
        self._max_attempts = settings.job_store.job_attempts
        self._runtimes = runtimes
        self._begin = begin
        self._jobs = QueueDispatcher(store, readiness, self._free_places, self._claimed)
        self._calls = QueueDispatcher(
            store, readiness, self._free_call_places, self._claimed, calls=True
        )

    def start(self, *, calls: bool) -> None:
        """Begin to claim.

        Args:
            calls: whether calls are claimed too.
        """
        self._jobs.start()
        if calls:
            self._calls.start()

    def wake(self) -> None:
        """Look into the queue soon, since a job waits in it or a place has become free."""
        self._jobs.wake()
        self._calls.wake()

    async def close(self) -> None:
        """Claim no further job."""
        await self._jobs.close()
        await self._calls.close()

    def _free_places(self) -> int:
        return self._max_jobs - len(self._runtimes.running)

    def _free_call_places(self) -> int:
        return self._max_jobs - len(self._runtimes.calls)

    def _claimed(self, record: JobRecord) -> None:
        """Begin a job that this process has leased; one whose workers keep dying fails."""
        if record.attempts > self._max_attempts:
            self._give_up(record, f"Its worker died {record.attempts - 1} times")
            return
        source = record.request.source
        if isinstance(source, UploadedFile) and not source.path.exists():
            self._give_up(record, "Its upload lies on another machine; share JOBS_DIR")
            return
        if record.attempts > 1:
            log.info("going on with a job", job_id=record.id, events=len(record.log))
        self._begin(record)

    def _give_up(self, record: JobRecord, reason: str) -> None:
        job = self._runtimes.of(record)
        job.link = None
        fail(job, JobInterruptedError(reason))
        record.ended_s = time.monotonic()
