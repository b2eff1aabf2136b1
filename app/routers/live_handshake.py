"""The handshake of live streams over WebSocket: who may connect, and who has a place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import WebSocket
from fastapi.responses import JSONResponse

from app.container import Services
from app.domain.errors import CuestreamError, OverloadedError
from app.routers.access.api_keys import matching_key
from app.routers.access.callers import caller_name
from app.routers.access.origins import AllowedOrigins
from app.routers.error_shapes import HttpError

ErrorBody = Callable[[HttpError], dict[str, object]]
"""Makes the JSON of a refusal, in the shape of the door."""


def live_refusal(socket: WebSocket, services: Services) -> HttpError | None:
    """Return why a client may not connect; None where he may."""
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


async def serve_in_place(
    socket: WebSocket, services: Services, serve: Callable[[], Awaitable[None]], body: ErrorBody
) -> None:
    """Serve a client who has a place, or tell him that there is none.

    Args:
        socket: not accepted yet.
        services: of the process.
        serve: accepts and serves it.
        body: of the refusal.
    """
    caller = caller_name(socket)
    try:
        services.live_places.take(caller)
    except OverloadedError as error:
        headers = {"Retry-After": str(error.retry_after_s)}
        await refuse(socket, HttpError(429, error.message, error.code, headers=headers), body)
        return
    try:
        await serve()
    finally:
        services.live_places.free(caller)


async def refuse(socket: WebSocket, error: HttpError, body: ErrorBody) -> None:
    """Answer a handshake with an error."""
    answer = JSONResponse(body(error), error.status, dict(error.headers))
    await socket.send_denial_response(answer)
