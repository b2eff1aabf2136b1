"""Jobs of equal requests, which share one piece of work."""

from __future__ import annotations

import time

from app.domain.events import CuesReady, Done, Result
from app.domain.request import JobRequest, MediaUrl
from app.services.jobs.job_runtimes import JobRuntimes
from app.services.jobs.job_work import completed
from app.services.jobs.record import JobRecord
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.job_store import JobStore
from app.services.jobs.uploads_of_jobs import discard_upload


class EqualJobs:
    """Finds jobs whose work answers another request too.

    Args:
        store: of the records.
        runtimes: of the process.
    """

    def __init__(self, store: JobStore, runtimes: JobRuntimes) -> None:
        self._store = store
        self._runtimes = runtimes

    async def find(self, request: JobRequest) -> JobRuntime | None:
        """Return a running job of an equal request, or a replay of a finished one.

        The request's upload is removed, since nothing reads it then.

        Returns:
            The job; None where the request needs one of its own.

        Raises:
            StorageError: the store does not answer.
        """
        if request.fresh:
            return None
        for record in await self._store.equal(request.key):
            if record.stopping or request.holder in record.callers.left:
                continue
            if record.running and not record.queued:
                discard_upload(request)
                return self._runtimes.of(record)
            # Behind an address there may be another file by now: it is fetched each time.
            if record.result is not None and not isinstance(request.source, MediaUrl):
                discard_upload(request)
                return await self._replay(record, record.result)
        return None

    async def _replay(self, finished: JobRecord, result: Result) -> JobRuntime:
        """Return a new job whose log holds a finished result, as a cache would."""
        record = JobRecord(finished.request)
        record.log.append(completed(result))
        # The new log holds the objects of the finished one.
        if result.cues:
            record.log.append(CuesReady(result.cues, final=True), finished.log.bytes)
        record.log.append(Done(result), 0)
        record.ended_s = time.monotonic()
        await self._store.add(record)
        return self._runtimes.of(record)
