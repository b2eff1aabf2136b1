"""The composition root: settings in, an application out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from sse_starlette.sse import AppStatus

from app import __version__
from app.gpu.engine_room import EngineRoom
from app.health_port import HealthPort
from app.logs import configure_logs
from app.routers import (
    feedback,
    health,
    jobs,
    process,
    queue,
    render,
    subtitles,
    transcribe,
    translate,
    tts,
    uploads,
    usage,
)
from app.routers.deps import Services
from app.routers.errors import install_error_handlers
from app.routers.live import mount_live
from app.routers.middleware import AccessLog, BodyLimit, CollapseSlashes
from app.routers.tus import EXPOSED_HEADERS
from app.services.captions.shelf import SidecarShelf
from app.services.device_metrics import DeviceMetrics
from app.services.drain import Drain
from app.services.feedback import FeedbackBook
from app.services.job_runner import JobRunner
from app.services.live.hub import LiveHub
from app.services.metrics import Metrics
from app.services.rate_limits import RateLimits
from app.services.readiness import Readiness
from app.services.sources.opening import MediaOpener
from app.services.speech.speaker import Speaker
from app.services.store.caches import open_caches
from app.services.streams import StreamHub
from app.services.translation.accounts import open_ledgers
from app.services.uploads.expiry import UploadExpiry
from app.services.uploads.store import UploadStore
from app.services.workdir import WorkDir
from app.settings import Settings

log = structlog.get_logger()

_EXPOSED_HEADERS = ("X-Job-Id", "X-Request-ID", "X-Runpod-Worker-Id", "Retry-After")
_BOOT_ERROR = 3
"""gunicorn gives up on a worker that exits with this code, instead of starting it for ever."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; nothing is loaded before its lifespan begins."""
    settings = settings or Settings()
    configure_logs(settings.server)
    # Streams end by our own farewell; the library would cut them off.
    AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]
    app = FastAPI(
        title="Cuestream",
        version=__version__,
        summary="A video goes in, live translated subtitles come out.",
        lifespan=_lifespan,
    )
    app.state.settings = settings
    install_error_handlers(app)
    for router in (
        health.health_router(settings.server.health_check_path),
        health.router,
        process.router,
        transcribe.router,
        subtitles.router,
        jobs.router,
        queue.router,
        render.router,
        translate.router,
        usage.router,
        tts.router,
        feedback.router,
        uploads.abilities,
        uploads.router,
    ):
        app.include_router(router)
    mount_live(app, settings)
    _install_middleware(app, settings)
    return app


def _install_middleware(app: FastAPI, settings: Settings) -> None:
    """Add what every request passes; the last one added is the first one passed."""
    app.add_middleware(
        BodyLimit,
        json_bytes=settings.server.max_json_mb * 2**20,
        upload_bytes=settings.max_upload_bytes,
    )
    app.add_middleware(CollapseSlashes)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.server.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=[*_EXPOSED_HEADERS, *EXPOSED_HEADERS],
    )
    app.add_middleware(AccessLog)
    app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-ID", validator=_is_plain)


def _is_plain(request_id: str) -> bool:
    """Whether a caller's request id may be echoed and logged."""
    return 0 < len(request_id) <= 128 and all(c.isalnum() or c in "-_." for c in request_id)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        services = _build_services(settings, stack)
        app.state.services = services
        services.hub.start()
        expiry = UploadExpiry(services.uploads.folder, settings.uploads)
        expiry.start()
        stack.push_async_callback(expiry.close)
        stack.push_async_callback(services.hub.close)
        stack.push_async_callback(services.runner.close)
        stack.push_async_callback(services.live.close)
        _warn_if_open(settings)
        loading = asyncio.create_task(_load(services), name="load")
        stack.callback(loading.cancel)
        Drain(
            services.readiness,
            services.runner,
            services.hub,
            settings.server.shutdown_finish_s,
            services.live.leave,
        ).install()
        _open_health_port(services, stack)
        yield


def _build_services(settings: Settings, stack: AsyncExitStack) -> Services:
    workdir = WorkDir.open(settings.sources.work_dir)
    stack.callback(workdir.close)
    room = EngineRoom(settings)
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
    speaker = Speaker(settings, caches.store if settings.caches.cache_max_size_mb else None)
    stack.push_async_callback(speaker.close)
    sidecars = SidecarShelf(opener)
    stack.push_async_callback(sidecars.close)
    uploads = UploadStore(settings.caches.folder / "uploads", settings.uploads)
    live = LiveHub(settings, readiness)
    metrics.gauge("live_streams", "Live streams that are open", lambda: live.sessions)
    return Services(
        settings=settings,
        readiness=readiness,
        runner=runner,
        hub=hub,
        metrics=metrics,
        workdir=workdir,
        opener=opener,
        sidecars=sidecars,
        limits=limits,
        uploads=uploads,
        speaker=speaker,
        feedback=FeedbackBook(settings.caches.folder),
        live=live,
        ledgers=ledgers,
    )


async def _load(services: Services) -> None:
    readiness = services.readiness
    await readiness.load()
    if readiness.failure is None:
        log.info("ready", engines=[f"{s.role}: {s.name} {s.device}" for s in readiness.statuses])
        return
    stay_s = services.settings.server.load_failure_exit_s
    if stay_s:
        await asyncio.sleep(stay_s)
        log.error("giving up", reason=readiness.failure)
        # The supervisor must see the failure; nothing has been served that could be lost.
        os._exit(_BOOT_ERROR)


def _open_health_port(services: Services, stack: AsyncExitStack) -> None:
    server = services.settings.server
    if server.port_health is None or server.port_health == services.settings.port:
        return
    port = HealthPort(services.readiness, server.host, server.port_health, server.health_check_path)
    port.start()
    stack.push_async_callback(port.close)


def _warn_if_open(settings: Settings) -> None:
    if settings.mode == "pod" and not settings.access.api_keys:
        log.warning(
            "THIS POD IS OPEN TO EVERYBODY: its proxy address is public and API_KEYS is not set"
        )
