"""The runner of this process's jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence

import structlog

from app.domain.errors import (
    CuestreamError,
    DrainingError,
    JobCancelledError,
    JobInterruptedError,
    JobNotFoundError,
    OverloadedError,
    StorageError,
)
from app.domain.events import CuesReady, Done, Failed, Progress, Result
from app.domain.request import JobRequest, MediaUrl, UploadedFile
from app.services.jobs.admission import check_options, check_wait
from app.services.jobs.job_summary import JobSummary
from app.services.jobs.job_work import JobWork, completed, fail
from app.services.jobs.queue_dispatcher import QueueDispatcher
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.remote_owner import RemoteOwner
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.job_store import JobStore, Message
from app.services.jobs.stored_edits import StoredEdits
from app.services.jobs.uploads_of_jobs import discard_upload
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_RETRY_AFTER_S = 15
_LEAVING_RETRY_S = 5
_UNREAD_RUNTIMES = 16
"""Jobs without readers, ended, queued or of other workers, that a process keeps in memory where the
store has them too."""


class JobRunner:
    """Admits requests and runs their jobs; equal requests share one.

    Args:
        settings: limits and times.
        readiness: engines and translator.
        work: on each job.
        store: records of jobs, and the queue.

    Attributes:
        on_claim: called with each job that this process begins from the queue.
    """

    def __init__(
        self, settings: Settings, readiness: Readiness, work: JobWork, store: JobStore
    ) -> None:
        self._settings = settings
        self._readiness = readiness
        self._work = work
        self._store = store
        self._runtimes: dict[str, JobRuntime] = {}
        self._admission = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_claim: Callable[[JobRuntime], None] = lambda _: None
        self._remote = RemoteOwner(store)
        self._begin_call: Callable[[JobRuntime], asyncio.Task[None]] | None = None
        self._queue = QueueDispatcher(store, readiness, self._free_places, self._begin_claimed)
        self._call_queue = QueueDispatcher(
            store, readiness, self._free_call_places, self._begin_claimed, calls=True
        )

    @property
    def running(self) -> list[JobRuntime]:
        """Jobs on the device that this process works on."""
        return [job for job in self._working if not _is_call(job.record)]

    @property
    def calls(self) -> list[JobRuntime]:
        """Calls that this process works on."""
        return [job for job in self._working if _is_call(job.record)]

    @property
    def _working(self) -> list[JobRuntime]:
        return [job for job in self._runtimes.values() if job.working]

    def take_calls(self, begin: Callable[[JobRuntime], asyncio.Task[None]]) -> None:
        """Work on calls too; to be told before the store is opened.

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
        self._queue.start()
        if self._begin_call is not None:
            self._call_queue.start()

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
        if job_id in self._runtimes:
            return self._runtimes[job_id]
        record = await self._store.get(job_id)
        if record is None:
            raise JobNotFoundError(
                "No such job on this worker; it may have ended long ago or run elsewhere"
            )
        return self._read(record)

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
                await self._remove_ended()
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
                await self._remove_ended()
                await self._check_queue(record.owner)
                record.log.append(Progress("waiting", "Waiting for a worker", 0))
                stored = await self._store.enqueue(record)
        except BaseException:
            discard_upload(request)
            raise
        if stored is not record:
            discard_upload(request)
        return self._read(stored)

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

    async def cancel(self, job: JobRuntime, caller: str) -> None:
        """Cancel a job for a caller, for good.

        A queued job of his never starts; the work on a running one stops with its last reader, and
        at once where it is his and nobody else may be reading it.

        Raises:
            StorageError: the store cannot be written.
        """
        if not job.running:
            return
        is_owner = job.record.owner == caller
        error = JobCancelledError("The job was cancelled")
        failed = Failed(error.message, error.code, error.retryable)
        job.callers.leave(caller)
        if is_owner and job.record.queue and await self._store.end_queued(job.id, failed):
            return
        if job.link is not None:
            job.link.leave(job.id, caller)
        elif is_owner and job.working and job.readers <= 1:
            job.cancel(error)

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

    async def close(self) -> None:
        """Stop every running job, since the server leaves, and wait for the tasks to end.

        Another process goes on with them where the store outlives this one.
        """
        await self._queue.close()
        await self._call_queue.close()
        self._remote.close()
        reason = DrainingError("The server is shutting down", _LEAVING_RETRY_S)
        jobs = [job for job in self._working if not job.log.sealed]  # the others end by themselves
        tasks = [job.task for job in jobs if job.task is not None]
        for job in jobs:
            if self._store.outlives:
                job.hand_over(reason, None)
            else:
                job.cancel(reason)
        await asyncio.gather(*tasks, *self._tasks, return_exceptions=True)
        if self._store.outlives:
            await asyncio.gather(*(self._give_back(job.record) for job in jobs))
        await self._store.close()

    def work_arrived(self) -> None:
        """See `StoreHost`."""
        self._queue.wake()
        self._call_queue.wake()

    def lease_lost(self, record: JobRecord) -> None:
        """See `StoreHost`."""
        job = self._runtimes.get(record.id)
        if job is not None and job.task is not None:
            log.warning("another worker goes on with a job", job_id=record.id)
            reason = JobInterruptedError("Another worker goes on with the job")
            job.hand_over(reason, self._remote)

    def told(self, job_id: str, message: Message) -> None:
        """See `StoreHost`."""
        job = self._runtimes.get(job_id)
        if job is not None and job.working:
            self._remote.obey(self, job, message)

    async def _share(self, request: JobRequest) -> JobRuntime | None:
        """Return a job of an equal request that answers this one too."""
        if request.fresh:
            return None
        for record in await self._store.equal(request.key):
            if record.stopping or request.holder in record.callers.left:
                continue
            if record.running and not record.queued:
                discard_upload(request)
                job = self._read(record)
                if request.audience == "viewer":
                    self.watch(job, request.position_ms or None)
                return job
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
        return self._read(record)

    async def _start(self, request: JobRequest) -> JobRuntime:
        limits = self._settings.jobs
        if len(self.running) >= limits.max_jobs:
            raise OverloadedError(
                f"All {limits.max_jobs} places are taken", retry_after_s=_RETRY_AFTER_S
            )
        held = [job for job in self.running if job.request.holder == request.holder]
        if request.holder and len(held) >= limits.caller_share:
            raise OverloadedError(
                f"{len(held)} jobs of yours are running, which is one caller's share",
                retry_after_s=_RETRY_AFTER_S,
            )
        check_wait(self._readiness.engine_manager, request, self._settings.scheduler)
        record = JobRecord(request)
        await self._store.add(record)
        return self._begin(record)

    async def _check_queue(self, owner: str) -> None:
        limits = self._settings.job_store
        waiting, own = await self._store.waiting(owner)
        if waiting >= limits.max_queued_jobs:
            raise OverloadedError(f"{waiting} jobs wait already", _RETRY_AFTER_S)
        if owner and own >= limits.max_queued_jobs_per_caller:
            raise OverloadedError(
                f"{own} jobs of yours wait, which is one caller's share", _RETRY_AFTER_S
            )

    def _free_places(self) -> int:
        return self._settings.jobs.max_jobs - len(self.running)

    def _free_call_places(self) -> int:
        return self._settings.jobs.max_jobs - len(self.calls)

    def _begin_claimed(self, record: JobRecord) -> None:
        """Begin a job that this process has leased; one whose workers keep dying fails."""
        if record.attempts > self._settings.job_store.job_attempts:
            self._give_up(record, f"Its worker died {record.attempts - 1} times")
            return
        source = record.request.source
        if isinstance(source, UploadedFile) and not source.path.exists():
            self._give_up(record, "Its upload lies on another machine; share JOBS_DIR")
            return
        if record.attempts > 1:
            log.info("going on with a job", job_id=record.id, events=len(record.log))
        self.on_claim(self._begin(record))

    def _give_up(self, record: JobRecord, reason: str) -> None:
        job = self._read(record)
        job.link = None
        fail(job, JobInterruptedError(reason))
        record.ended_s = time.monotonic()

    def _begin(self, record: JobRecord) -> JobRuntime:
        job = self._read(record)
        begin = self._begin_call if _is_call(record) else None
        job.start(begin or self._work.begin)
        if job.task is not None:
            job.task.add_done_callback(lambda _: self._ended())
            self._wake_at_end(job)
        return job

    def _wake_at_end(self, job: JobRuntime) -> None:
        """Look for further jobs once the end of one is stored: its place is taken until then."""

        def shown() -> None:
            if job.log.closed:
                stop()
                self._queue.wake()

        stop = job.log.listen(shown)

    def _ended(self) -> None:
        """Remove ended jobs as soon as another one has ended, for it may be large."""
        self.work_arrived()
        sweep = asyncio.get_running_loop().create_task(self._sweep(), name="ended-jobs")
        self._tasks.add(sweep)
        sweep.add_done_callback(self._tasks.discard)

    def _read(self, record: JobRecord) -> JobRuntime:
        """Return the runtime of a record in this process."""
        job = self._runtimes.get(record.id)
        if job is None:
            job = self._runtimes[record.id] = JobRuntime(record, self._settings.jobs.job_grace_s)
            job.callers.changed = lambda: self._store.save_callers(record)
            if self._store.outlives and record.running:
                job.link = self._remote
        return job

    async def _give_back(self, record: JobRecord) -> None:
        try:
            await self._store.give_back(record)
        except StorageError as error:  # its lease ends by itself
            log.warning("a job is not given back", job_id=record.id, reason=error.message)

    async def _sweep(self) -> None:
        try:
            await self._remove_ended()
        except CuestreamError as error:
            log.warning("ended jobs are not removed", reason=error.message)

    async def _remove_ended(self) -> None:
        limits = self._settings.jobs
        removed = await self._store.remove_ended(
            limits.job_retention_s,
            limits.max_kept_jobs,
            limits.max_kept_jobs_mb * 2**20,
            max(limits.job_retention_s, limits.edited_job_retention_s),
        )
        for job_id in removed:
            self._runtimes.pop(job_id, None)
        if self._store.outlives:
            self._forget_unread()

    def _forget_unread(self) -> None:
        """Forget what the store gives back when somebody asks for it again."""
        idle = [job for job in self._runtimes.values() if not job.working and not job.readers]
        for job in idle[: max(0, len(idle) - _UNREAD_RUNTIMES)]:
            del self._runtimes[job.id]


def _is_call(record: JobRecord) -> bool:
    return record.queue is not None and record.queue.is_call
