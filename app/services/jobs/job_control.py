"""What clients do to a job that is there: watch it, cancel it, wait for its media."""

from __future__ import annotations

from app.domain.errors import JobCancelledError, JobExpiredError
from app.domain.events import Failed
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.job_store import JobStore
from app.services.readiness import Readiness


class JobControl:
    """Control of jobs, whichever process works on them.

    Args:
        store: of the records, and the queue.
        readiness: of the engines.
    """

    def __init__(self, store: JobStore, readiness: Readiness) -> None:
        self._store = store
        self._readiness = readiness

    def watch(self, job: JobRuntime, position_ms: int | None = None) -> None:
        """Schedule a job as one with a viewer; nothing changes once it has ended.

        Args:
            job: of this process, or of another one.
            position_ms: playback position in the recording; None leaves it as it is.
        """
        if not job.running:
            return
        if job.link is not None:
            job.link.watch(job.id, position_ms)
        job.context.audience = "viewer"
        if position_ms is not None:
            job.playback.move(position_ms)

    async def cancel(self, job: JobRuntime, caller: str) -> bool:
        """Cancel a job for a caller, for good; return whether it waited, and has ended with that.

        A queued job of his never starts; the work on a running one stops with its last reader, and
        at once where it is his and nobody else may be reading it.

        Raises:
            StorageError: the store cannot be written.
        """
        if not job.running:
            return False
        is_owner = job.record.owner == caller
        error = JobCancelledError("The job was cancelled")
        failed = Failed(error.message, error.code, error.retryable)
        job.callers.leave(caller)
        if is_owner and job.record.queue and await self._store.end_queued(job.id, failed):
            return True
        if job.link is not None:
            job.link.leave(job.id, caller)
        elif is_owner and job.working and job.readers <= _own_readers(job):
            job.cancel(error)
        return False

    async def expire(self, job: JobRuntime) -> bool:
        """End a queued job whose time is over; return whether it waited still.

        Raises:
            StorageError: the store cannot be written.
        """
        error = JobExpiredError("The job waited in the queue longer than it was to")
        failed = Failed(error.message, error.code, error.retryable)
        return job.record.queue is not None and await self._store.end_queued(job.id, failed)

    async def wait_until_open(self, job: JobRuntime, limit_s: float) -> None:
        """Wait until a job's media is open, for a client that reads it afterwards.

        While the models load there is no wait, since no media is opened for a while.

        Args:
            job: of this process; it counts as read meanwhile.
            limit_s: longest wait; the media may still be opening afterwards.

        Raises:
            CuestreamError: the job failed before its media was open.
        """
        if self._readiness.state == "loading":
            return
        job.attach()
        try:
            await job.wait_until_open(limit_s)
        except BaseException:
            job.detach()
            raise
        job.await_reader()


def _own_readers(job: JobRuntime) -> int:
    """Return how many readers of a job its owner may be himself, by the door that it came by."""
    return 0 if job.pinned else 1
