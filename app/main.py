"""The HTTP application: routers, middleware, error handlers, lifespan."""

from __future__ import annotations

import asyncio
import gc
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from asgi_correlation_id import CorrelationIdMiddleware
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from sse_starlette.sse import AppStatus

from app.container import Services, build_services
from app.domain.version import __version__
from app.logs import configure_logs
from app.routers.access.api_keys import require_key
from app.routers.access.client_address import is_trusted_peer
from app.routers.access.path_key import PathKey
from app.routers.api_document import DescribedApi
from app.routers.edge.bounded_http import HEALTH_PATHS, PLACES
from app.routers.edge.connection_places import ConnectionPlaces
from app.routers.edge.request_body import BoundedBodies
from app.routers.edge.response_headers import ResponseHeaders
from app.routers.error_responses import install_error_handlers
from app.routers.health_port import HealthPort
from app.routers.health_routes import health_router
from app.routers.live_socket import mount_live
from app.routers.middleware import AccessLog, CollapseSlashes
from app.routers.route_table import ROUTERS
from app.routers.tus import TUS_EXPOSED_HEADERS
from app.routers.wyoming.wyoming_server import WyomingServer
from app.services.jobs.graceful_shutdown import GracefulShutdown
from app.services.jobs.runtime import JobRuntime
from app.services.readiness import Readiness
from app.services.serving_check import ServingCheck
from app.services.uploads.upload_expiry import UploadExpiry
from app.settings import Settings, unused_variables
from app.submission.film_jobs import FilmJobs
from app.submission.queue.job_queue import JobQueue
from app.submission.queue.webhooks import Webhooks
from app.submission.vendors.transcript_ends import TranscriptEnds
from app.system.file_limit import raise_file_limit

log = structlog.get_logger()

_EXPOSED_HEADERS = (
    "Content-Disposition",
    "Retry-After",
    "X-Job-Id",
    "X-Job-State",
    "X-Notice-Messages",
    "X-Notices",
    "X-Request-ID",
    "X-Runpod-Worker-Id",
    "X-Voice",
)

_BOOT_ERROR = 3
"""gunicorn gives up on a worker that exits with this code, instead of starting it for ever."""

