"""The runtimes of jobs that a process has in memory."""

from __future__ import annotations

from collections.abc import Sequence

from app.services.jobs.record import JobRecord
from app.services.jobs.remote_owner import RemoteOwner
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.job_store import JobStore

_UNREAD_RUNTIMES = 16
"""Jobs without readers, ended, queued or of other workers, that a process keeps in memory where the
store has them too."""


class JobRuntimes:
    """Runtimes by the ids of jobs, one for each job.

    Args:
        store: of the records.
        remote: the link to processes that work on other jobs.
        grace_s: how long a job without readers works on.
    """

    def __init__(self, store: JobStore, remote: RemoteOwner, grace_s: float) -> None:
        self._store = store
        self._remote = remote
        self._grace_s = grace_s
        self._runtimes: dict[str, JobRuntime] = {}

    @property
    def working(self) -> list[JobRuntime]:
        """Jobs and calls that this process works on."""
        return [job for job in self._runtimes.values() if job.working]

    @property
    def running(self) -> list[JobRuntime]:
        """Jobs on the device that this process works on."""
        return [job for job in self.working if not is_call(job.record)]

    @property
    def calls(self) -> list[JobRuntime]:
        """Calls that this process works on."""
        return [job for job in self.working if is_call(job.record)]

    def known(self, job_id: str) -> JobRuntime | None:
        """Return the runtime of a job; None where this process has none."""
        return self._runtimes.get(job_id)

    def of(self, record: JobRecord) -> JobRuntime:
        """Return the runtime of a record, a new one where there is none."""
        job = self._runtimes.get(record.id)
        if job is None:
            job = self._runtimes[record.id] = JobRuntime(record, self._grace_s)
            job.callers.changed = lambda: self._store.save_callers(record)
            if self._store.outlives and record.running:
                job.link = self._remote
        return job

    def remove(self, job_ids: Sequence[str]) -> None:
        """Remove jobs whose records were removed, and what the store returns when asked again."""
        for job_id in job_ids:
            self._runtimes.pop(job_id, None)
        if self._store.outlives:
            idle = [
                job
                for job in self._runtimes.values()
                if not (job.working or job.readers or job.pinned)
            ]
            for job in idle[: max(0, len(idle) - _UNREAD_RUNTIMES)]:
                del self._runtimes[job.id]


def is_call(record: JobRecord) -> bool:
    """Whether a job is a call, which takes no place of those on the device."""
    return record.queue is not None and record.queue.is_call
