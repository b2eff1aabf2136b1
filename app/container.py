"""The services of one process, built from its settings without HTTP."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.gpu.engine_manager import EngineManager
from app.services.batch.document_runner import DocumentRunner
from app.services.batch.media_downloads import MediaDownloads
from app.services.batch.open_store import open_document_store, open_picture_storage
from app.services.batch.screenshot_runner import ScreenshotRunner
from app.services.cache.cache_folder import LAYOUT
from app.services.cache.caches import Caches, open_caches
from app.services.captions.lookup import CaptionLookupCache
from app.services.feedback_store import FeedbackStore
from app.services.files.result_files import ResultFiles
from app.services.jobs.job_work import JobWork
from app.services.jobs.metrics import Metrics
from app.services.jobs.runner import JobRunner
from app.services.jobs.scheduler_metrics import SchedulerMetrics
from app.services.jobs.store.open_job_store import open_job_store
from app.services.jobs.streams import StreamHub
from app.services.live.live_places import LivePlaces
from app.services.live.sessions import LiveSessions
from app.services.media.ffmpeg_runner import FfmpegRunner
from app.services.net.caller_places import CallerPlaces
from app.services.operations.job_captions import cues_of_job, cues_of_request
from app.services.operations.operation_context import OperationServices
from app.services.operations.operation_runner import OperationRunner
from app.services.pipeline.pipeline_factory import PipelineFactory
from app.services.rate_limits import RateLimits
from app.services.readiness import Readiness
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers, open_ledgers
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.services.uploads.upload_store import UploadStore
from app.settings import Settings
from app.system.private_folders import check_separate, check_shared_parent
from app.system.workdir import WorkDir, work_home


@dataclass(frozen=True, slots=True)
class Services:
    """Every service of one process, built once by `build_services`."""

    settings: Settings
    readiness: Readiness
    runner: JobRunner
    streams: StreamHub
    metrics: Metrics
    workdir: WorkDir
    opener: MediaOpener
    caption_lookups: CaptionLookupCache
    rate_limits: RateLimits
    uploads: UploadStore
    files: ResultFiles
    synthesizer: SpeechSynthesizer
    feedback: FeedbackStore
    live_sessions: LiveSessions
    live_places: LivePlaces
    ledgers: CallerLedgers
    address_checks: CallerPlaces
    caches: Caches
    batches: DocumentRunner
    downloads: MediaDownloads
    screenshots: ScreenshotRunner
    operations: OperationRunner


_UNNAMED_WORKER = "runpod"
"""Of rows of pictures where `WORKER_NAME` is not set. Source: what readers of these rows know."""

_ADDRESS_CHECKS = 8
"""Addresses of one caller that are looked up at a time; each takes ten seconds at most."""


def build_services(settings: Settings, stack: AsyncExitStack) -> Services:
    """Build the services; no model is loaded before `Readiness.load`.

    Args:
        settings: of the process.
        stack: closes the services in reverse order.

    Raises:
        StorageError: the folder for temporary files cannot be made or is somebody else's, or one
            folder lies in another one; says what to set.
    """
    uploads_folder, files_folder = _separate_folders(settings)
    workdir = WorkDir.open(settings.sources.work_dir)
    stack.callback(workdir.close)
    foundation = _build_foundation(settings, workdir, stack)
    metrics, caches, opener = foundation.metrics, foundation.caches, foundation.opener
    runner, synthesizer = _build_runner(foundation), _build_synthesizer(foundation, stack)
    caption_lookups = CaptionLookupCache(opener)
    stack.push_async_callback(caption_lookups.close)
    downloads = MediaDownloads(opener, caches, workdir)
    batches, screenshots = _document_workers(settings, downloads, stack)
    places = LivePlaces(settings.live.max_sessions)
    services = Services(
        settings=settings,
        readiness=foundation.readiness,
        runner=runner,
        streams=StreamHub(settings.jobs),
        metrics=metrics,
        workdir=workdir,
        opener=opener,
        caption_lookups=caption_lookups,
        rate_limits=RateLimits(settings.limits),
        uploads=UploadStore(uploads_folder, settings.uploads),
        files=ResultFiles(settings, files_folder),
        synthesizer=synthesizer,
        feedback=FeedbackStore(settings.caches.folder),
        live_sessions=LiveSessions(settings, foundation.readiness, places),
        live_places=places,
        ledgers=foundation.ledgers,
        address_checks=CallerPlaces(_ADDRESS_CHECKS),
        caches=caches,
        batches=batches,
        downloads=downloads,
        screenshots=screenshots,
        operations=_build_operations(foundation, runner, synthesizer, downloads),
    )
    _register_gauges(services, foundation.engines, caches)
    return services


@dataclass(frozen=True, slots=True)
class _Foundation:
    """What the other services of a process are built from."""

    settings: Settings
    workdir: WorkDir
    engines: EngineManager
    metrics: Metrics
    caches: Caches
    opener: MediaOpener
    readiness: Readiness
    ledgers: CallerLedgers


def _build_foundation(settings: Settings, workdir: WorkDir, stack: AsyncExitStack) -> _Foundation:
    """Return the engines, caches and sources, of which nothing is loaded yet."""
    engines = EngineManager(settings)
    stack.push_async_callback(asyncio.to_thread, engines.close)
    metrics = Metrics()
    caches = open_caches(settings, metrics.cache_looked_up)
    caches.start()
    stack.push_async_callback(caches.close)
    opener = MediaOpener(settings, workdir, caches)
    readiness = Readiness(settings, engines, opener)
    stack.push_async_callback(readiness.close)
    ledgers = open_ledgers(settings, metrics.model_paid)
    return _Foundation(settings, workdir, engines, metrics, caches, opener, readiness, ledgers)


def _build_runner(foundation: _Foundation) -> JobRunner:
    """Return the runner of jobs, whose store is not open yet."""
    settings, readiness = foundation.settings, foundation.readiness
    pipelines = PipelineFactory(
        settings,
        readiness,
        foundation.opener,
        foundation.caches,
        foundation.workdir,
        foundation.ledgers,
    )
    work = JobWork(settings, readiness, pipelines, foundation.metrics)
    return JobRunner(settings, readiness, work, open_job_store(settings))


def _build_synthesizer(foundation: _Foundation, stack: AsyncExitStack) -> SpeechSynthesizer:
    """Return the speech output; spoken texts are cached where there is a cache."""
    settings = foundation.settings
    store = foundation.caches.store if settings.caches.cache_max_size_mb else None
    synthesizer = SpeechSynthesizer(settings, store)
    stack.push_async_callback(synthesizer.close)
    return synthesizer


def _build_operations(
    foundation: _Foundation,
    runner: JobRunner,
    synthesizer: SpeechSynthesizer,
    downloads: MediaDownloads,
) -> OperationRunner:
    """Return what runs media operations; some of them read the captions of jobs."""
    settings, readiness = foundation.settings, foundation.readiness
    services = OperationServices(
        settings,
        foundation.opener.fetcher,
        FfmpegRunner(settings.media),
        synthesizer,
        partial(cues_of_job, runner),
        partial(cues_of_request, runner),
        lambda: readiness.translator,
        foundation.ledgers.open,
        foundation.caches,
        downloads,
    )
    return OperationRunner(services, foundation.workdir)


def _separate_folders(settings: Settings) -> tuple[Path, Path]:
    """Return the folders of uploads and of result files, none of which lies in another one.

    Raises:
        StorageError: one does, or belongs to somebody else; says what to set.
    """
    uploads_folder = settings.caches.folder / "uploads"
    files_folder = settings.files.files_dir or settings.caches.folder / "files"
    check_shared_parent(settings.caches.folder, "CACHE_DIR")
    check_separate(
        {
            "WORK_DIR": work_home(settings.sources.work_dir),
            "CACHE_DIR": settings.caches.folder / LAYOUT,
            "CACHE_DIR (uploads)": uploads_folder,
            "FILES_DIR": files_folder,
        }
    )
    return uploads_folder, files_folder


def _document_workers(
    settings: Settings, downloads: MediaDownloads, stack: AsyncExitStack
) -> tuple[DocumentRunner, ScreenshotRunner]:
    """Return what works on batches of documents."""
    documents, pictures = open_document_store(settings), open_picture_storage(settings)
    batches = DocumentRunner(settings.batch, documents)
    stack.push_async_callback(batches.close)
    if pictures is not None:
        stack.push_async_callback(pictures.close)
    name = settings.batch.worker_name or _UNNAMED_WORKER
    return batches, ScreenshotRunner(downloads, documents, pictures, name)


def _register_gauges(services: Services, engines: EngineManager, caches: Caches) -> None:
    """Register the gauges that read the services' own counts."""
    gauge = services.metrics.gauge
    gauge("cache_bytes", "Size of the cache", lambda: caches.stored_bytes)
    gauge("streams", "Streams that are open", lambda: services.streams.readers)
    gauge("queue_windows", "Windows that wait for the transcriber", lambda: engines.queued)
    gauge("engine_busy_seconds", "Time that the transcriber worked", lambda: engines.busy_s)
    gauge("live_streams", "Live streams that are open", lambda: services.live_places.taken)
    services.metrics.collect_from(SchedulerMetrics(engines.report))
