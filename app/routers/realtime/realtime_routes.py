"""`/v1/realtime`: transcription over WebSocket, as OpenAI's SDKs and vLLM's clients ask for it."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket
from fastapi.responses import JSONResponse

from app.container import Services
from app.domain.errors import CuestreamError, OverloadedError
from app.routers.access.api_keys import matching_key
from app.routers.access.callers import caller_name
from app.routers.access.origins import AllowedOrigins
from app.routers.dependencies import services_of
from app.routers.error_shapes import HttpError, openai_body
from app.routers.realtime.realtime_connection import RealtimeConnection

router = APIRouter()

_PROTOCOL = "realtime"


@router.websocket("/v1/realtime")
async def realtime(socket: WebSocket) -> None:
    """Serve one client; who may not connect gets an HTTP answer with the reason."""
    services = services_of(socket)
    refusal = _refusal(socket, services)
    if refusal is not None:
        await _refuse(socket, refusal)
        return
    await _serve_in_place(socket, services)


async def _serve_in_place(socket: WebSocket, services: Services) -> None:
    """Serve a client who has a place, or tell him that there is none."""
    caller = caller_name(socket)
    try:
        services.live_places.take(caller)
    except OverloadedError as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        await _refuse(socket, HttpError(429, error.message, error.code, headers=headers))
        return
    try:
        await _serve(socket, services)
    finally:
        services.live_places.free(caller)


async def _serve(socket: WebSocket, services: Services) -> None:
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(_PROTOCOL if _PROTOCOL in offered else None)
    header = socket.headers.get("openai-beta", "")
    flat = "realtime=v1" in header or "openai-beta.realtime-v1" in offered
    connection = RealtimeConnection(socket, services, flat=flat)
    services.live_places.enter(connection, connection.leave)
    try:
        await connection.serve()
    finally:
        services.live_places.exit(connection)


def _refusal(socket: WebSocket, services: Services) -> HttpError | None:
    settings = services.settings
    if settings.access.api_keys and matching_key(socket) is None:
        return HttpError(401, "A valid API key is required", "invalid_api_key")
    if not settings.live.enabled:
        return HttpError(404, "Live captions are off on this server", "not_found")
    origin = socket.headers.get("origin")
    if not AllowedOrigins(settings.server.cors_origins)(origin):
        return HttpError(403, "Pages of this origin may not connect", "forbidden")
    try:
        services.readiness.admit()
    except CuestreamError as error:
        return HttpError(503, error.message, error.code)
    return None


async def _refuse(socket: WebSocket, error: HttpError) -> None:
    answer = JSONResponse(openai_body(error), error.status, dict(error.headers))
    await socket.send_denial_response(answer)
