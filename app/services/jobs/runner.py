"""The runner of this process's jobs."""

from __future__ import annotations

import asyncio
import errno
import time
from contextlib import suppress

import structlog

from app.domain.errors import (
    CuestreamError,
    DrainingError,
    InternalError,
    JobCancelledError,
    JobNotFoundError,
    OverloadedError,
    StorageError,
)
from app.domain.events import CuesReady, Done, Progress, Result
from app.domain.request import JobRequest, MediaUrl, UploadedFile
from app.services.jobs.admission import check_options, check_wait
from app.services.jobs.metrics import Metrics
from app.services.jobs.record import JobRecord
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.store.job_store import JobStore
from app.services.pipeline.pipeline_factory import PipelineFactory
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_RETRY_AFTER_S = 15
_LEAVING_RETRY_S = 5
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class JobRunner:
    """Admits requests and runs their jobs; equal requests share one.

    Args:
        settings: limits and times.
        readiness: engines and translator.
        pipelines: builds the pipeline of each job.
        store: records of jobs.
        metrics: counts jobs and their outcomes.
    """

    def __init__(
        self,
        settings: Settings,
        readiness: Readiness,
        pipelines: PipelineFactory,
        store: JobStore,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._readiness = readiness
        self._pipelines = pipelines
        self._store = store
        self._metrics = metrics
        self._runtimes: dict[str, JobRuntime] = {}
        self._admission = asyncio.Lock()
        self._sweeps: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> list[JobRuntime]:
        """Jobs that this process works on."""
        return [job for job in self._runtimes.values() if job.running]

    async def get(self, job_id: str) -> JobRuntime:
        """Return a job by its id.

        Raises:
            JobNotFoundError: no job has this id, or its record was removed.
        """
        if job_id in self._runtimes:
            return self._runtimes[job_id]
        record = await self._store.get(job_id)
        if record is None:
            raise JobNotFoundError(
                "No such job on this worker; it may have ended long ago or run elsewhere"
            )
        return self._read(record)

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
            _discard_upload(request)
            raise
        if self._readiness.state != "loading":  # else the media is not opened for a while
            await job.wait_until_open(self._settings.jobs.admission_wait_s)
        return job

    def watch(self, job: JobRuntime, position_ms: int | None = None) -> None:
        """Schedule a job as one with a viewer; nothing changes once it has ended.

        Args:
            job: of this process.
            position_ms: playback position in the recording; None leaves it as it is.
        """
        if not job.running:
            return
        job.context.audience = "viewer"
        if position_ms is not None:
            job.playback.move(position_ms)

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
        """Cancel every running job, since the server leaves, and wait for the tasks to end."""
        tasks = [job.task for job in self.running if job.task is not None]
        for job in self.running:
            job.cancel(DrainingError("The server is shutting down", _LEAVING_RETRY_S))
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _share(self, request: JobRequest) -> JobRuntime | None:
        """Return a job of an equal request that answers this one too."""
        if request.fresh:
            return None
        for record in await self._store.equal(request.key):
            if record.stopping:
                continue
            if record.running and record.id in self._runtimes:
                job = self._runtimes[record.id]
                if job.callers.has_left(request.holder):
                    continue
                _discard_upload(request)
                if request.audience == "viewer":
                    self.watch(job, request.position_ms or None)
                return job
            # Behind an address there may be another file by now: it is fetched each time.
            if record.result is not None and not isinstance(request.source, MediaUrl):
                _discard_upload(request)
                return await self._replay(record, record.result)
        return None

    async def _replay(self, finished: JobRecord, result: Result) -> JobRuntime:
        """Return a new job whose log holds a finished result, as a cache would."""
        record = JobRecord(finished.request)
        record.log.append(_complete(result))
        record.log.append(CuesReady(result.cues, final=True))
        record.log.append(Done(result))
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
        job = self._read(record)
        job.start(lambda job: asyncio.create_task(self._run(job), name=f"job-{job.id}"))
        if job.task is not None:
            job.task.add_done_callback(lambda _: self._sweep())
        return job

    def _sweep(self) -> None:
        """Remove ended jobs as soon as another one has ended, for it may be large."""
        sweep = asyncio.get_running_loop().create_task(self._remove_ended(), name="ended-jobs")
        self._sweeps.add(sweep)
        sweep.add_done_callback(self._sweeps.discard)

    def _read(self, record: JobRecord) -> JobRuntime:
        """Return the runtime of a record in this process."""
        job = JobRuntime(record, self._settings.jobs.job_grace_s)
        return self._runtimes.setdefault(record.id, job)

    async def _run(self, job: JobRuntime) -> None:
        self._metrics.job_started()
        stop_measuring = self._metrics.measure_first_cue(job.record)
        try:
            await self._work(job)
        except asyncio.CancelledError:
            _fail(job, job.cancel_reason)
            raise
        except CuestreamError as error:
            _fail(job, error)
        except Exception as error:  # noqa: BLE001 - a defect ends its own job alone
            _fail(job, _defect(job, error))
        finally:
            stop_measuring()
            self._metrics.job_ended(job.record)

    async def _work(self, job: JobRuntime) -> None:
        request, readiness = job.request, self._readiness
        job.log.append(Progress("checking", "Checking the media", 5))
        if readiness.state == "loading":
            job.log.append(Progress("loading", "Loading the models", 5))
            await readiness.wait()
            check_options(request, self._settings, readiness)
        pipeline = self._pipelines.build()
        result = await pipeline.run(request, job.playback, job.log.append)
        job.log.append(_complete(result))
        job.log.append(Done(result))

    async def _remove_ended(self) -> None:
        limits = self._settings.jobs
        removed = await self._store.remove_ended(
            limits.job_retention_s, limits.max_kept_jobs, limits.max_kept_jobs_mb * 2**20
        )
        for job_id in removed:
            self._runtimes.pop(job_id, None)


def _complete(result: Result) -> Progress:
    return Progress("complete", f"{len(result.cues)} subtitles are ready", 100, 4)


def _fail(job: JobRuntime, error: CuestreamError) -> None:
    """End a job with the reason in a stage message too: some clients show nothing else."""
    job.stop_work()
    if not isinstance(error, JobCancelledError | DrainingError):
        log.warning("job failed", job_id=job.id, code=error.code, reason=error.message)
    progress = job.record.progress
    percent = progress.percent if progress else 0
    job.log.append(Progress("failed", error.message, percent, 4))
    job.fail(error)


def _defect(job: JobRuntime, error: Exception) -> CuestreamError:
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return StorageError("The server's disk is full or not writable")
    log.error("job failed by a defect", job_id=job.id, exc_info=error)
    return InternalError("Internal server error")


def _discard_upload(request: JobRequest) -> None:
    if isinstance(request.source, UploadedFile):
        with suppress(OSError):
            request.source.path.unlink(missing_ok=True)
