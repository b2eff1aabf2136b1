"""`/v1/realtime`: transcription over WebSocket, as OpenAI's SDKs and vLLM's clients ask for it."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, WebSocket

from app.container import Services
from app.routers.dependencies import services_of
from app.routers.error_shapes import openai_body
from app.routers.live_handshake import live_refusal, refuse, serve_in_place
from app.routers.realtime.realtime_connection import RealtimeConnection

router = APIRouter()

_PROTOCOL = "realtime"


@router.websocket("/v1/realtime")
async def realtime(socket: WebSocket) -> None:
    """Serve one client; who may not connect gets an HTTP answer with the reason."""
    services = services_of(socket)
    refusal = live_refusal(socket, services)
    if refusal is not None:
        await refuse(socket, refusal, openai_body)
        return
    await serve_in_place(socket, services, partial(_serve, socket, services), openai_body)


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
