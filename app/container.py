"""Builds every service from the settings; knows no HTTP, so that a worker can use it too."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from app.gpu.engine_manager import EngineManager
from app.services.cache.caches import open_caches
from app.services.captions.lookup_cache import CaptionLookupCache
from app.services.feedback_book import FeedbackStore
from app.services.jobs.metrics import Metrics
from app.services.jobs.runner import JobRunner
from app.services.jobs.scheduler_metrics import DeviceMetrics
from app.services.jobs.streams import StreamHub
from app.services.live.sessions import LiveSessions
from app.services.rate_limits import RateLimits
from app.services.readiness import Readiness
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers, open_ledgers
from app.services.tts.speaker import SpeechSynthesizer
from app.services.uploads.upload_store import UploadStore
from app.settings import Settings
from app.system.workdir import WorkDir


@dataclass(frozen=True, slots=True)
class Services:
    """Every service of one process, built once by `build_services`."""

    settings: Settings
    readiness: Readiness
    runner: JobRunner
    hub: StreamHub
    metrics: Metrics
    workdir: WorkDir
    opener: MediaOpener
    caption_lookups: CaptionLookupCache
    limits: RateLimits
    uploads: UploadStore
    speaker: SpeechSynthesizer
    feedback: FeedbackStore
    live: LiveSessions
    ledgers: CallerLedgers


def build_services(settings: Settings, stack: AsyncExitStack) -> Services:
    """Build the services; nothing is loaded before `Readiness.load`.

    Args:
        settings: of the process.
        stack: closes what was built, in reverse order.

    Raises:
        StorageError: the folder for temporary files cannot be made.
    """
    workdir = WorkDir.open(settings.sources.work_dir)
    stack.callback(workdir.close)
    room = EngineManager(settings)
    stack.push_async_callback(asyncio.to_thread, room.close)
    metrics = Metrics()
    caches = open_caches(settings, metrics.cache_looked_up)
    caches.start()
    stack.push_async_callback(caches.close)
    opener = MediaOpener(settings, workdir, caches)
    readiness = Readiness(settings, room, opener)
    stack.push_async_callback(readiness.close)
    ledgers = open_ledgers(settings, metrics.model_paid)
    runner = JobRunner(settings, readiness, opener, caches, metrics, workdir, ledgers)
    hub = StreamHub(settings.jobs)
    metrics.gauge("cache_bytes", "Size of the cache", lambda: caches.kept_bytes)
    metrics.gauge("streams", "Streams that are open", lambda: hub.readers)
    metrics.gauge("queue_windows", "Windows that wait for the transcriber", lambda: room.queued)
    metrics.gauge("engine_busy_seconds", "Time that the transcriber worked", lambda: room.busy_s)
    metrics.collect_from(DeviceMetrics(room.report))
    limits = RateLimits(settings.limits)
    speaker = SpeechSynthesizer(
        settings, caches.store if settings.caches.cache_max_size_mb else None
    )
    stack.push_async_callback(speaker.close)
    caption_lookups = CaptionLookupCache(opener)
    stack.push_async_callback(caption_lookups.close)
    uploads = UploadStore(settings.caches.folder / "uploads", settings.uploads)
    live = LiveSessions(settings, readiness)
    metrics.gauge("live_streams", "Live streams that are open", lambda: live.sessions)
    return Services(
        settings=settings,
        readiness=readiness,
        runner=runner,
        hub=hub,
        metrics=metrics,
        workdir=workdir,
        opener=opener,
        caption_lookups=caption_lookups,
        limits=limits,
        uploads=uploads,
        speaker=speaker,
        feedback=FeedbackStore(settings.caches.folder),
        live=live,
        ledgers=ledgers,
    )