_GC_THRESHOLDS = (10_000, 10, 10)
"""Allocations before a collection of each generation. A full one stops every thread for as long as
what is kept has objects: 100 ms for forty jobs of two thousand cues, and with Python's own
thresholds, counted from an empty heap, it came with every other one of them."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; nothing is loaded before its lifespan begins."""
    settings = settings or Settings()
    configure_logs(settings.server)
    # Streams end with an event of our own; the library would cut them off.
    AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call]
    app = DescribedApi(
        title="Cuestream",
        version=__version__,
        summary="A video goes in, live translated subtitles come out.",
        lifespan=_lifespan,
        strict_content_type=False,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    install_error_handlers(app, require_key)
    app.include_router(health_router(settings.server.health_check_path))
    for router in ROUTERS:
        app.include_router(router)
    mount_live(app, settings)
    _install_middleware(app, settings)
    return app


def _install_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the middleware; the one added last is passed first."""
    app.add_middleware(BoundedBodies)
    app.add_middleware(CollapseSlashes)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.server.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=[*_EXPOSED_HEADERS, *TUS_EXPOSED_HEADERS],
    )
    app.add_middleware(ResponseHeaders)
    app.add_middleware(AccessLog)
    app.add_middleware(CorrelationIdMiddleware, header_name="X-Request-ID", validator=_is_plain)
    app.add_middleware(PathKey)


def _is_plain(request_id: str) -> bool:
    """Whether a caller's request id may be echoed and logged."""
    return re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", request_id) is not None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, object]]:
    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        services = build_services(settings, stack)
        _expire_uploads(services, stack)
        await attach_services(app, services, stack)
        _warn_if_open(settings)
        _warn_if_unused(settings)
        loading = asyncio.create_task(_load_engines(services), name="load")
        stack.callback(loading.cancel)
        GracefulShutdown(
            services.readiness,
            services.runner,
            services.streams,
            settings.server.shutdown_finish_s,
            partial(_leave_live, services),
            app.state.queue.leave,
        ).install()
        _check_serving(services, stack)
        _open_health_port(services, stack)
        await _open_wyoming(services, stack)
        yield _connection_bounds(settings)


async def attach_services(app: FastAPI, services: Services, stack: AsyncExitStack) -> None:
    """Give an application its services, with or without a server ahead of it.

    Args:
        app: of `create_app`.
        services: of the process.
        stack: closes what this opens.
    """
    app.state.services = services
    services.streams.start()
    services.files.start()
    services.operations.start()
    stack.push_async_callback(services.operations.close)
    stack.push_async_callback(services.files.close)
    stack.push_async_callback(services.streams.close)
    stack.push_async_callback(services.runner.close)
    stack.push_async_callback(services.live_sessions.close)
    webhooks = Webhooks(services.settings, services.settings.caches.folder / "webhooks")
    webhooks.start()
    stack.push_async_callback(webhooks.close)
    app.state.webhooks = webhooks
    queue = app.state.queue = JobQueue(services, app, webhooks.tell)
    stack.push_async_callback(queue.close)
    ends = TranscriptEnds(services, webhooks)
    stack.push_async_callback(ends.close)
    services.runner.on_expiry = queue.expired
    services.runner.on_claim = partial(_begun, queue, ends)
    services.runner.take_calls(queue.calls.begin)
    app.state.film_jobs = FilmJobs(services)
    await services.runner.open()


def _begun(queue: JobQueue, ends: TranscriptEnds, job: JobRuntime) -> None:
    """Notify the queue and the transcripts of a job that this process begins."""
    queue.begun(job)
    ends.begun(job)


def _connection_bounds(settings: Settings) -> dict[str, object]:
    """Return what the protocol of each connection needs."""
    limit = min(settings.server.max_connections, raise_file_limit() // 2)
    paths = {path.encode() for path in ("/ping", settings.server.health_check_path)}
    is_proxy = partial(is_trusted_peer, trusted=settings.trusted_proxies)
    return {PLACES: ConnectionPlaces(limit, is_proxy), HEALTH_PATHS: frozenset(paths)}


async def _open_wyoming(services: Services, stack: AsyncExitStack) -> None:
    """Listen for Home Assistant; a port that cannot be opened is logged, and all else goes on."""
    port = services.settings.wyoming.port
    if port is None:
        return
    server = WyomingServer(services, port)
    try:
        await server.start()
    except OSError as error:
        log.error("wyoming cannot listen", port=port, reason=error.strerror)
        return
    services.live_places.enter(server, server.leave)
    stack.push_async_callback(server.leave)


async def _leave_live(services: Services) -> None:
    """End every live stream, whichever door it came by, with a notice of the shutdown."""
    await asyncio.gather(services.live_sessions.leave(), services.live_places.leave())


async def _load_engines(services: Services) -> None:
    readiness = services.readiness
    await readiness.load()
    if readiness.failure is None:
        # Modules and models stay: a full collection, during which nothing else runs, skips them.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLDS)
        log.info("ready", engines=_loaded(readiness))
        return
    exit_after_s = services.settings.server.load_failure_exit_s
    if exit_after_s:
        await asyncio.sleep(exit_after_s)
        log.error("giving up", reason=readiness.failure)
        # The supervisor must see the failure; no request has been served that could be lost.
        os._exit(_BOOT_ERROR)


def _loaded(readiness: Readiness) -> list[str]:
    ready = (status for status in readiness.statuses if status.state == "ready")
    return [f"{each.role}: {each.name} {each.device or ''}".rstrip() for each in ready]


def _expire_uploads(services: Services, stack: AsyncExitStack) -> None:
    expiry = UploadExpiry(services.uploads.folder, services.settings.uploads)
    expiry.start()
    stack.push_async_callback(expiry.close)


def _check_serving(services: Services, stack: AsyncExitStack) -> None:
    stall_s = services.settings.scheduler.stall_s
    check = ServingCheck(services.readiness, services.workdir.path, stall_s)
    check.start()
    stack.push_async_callback(check.close)


def _open_health_port(services: Services, stack: AsyncExitStack) -> None:
    server = services.settings.server
    if server.port_health is None or server.port_health == services.settings.port:
        return
    port = HealthPort(services.readiness, server.host, server.port_health, server.health_check_path)
    port.start()
    stack.push_async_callback(port.close)


def _warn_if_unused(settings: Settings) -> None:
    """Log which variables are set without effect, and which translator the others chose."""
    for text in unused_variables(settings):
        log.warning(text)
    log.info("translator", provider=settings.translation.provider)


def _warn_if_open(settings: Settings) -> None:
    has_documents = settings.batch.supabase_url or settings.batch.supabase_transport
    if has_documents and not settings.access.api_keys:
        log.warning(
            "SUPABASE_URL is set and API_KEYS is not: everybody who reaches this server may have "
            "it work on batches, and delete messages of its queues"
        )
    if settings.mode == "pod" and not settings.access.api_keys:
        log.warning(
            "THIS POD IS OPEN TO EVERYBODY: its proxy address is public and API_KEYS is not set"
        )
