"""The work on one job: from its request to the last event."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine
from typing import Protocol

import structlog

from app.domain.errors import (
    CuestreamError,
    DrainingError,
    ExecutionTimeoutError,
    InternalError,
    JobCancelledError,
    JobExpiredError,
    StorageError,
)
from app.domain.events import Done, Event, Progress, Result
from app.domain.request import JobRequest
from app.services.jobs.admission import check_options
from app.services.jobs.metrics import Metrics
from app.services.jobs.resumed_events import ResumedEvents
from app.services.jobs.runtime import JobRuntime
from app.services.playback.playback import Playback
from app.services.readiness import Readiness
from app.settings import Settings
from app.system.fair_places import CALLER

log = structlog.get_logger()

_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class JobPipeline(Protocol):
    """What does the work of one job."""

    async def run(
        self, request: JobRequest, playback: Playback, emit: Callable[[Event], None]
    ) -> Result:
        """Emit the events of a job and return its result.

        Raises:
            CuestreamError: the job failed.
        """
        ...


class PipelineBuilder(Protocol):
    """Builds the pipeline of each job."""

    def build(self, request: JobRequest) -> JobPipeline:
        """Return the pipeline of a request.

        Raises:
            CuestreamError: the request cannot be served.
        """
        ...


class JobWork:
    """Works on jobs, each in a task of its own.

    Args:
        settings: of the process.
        readiness: engines and translator.
        pipelines: builds the pipeline of each job.
        metrics: counts jobs and their outcomes.
    """

    def __init__(
        self,
        settings: Settings,
        readiness: Readiness,
        pipelines: PipelineBuilder,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._readiness = readiness
        self._pipelines = pipelines
        self._metrics = metrics

    def begin(self, job: JobRuntime) -> asyncio.Task[None]:
        """Begin to work on a job."""
        return asyncio.create_task(self._run(job), name=f"job-{job.id}")

    async def _run(self, job: JobRuntime) -> None:
        self._metrics.job_started()
        stop_measuring = self._metrics.measure_first_cue(job.record)
        try:
            await run_to_an_end(job, self._work(job))
        finally:
            stop_measuring()
            self._metrics.job_ended(job.record)

    async def _work(self, job: JobRuntime) -> None:
        request, readiness = job.request, self._readiness
        emit = _emitter(job)
        emit(Progress("checking", "Checking the media", 5))
        if readiness.state == "loading":
            emit(Progress("loading", "Loading the models", 5))
            await readiness.wait()
            check_options(request, self._settings, readiness)
        pipeline = self._pipelines.build(request)
        result = await pipeline.run(request, job.playback, emit)
        emit(completed(result))
        emit(Done(result))


async def run_to_an_end(job: JobRuntime, work: Coroutine[None, None, None]) -> None:
    """Do the work on a job; whatever ends it before its time is the last event of its log."""
    queue = job.record.queue
    if queue is not None:
        CALLER.set(job.record.owner)  # one that a request began has its caller already
    limit_s, timeout = _limit_of(job)
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            await work
    except asyncio.CancelledError:
        if not job.handed_over:
            fail(job, job.cancel_reason)
        raise
    except CuestreamError as error:
        fail(job, error)
    except Exception as error:  # noqa: BLE001 - a defect ends its own job alone
        if limit.expired():
            fail(job, timeout)
        else:
            fail(job, _defect(job, error))


def _limit_of(job: JobRuntime) -> tuple[float | None, CuestreamError]:
    """Return how long a job may run from now on, in seconds, and what it fails with after that."""
    queue = job.record.queue
    longest = ExecutionTimeoutError("The job ran longer than it was to")
    if queue is None or queue.ttl_s is None:
        return queue.execution_timeout_s if queue else None, longest
    left_s = max(0.0, queue.ttl_s - job.record.age_s)
    if queue.execution_timeout_s is not None and queue.execution_timeout_s < left_s:
        return queue.execution_timeout_s, longest
    return left_s, JobExpiredError("The job did not end in the time that it had from its arrival")


def _emitter(job: JobRuntime) -> Callable[[Event], None]:
    """Return what adds the events of a new run to a job's log, whoever else has begun it."""
    record, fence = job.record, job.record.fence
    begun = any(not isinstance(event, Progress) for _, event in job.log.after(0))
    append = ResumedEvents(job.log).append if begun else job.log.append

    def emit(event: Event) -> None:
        if record.fence == fence:  # else this run is over, and its end is on its way
            append(event)

    return emit


def completed(result: Result) -> Progress:
    """Return the last progress of a job that has succeeded."""
    if not result.cues:
        return Progress("complete", f"{len(result.turns)} speaker turns are ready", 100, 4)
    return Progress("complete", f"{len(result.cues)} subtitles are ready", 100, 4)


def fail(job: JobRuntime, error: CuestreamError) -> None:
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
