"""The runner of this process's jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import structlog

from app.domain.errors import (
    CuestreamError,
    DrainingError,
    JobCancelledError,
    JobInterruptedError,
    JobNotFoundError,
    StorageError,
)
from app.domain.events import Progress
from app.domain.request import JobRequest
from app.services.jobs.admission import check_options, check_places, check_queue, check_wait
from app.services.jobs.claimed_jobs import ClaimedJobs
from app.services.jobs.ended_jobs import EndedJobs
from app.services.jobs.equal_jobs import EqualJobs
from app.services.jobs.job_control import JobControl
from app.services.jobs.job_runtimes import JobRuntimes, is_call
from app.services.jobs.job_summary import JobSummary
from app.services.jobs.job_work import JobWork
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.remote_owner import RemoteOwner
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.job_store import FORGET, JobStore, Message
from app.services.jobs.stored_edits import StoredEdits
from app.services.jobs.uploads_of_jobs import discard_upload
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_LEAVING_RETRY_S = 5


class JobRunner:
    """Admits requests and runs their jobs; equal requests share one.

    Args:
        settings: limits and times.
        readiness: engines and translator.
        work: on each job.
        store: records of jobs, and the queue.

    Attributes:
        on_claim: called with each job that this process begins from the queue.
        on_expiry: called with the id of each job of the queue that this process has ended, since it
            waited too long.
    """

    def __init__(
        self, settings: Settings, readiness: Readiness, work: JobWork, store: JobStore
    ) -> None:
        self._settings = settings
        self._readiness = readiness
        self._work = work
        self._store = store
        self._admission = asyncio.Lock()
        self.on_claim: Callable[[JobRuntime], None] = lambda _: None
        self.on_expiry: Callable[[str], None] = lambda _: None
        self._control = JobControl(store, readiness)
        self._remote = RemoteOwner(store, self._control)
        self._begin_call: Callable[[JobRuntime], asyncio.Task[None]] | None = None
        self._runtimes = JobRuntimes(store, self._remote, settings.jobs.job_grace_s)
        self._equal = EqualJobs(store, self._runtimes)
        self._ended = EndedJobs(store, self._runtimes, settings.jobs)
        self._claimed = ClaimedJobs(settings, readiness, store, self._runtimes, self._begin_claimed)

    @property
    def running(self) -> list[JobRuntime]:
        """Jobs on the device that this process works on."""
        return self._runtimes.running

    @property
    def calls(self) -> list[JobRuntime]:
        """Calls that this process works on."""
        return self._runtimes.calls

    def take_calls(self, begin: Callable[[JobRuntime], asyncio.Task[None]]) -> None:
        """Work on calls too; has to be called before the store is opened.

        Args:
            begin: begins to work on one.
        """
        self._begin_call = begin

    async def open(self) -> None:
        """Open the store and begin jobs from the queue.

        Raises:
            StorageError: the store cannot be opened.
        """
        await self._store.open(self)
        self._claimed.start(calls=self._begin_call is not None)

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """Note how much of a job's output a reader has got; see `JobStore.advance`."""
        return await self._store.advance(job_id, reader, place)

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """Return what an owner has made of a job's cues; see `JobStore.edits`."""
        return await self._store.edits(job_id, owner)

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """Store an owner's edits of a job's cues; see `JobStore.save_edits`."""
        return await self._store.save_edits(job_id, owner, content, versions)

    async def get(self, job_id: str) -> JobRuntime:
        """Return a job by its id, whichever process works on it.

        Raises:
            JobNotFoundError: no job has this id, or its record was removed.
            StorageError: the store cannot be read.
        """
        known = self._runtimes.known(job_id)
        if known is not None:
            return known
        record = await self._store.get(job_id)
        if record is None:
            raise JobNotFoundError(
                "No such job on this worker; it may have ended long ago or run elsewhere"
            )
        return self._runtimes.of(record)

    async def with_key(self, owner: str, idempotency_key: str) -> JobRuntime | None:
        """Return an owner's job by its idempotency key; see `JobStore.with_key`."""
        record = await self._store.with_key(owner, idempotency_key)
        return None if record is None else self._runtimes.of(record)

    async def listed(
        self, owner: str, limit: int, before: str | None = None
    ) -> Sequence[JobSummary]:
        """Return an owner's jobs, the newest first; see `JobStore.listed`."""
        return await self._store.listed(owner, limit, before)

    async def submit(self, request: JobRequest) -> JobRuntime:
        """Admit a request, before any work.

        Returns:
            The job that answers it: a new one whose media is open or still opening, a running
            one of an equal request, or a replay of a finished one.

        Raises:
            OverloadedError: every place is taken, or the device is busy for too long.
            NotReadyError: the engines could not be loaded.
            DrainingError: the server is shutting down.
            CuestreamError: the request or its media is bad.
        """
        try:
            self._readiness.admit()
            check_options(request, self._settings, self._readiness)
            async with self._admission:
                await self._ended.remove()
                job = await self._share(request) or await self._start(request)
        except BaseException:
            discard_upload(request)
            raise
        if self._readiness.state != "loading":  # else the media is not opened for a while
            await job.wait_until_open(self._settings.jobs.admission_wait_s)
        return job

    async def queued(self, owner: str) -> tuple[int, int]:
        """Return how many jobs wait in the queue, and how many of one owner."""
        return await self._store.waiting(owner)

    async def enqueue(self, request: JobRequest, options: QueueOptions) -> JobRuntime:
        """Admit a request to the queue: its job is begun once a worker has a place for it.

        It runs to its end whether or not anybody reads it. Its media is looked at when it begins.

        Returns:
            The job, or its owner's earlier one with the same idempotency key.

        Raises:
            OverloadedError: the queue is full.
            StorageError: the queue cannot be written.
            NotReadyError: the engines could not be loaded.
            DrainingError: the server is shutting down.
            CuestreamError: the request is bad.
        """
        try:
            self._readiness.admit()
            if not options.is_call:
                check_options(request, self._settings, self._readiness)
            record = JobRecord(request, queue=options)
            async with self._admission:
                await self._ended.remove()
                waiting, own = await self._store.waiting(record.owner)
                check_queue(waiting, own, record.owner, self._settings.job_store)
                record.log.append(Progress("waiting", "Waiting for a worker", 0))
                stored = await self._store.enqueue(record)
        except BaseException:
            discard_upload(request)
            raise
        if stored is not record:
            discard_upload(request)
        return self._runtimes.of(stored)

    def watch(self, job: JobRuntime, position_ms: int | None = None) -> None:
        """Schedule a job as one with a viewer; see `JobControl.watch`."""
        self._control.watch(job, position_ms)

    async def cancel(self, job: JobRuntime, caller: str) -> bool:
        """Cancel a job for a caller, for good; see `JobControl.cancel`."""
        return await self._control.cancel(job, caller)

    async def expire(self, job: JobRuntime) -> bool:
        """End a job whose time is over and that waits still; see `JobControl.expire`."""
        return await self._control.expire(job)

    async def forget(self, job: JobRuntime, caller: str) -> None:
        """Remove a job of a caller's; one that has not ended is cancelled first.

        Raises:
            StorageError: the store cannot be written.
        """
        await self.cancel(job, caller)
        with suppress(CuestreamError):
            await job.wait_for_result()
        await self._store.remove(job.id)
        self._runtimes.remove([job.id])

    async def wait_until_open(self, job: JobRuntime, limit_s: float) -> None:
        """Wait until a job's media is open; see `JobControl.wait_until_open`."""
        await self._control.wait_until_open(job, limit_s)

    async def close(self) -> None:
        """Stop every running job, since the server leaves, and wait for the tasks to end.

        Another process goes on with them where the store outlives this one.
        """
        await self._claimed.close()
        self._remote.close()
        reason = DrainingError("The server is shutting down", _LEAVING_RETRY_S)
        jobs = [
            job for job in self._runtimes.working if not job.log.sealed
        ]  # the others end by themselves
        tasks = [job.task for job in jobs if job.task is not None]
        for job in jobs:
            if self._store.outlives:
                job.hand_over(reason, None)
            else:
                job.cancel(reason)
        await asyncio.gather(*tasks, self._ended.wait(), return_exceptions=True)
        if self._store.outlives:
            await asyncio.gather(*(self._give_back(job.record) for job in jobs))
        await self._store.close()

    def work_arrived(self) -> None:
        """See `StoreHost`."""
        self._claimed.wake()

    def lease_lost(self, record: JobRecord) -> None:
        """See `StoreHost`."""
        job = self._runtimes.known(record.id)
        if job is not None and job.task is not None:
            log.warning("another worker goes on with a job", job_id=record.id)
            reason = JobInterruptedError("Another worker goes on with the job")
            job.hand_over(reason, self._remote)

    def expired(self, job_id: str) -> None:
        """See `StoreHost`."""
        self.on_expiry(job_id)

    def message_received(self, job_id: str, message: Message) -> None:
        """See `StoreHost`."""
        if message == FORGET:
            self._runtimes.remove([job_id])
            return
        job = self._runtimes.known(job_id)
        if job is not None and job.working:
            self._remote.execute(job, message)
        elif job is not None and message.get("do") == "leave":
            job.record.callers.left.add(str(message.get("caller", "")))  # for who begins it

    async def _share(self, request: JobRequest) -> JobRuntime | None:
        """Return a job of an equal request that answers this one too."""
        job = await self._equal.find(request)
        if job is not None and request.audience == "viewer":
            self.watch(job, request.position_ms or None)
        return job

    async def _start(self, request: JobRequest) -> JobRuntime:
        check_places([job.request for job in self.running], request, self._settings.jobs)
        check_wait(self._readiness.engine_manager, request, self._settings.scheduler)
        record = JobRecord(request)
        await self._store.add(record)
        return self._begin(record)

    def _begin_claimed(self, record: JobRecord) -> None:
        job = self._begin(record)
        if record.owner in record.callers.left:  # he cancelled it while it was being claimed
            job.cancel(JobCancelledError("The job was cancelled"))
        self.on_claim(job)

    def _begin(self, record: JobRecord) -> JobRuntime:
        job = self._runtimes.of(record)
        begin = self._begin_call if is_call(record) else None
        job.start(begin or self._work.begin)
        if job.task is not None:
            job.task.add_done_callback(lambda _: self._task_ended())
            self._wake_at_end(job)
        return job

    def _wake_at_end(self, job: JobRuntime) -> None:
        """Look for further jobs once the end of one is stored: its place is taken until then."""

        def shown() -> None:
            if job.log.closed:
                stop()
                self._claimed.wake()

        stop = job.log.listen(shown)

    def _task_ended(self) -> None:
        """Remove ended jobs as soon as another one has ended, for it may be large."""
        self._claimed.wake()
        self._ended.remove_soon()

    async def _give_back(self, record: JobRecord) -> None:
        try:
            await self._store.give_back(record)
        except StorageError as error:  # its lease ends by itself
            log.warning("a job is not given back", job_id=record.id, reason=error.message)
