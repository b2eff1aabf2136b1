"""`/v1/listen` over WebSocket: live sound, as Deepgram's clients send it.

Source: Deepgram's API reference, "Transcribe live audio".
"""

from __future__ import annotations

import uuid
from functools import partial

from fastapi import APIRouter, WebSocket

from app.container import Services
from app.domain.errors import CuestreamError, NamedFieldError
from app.routers.deepgram.listen_connection import ListenConnection
from app.routers.deepgram.listen_sound import LIVE_ENCODINGS
from app.routers.deepgram.recording_source import HEADERLESS, check_encoding
from app.routers.dependencies import services_of
from app.routers.error_responses import http_error
from app.routers.error_shapes import HttpError, deepgram_body
from app.routers.live_handshake import live_refusal, refuse, serve_in_place
from app.submission.request_fields import spoken_language
from app.submission.vendors.stream_query import StreamOrder, stream_order

router = APIRouter()

_SCHEMES = ("token", "bearer")
"""Subprotocols that announce a key as the next one: a browser can set no header."""


@router.websocket("/v1/listen")
async def listen_live(socket: WebSocket) -> None:
    """Serve one client; who may not connect gets an HTTP answer with the reason."""
    services = services_of(socket)
    opened = live_refusal(socket, services) or _opened(socket, services)
    if isinstance(opened, HttpError):
        await refuse(socket, opened, deepgram_body)
        return
    await serve_in_place(socket, services, partial(_serve, socket, services, opened), deepgram_body)


def _opened(socket: WebSocket, services: Services) -> StreamOrder | HttpError:
    """Return what a client wants, or why it cannot be done."""
    try:
        order = stream_order(socket.query_params.multi_items())
        if order.query.encoding.lower() not in LIVE_ENCODINGS:
            known = ", ".join(HEADERLESS)
            raise NamedFieldError("encoding", f"{known}, ogg-opus, or none for a container")
        check_encoding(order.query)
        if services.readiness.loaded and order.turns.language is not None:
            spoken = spoken_language(order.turns.language)
            services.readiness.engine_manager.engines.require_language(spoken)
    except CuestreamError as error:
        return http_error(error)
    return order


async def _serve(socket: WebSocket, services: Services, order: StreamOrder) -> None:
    offered = socket.scope.get("subprotocols", [])
    request_id = str(uuid.uuid4())
    headers = [(b"dg-request-id", request_id.encode())]
    scheme = offered[0] if offered and offered[0].lower() in _SCHEMES else None
    await socket.accept(scheme, headers)
    connection = ListenConnection(socket, services, order, request_id)
    services.live_places.enter(connection, connection.leave)
    try:
        await connection.serve()
    finally:
        services.live_places.exit(connection)
