"""Admission, sharing and the life of jobs."""

from __future__ import annotations

import asyncio
import errno
import time
from contextlib import suppress

import structlog

from app.domain.errors import (
    CuestreamError,
    InternalError,
    InvalidLanguageError,
    JobCancelledError,
    JobNotFoundError,
    OverloadedError,
    StorageError,
    UnavailableOptionError,
)
from app.domain.events import CuesReady, Done, MediaOpened, Progress
from app.domain.language import known_language
from app.domain.request import JobRequest, MediaUrl, UploadedFile
from app.services.cache.caches import Caches
from app.services.captions.select import CaptionPreference
from app.services.jobs.admission import check_wait
from app.services.jobs.metrics import Metrics
from app.services.jobs.record import Job
from app.services.pipeline.pipeline import Pipeline
from app.services.readiness import Readiness
from app.services.sources.opened import Opened, OpenedCaptions
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers
from app.services.translation.translator import LanguagePair
from app.settings import Settings
from app.system.workdir import WorkDir

log = structlog.get_logger()

_RETRY_AFTER_S = 15
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class JobRunner:
    """Runs jobs; equal requests share one.

    Args:
        settings: limits and times.
        readiness: engines and translator.
        opener: opens media.
        caches: what earlier jobs have left.
        metrics: told what happens.
        workdir: where jobs keep temporary files.
        ledgers: what language models are paid.
    """

    def __init__(
        self,
        settings: Settings,
        readiness: Readiness,
        opener: MediaOpener,
        caches: Caches,
        metrics: Metrics,
        workdir: WorkDir,
        ledgers: CallerLedgers,
    ) -> None:
        self._settings = settings
        self._readiness = readiness
        self._opener = opener
        self._caches = caches
        self._metrics = metrics
        self._workdir = workdir
        self._ledgers = ledgers
        self._jobs: dict[str, Job] = {}

    @property
    def running(self) -> list[Job]:
        """Jobs that work."""
        return [job for job in self._jobs.values() if job.running]

    def get(self, job_id: str) -> Job:
        """Return a job of this worker.

        Raises:
            JobNotFoundError: never was here, or is forgotten.
        """
        try:
            return self._jobs[job_id]
        except KeyError:
            raise JobNotFoundError(
                "No such job on this worker; it may have ended long ago or run elsewhere"
            ) from None

    async def submit(self, request: JobRequest) -> Job:
        """Admit a request, before any work.

        Returns:
            The job that answers it: a new one whose media is open or still opening, one that
            already runs for an equal request, or one that replays a finished one.

        Raises:
            OverloadedError: every place is taken, or the device is busy for too long.
            NotReadyError: the engines could not be loaded.
            DrainingError: the server is going away.
            CuestreamError: the request or its media is bad.
        """
        try:
            self._readiness.admit()
            self._check(request)
            self._forget_old()
            job = self._shared(request) or self._admit(request)
        except CuestreamError:
            _discard(request)
            raise
        if self._readiness.state != "loading":  # else the media is not looked at for a while
            await job.opened(self._settings.jobs.admission_wait_s)
        return job

    def watch(self, job: Job, position_ms: int | None = None) -> None:
        """Schedule a job as one that somebody watches; nothing changes once it has ended.

        Args:
            job: of this worker.
            position_ms: where the viewer is in the recording; None leaves it as it is.
        """
        if not job.running:
            return
        job.context.audience = "viewer"
        if position_ms is not None:
            job.playback.move(position_ms)

    async def close(self) -> None:
        """Cancel whatever runs and wait for it."""
        tasks = [job.task for job in self.running if job.task is not None]
        for job in self.running:
            job.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _check(self, request: JobRequest) -> None:
        able = self._settings.diarization.enabled and self._settings.asr.enabled
        if request.diarize and not able:
            raise UnavailableOptionError("This server has no diarization engine")
        if self._readiness.state != "ready":
            return
        if self._settings.asr.enabled:
            languages = self._readiness.engine_manager.engines.languages
            if languages and request.spoken and request.spoken.base not in languages:
                raise InvalidLanguageError(
                    f"The transcriber hears {', '.join(languages)} alone, not {request.spoken.tag}"
                )
        if request.target is not None and isinstance(request.source, UploadedFile):
            self._readiness.translator.check(LanguagePair(request.spoken, request.target))

    def _check_pair(self, request: JobRequest, opened: Opened) -> None:
        """Refuse what the translator cannot do, now that it is clear what there is to translate.

        Raises:
            InvalidLanguageError: the pair is not served.
        """
        if request.target is None:
            return
        spoken = request.spoken
        if isinstance(opened, OpenedCaptions):
            spoken = known_language(opened.captions.language)
        pair = LanguagePair(spoken, request.target)
        if not pair.is_same:
            self._readiness.translator.check(pair)

    def _wish(self, request: JobRequest) -> CaptionPreference:
        return CaptionPreference(
            target=request.target,
            spoken=request.spoken,
            force_whisper=request.force_whisper,
            hears=self._settings.asr.enabled,
            speakers=request.diarize,
        )

    def _shared(self, request: JobRequest) -> Job | None:
        if request.fresh:
            return None
        for job in self._jobs.values():
            if job.request.key != request.key or job.cancelled.is_set():
                continue
            if job.running:
                _discard(request)
                if request.audience == "viewer":
                    self.watch(job, request.position_ms or None)
                return job
            # Behind an address there may be another file by now: it is asked each time.
            if job.result is not None and not isinstance(request.source, MediaUrl):
                _discard(request)
                return self._replay(job)
        return None

    def _replay(self, finished: Job) -> Job:
        """Make a job that tells a finished result at once, as a cache would."""
        result = finished.result
        if result is None:
            raise JobNotFoundError("The job has no result")
        job = Job(finished.request, self._settings.jobs.job_grace_s)
        job.log.append(Progress("complete", f"{len(result.cues)} subtitles are ready", 100, 4))
        job.log.append(CuesReady(result.cues, final=True))
        job.log.append(Done(result))
        job.ended_s = time.monotonic()
        self._jobs[job.id] = job
        return job

    def _admit(self, request: JobRequest) -> Job:
        limits = self._settings.jobs
        if len(self.running) >= limits.max_jobs:
            raise OverloadedError(
                f"All {limits.max_jobs} places are taken", retry_after_s=_RETRY_AFTER_S
            )
        check_wait(self._readiness.engine_manager, request, self._settings.scheduler)
        job = Job(request, limits.job_grace_s)
        self._jobs[job.id] = job
        job.start(lambda job: asyncio.create_task(self._run(job), name=f"job-{job.id}"))
        return job

    async def _run(self, job: Job) -> None:
        self._metrics.job_started()
        watch = self._metrics.watch(job)
        try:
            await self._work(job)
        except asyncio.CancelledError:
            self._end(job, JobCancelledError("Nobody was reading any more"))
            raise
        except CuestreamError as error:
            self._end(job, error)
        except Exception as error:  # noqa: BLE001 - a defect ends its own job alone
            self._end(job, _defect(job, error))
        finally:
            watch()
            self._metrics.job_ended(job)

    async def _work(self, job: Job) -> None:
        request = job.request
        job.log.append(Progress("checking", "Checking the media", 5))
        if self._readiness.state == "loading":
            job.log.append(Progress("loading", "Loading the models", 5))
            await self._readiness.wait()
            self._check(request)
        line = Pipeline(
            self._readiness.engine_manager.engines if self._settings.asr.enabled else None,
            self._readiness.translator,
            self._caches,
            self._settings,
            self._workdir,
        )
        opened = await self._opener.open(request.source, self._wish(request), line.reuse(request))
        try:
            self._check_pair(request, opened)
            job.log.append(MediaOpened(opened.duration_ms))
            ledger = self._ledgers.open(request.caller)
            result = await line.run(request, opened, job.log.append, job.playback, ledger)
        finally:
            await opened.aclose()
        job.log.append(Progress("complete", f"{len(result.cues)} subtitles are ready", 100, 4))
        job.log.append(Done(result))

    def _end(self, job: Job, error: CuestreamError) -> None:
        """End with the reason in a stage message too: some clients show nothing else."""
        job.cancelled.set()
        last = max((e.percent for _, e in job.log.after(0) if isinstance(e, Progress)), default=0)
        if not isinstance(error, JobCancelledError):
            log.warning("job failed", job_id=job.id, code=error.code, reason=error.message)
        job.log.append(Progress("finalizing", error.message, last, 4))
        job.fail(error)

    def _forget_old(self) -> None:
        limits = self._settings.jobs
        now = time.monotonic()
        ended = sorted(
            (job for job in self._jobs.values() if job.ended_s is not None),
            key=lambda job: job.ended_s or 0.0,
        )
        surplus = max(0, len(ended) - limits.max_kept_jobs)
        for place, job in enumerate(ended):
            if place < surplus or now - (job.ended_s or 0.0) > limits.job_retention_s:
                del self._jobs[job.id]


def _defect(job: Job, error: Exception) -> CuestreamError:
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return StorageError("The server's disk is full or not writable")
    log.error("job failed by a defect", job_id=job.id, exc_info=error)
    return InternalError("Internal server error")


def _discard(request: JobRequest) -> None:
    if isinstance(request.source, UploadedFile):
        with suppress(OSError):
            request.source.path.unlink(missing_ok=True)
