"""Pages that report the state of the server."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.container import Services
from app.domain.errors import UnavailableOptionError
from app.domain.version import __version__
from app.gpu.device import gpu_info
from app.routers.access.api_keys import require_key
from app.routers.dependencies import ServicesDep
from app.routers.described import TEXT, described
from app.routers.raised_errors import raises
from app.routers.server_answers import ModelReport, Ping, ServerHealth, ServerVersion
from app.services.jobs.scheduler_metrics import scheduler_body
from app.services.readiness import Readiness
from app.services.sources.ytdlp.child_process import ytdlp_version
from app.services.translation.llm.endpoint import Endpoint, main_endpoint
from app.services.translation.llm.model_catalog import context_tokens
from app.services.translation.llm.vendors import VENDORS
from app.system.thread_groups import STATUS

router = APIRouter(tags=["health"])

_SERVICE = "cuestream"
_BATCH_SHARE = 0.3
_BATCH_LIMIT = 32_000
"""Source: the extension's upstream backend recommends 30 % of the context, 32,000 at most."""

_PING_STATUS = {"loading": 204, "ready": 200, "stalled": 503, "failed": 503, "draining": 503}


def ping_response(readiness: Readiness) -> Response:
    """Return the health check's answer.

    204 means that models still load, 200 ready, 503 that they could not be loaded, that an engine
    or the disk no longer answers, or that the server is shutting down. A 204 has no body: with one,
    the next poll on the same connection would fail.
    """
    status = _PING_STATUS[readiness.state]
    if status == 204:
        return Response(status_code=204)
    body = {"status": "ok" if status == 200 else readiness.state}
    return JSONResponse(body, status, {"Cache-Control": "no-store"})


def health_router(path: str) -> APIRouter:
    """Return the health check at its usual path and at the configured one."""
    check = APIRouter(tags=["health"])
    others: dict[int, dict[str, Any]] = {204: {"description": "Models still load"}}
    others[503] = {"description": "It must get no requests", "model": Ping}
    for address in dict.fromkeys(("/ping", path)):
        own = "ping" if address == "/ping" else "checkHealth"
        about = described(own, "Say whether this worker may get requests", Ping)
        about["responses"] |= others
        check.add_api_route(address, _ping, methods=["GET"], name=f"ping {address}", **about)
        check.add_api_route(address, _ping, methods=["HEAD"], include_in_schema=False)
    return check


def _health_described() -> dict[str, Any]:
    about = described("getHealth", "Report what works", ServerHealth)
    about["responses"][503] = {"description": "The server cannot work", "model": ServerHealth}
    return about


async def _ping(services: ServicesDep) -> Response:
    """Report to the platform whether this worker may get requests."""
    return ping_response(services.readiness)


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    **_health_described(),
)
async def health(services: ServicesDep) -> JSONResponse:
    """Report to people and the extension's popup what works; 503 with the reason if it cannot."""
    readiness = services.readiness
    failure = readiness.failure or readiness.stalled
    body: dict[str, object] = {
        "status": "error" if failure else "ok",
        "service": _SERVICE,
        "version": __version__,
        "state": readiness.state,
        "features": _features(services),
        "config": _config(services),
        "engines": [dataclasses.asdict(status) for status in readiness.statuses],
        "gpu": await _gpu(readiness),
        "scheduler": await _scheduler(readiness),
        "jobs": {"running": len(services.runner.running), "streams": services.streams.readers},
        "live": services.live_places.taken,
    }
    if failure:
        body["error"] = failure
    return JSONResponse(body, 503 if failure else 200)


@router.get(
    "/api/version",
    dependencies=[Depends(require_key)],
    **described("getVersion", "Say which versions run here", ServerVersion),
)
async def version(services: ServicesDep) -> dict[str, object]:
    """Return the versions that run here."""
    return {
        "version": __version__,
        "build_date": services.settings.server.build_date,
        "platform": f"{services.settings.mode}-{sys.platform}",
        "whisper_backend": _engine(services, "transcriber"),
        "yt_dlp": await STATUS.run(ytdlp_version, services.settings.sources),
        "features": _features(services),
    }


@router.get(
    "/api/model-info",
    dependencies=[Depends(require_key)],
    **described("getModels", "Describe the translation model and every engine", ModelReport),
)
@raises(UnavailableOptionError)
async def model_info(services: ServicesDep) -> dict[str, object]:
    """Return the translation model, its context size and every engine.

    Raises:
        UnavailableOptionError: the provider needs a key and has none.
    """
    endpoint = _language_model(services)
    engines = [dataclasses.asdict(status) for status in services.readiness.statuses]
    if endpoint is None:
        name = _engine(services, "translator")
        return {"model": name, "context_size": None, "api_url": None, "engines": engines}
    if endpoint.key is None and endpoint.vendor.needs_key:
        raise UnavailableOptionError(
            f"No API key for {endpoint.vendor.name} is configured on this server (SERVER_API_KEY)"
        )
    tokens = context_tokens(endpoint.model)
    return {
        "model": endpoint.model,
        "context_size": tokens,
        "recommended_batch_tokens": min(int(tokens * _BATCH_SHARE), _BATCH_LIMIT),
        "api_url": services.settings.translation.server_api_url,
        "engines": engines,
    }


@router.get(
    "/metrics",
    dependencies=[Depends(require_key)],
    **described("getMetrics", "Metrics for Prometheus", content={"text/plain": {"schema": TEXT}}),
)
async def metrics(services: ServicesDep) -> Response:
    """Return the metrics for Prometheus."""
    # The GPU driver is queried, which may take its time to answer.
    text = await STATUS.run(services.metrics.exposition)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _gpu(readiness: Readiness) -> dict[str, object] | None:
    """Return the GPU that the transcriber runs on, with its memory in bytes."""
    if not any(status.device == "cuda" for status in readiness.statuses):
        return None
    # The driver may take its time to answer.
    found = await STATUS.run(gpu_info, "cuda")
    return None if found is None else dataclasses.asdict(found)


async def _scheduler(readiness: Readiness) -> dict[str, object] | None:
    """Return the state of the queue ahead of the device; None while no engine is loaded."""
    report = await STATUS.run(readiness.engine_manager.report)
    return None if report is None else scheduler_body(report)


def _engine(services: Services, role: str) -> str:
    return next(s.name for s in services.readiness.statuses if s.role == role)


def _features(services: Services) -> dict[str, bool]:
    ready = services.readiness.failure is None
    return {"whisper": ready and services.settings.asr.enabled, "tier3": ready, "tier4": ready}


def _config(services: Services) -> dict[str, object] | None:
    endpoint = _language_model(services)
    if endpoint is None:
        return None
    return {"model": endpoint.model, "context_size": context_tokens(endpoint.model)}


def _language_model(services: Services) -> Endpoint | None:
    """Return the language model that translates; None with a translator of another kind."""
    if services.settings.translation.provider not in VENDORS:
        return None
    return main_endpoint(services.settings)
