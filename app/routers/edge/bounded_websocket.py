"""WebSocket by uvicorn, with bounds that it does not have."""

from __future__ import annotations

from asyncio import Transport
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from app.routers.edge.bounded_http import PLACES
from app.routers.edge.bounded_transport import BoundedTransport

_MAX_FRAGMENTS = 256
"""Frames of one message: an empty one costs its sender two bytes and us an object."""

LARGE_MESSAGES: dict[str, int] = {
    "/v1/realtime": 16 * 2**20,
    "/v1/listen": 4 * 2**20,
}
"""Most bytes of a message on paths whose clients send minutes of sound in one."""

_LARGE_BYTES = 64 * 2**20
"""All unfinished messages of this worker beyond `_SMALL_BYTES` each, together."""

_SMALL_BYTES = 2**19

_TOO_BIG = 1009
"""Source: RFC 6455 section 7.4.1."""


class _Held:
    """What the unfinished large messages of this worker take."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, count: int) -> None:
        """Count so many bytes more, or less."""
        self.total += count


_HELD = _Held()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One connection; messages come one by one, each at most ``ws_max_size``."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin; the transport is that of the request that was upgraded."""
        self._bounded = cast("BoundedTransport", transport)
        super().connection_made(transport)

    def handle_connect(self, event: Request) -> None:
        """Begin; some paths take larger messages."""
        path = event.path.partition("?")[0].rstrip("/")
        if (most := LARGE_MESSAGES.get(path)) is not None:
            self.conn.max_message_size = most
        super().handle_connect(event)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a large message needs room that all connections share."""
        super().data_received(data)
        self._hold(len(self.conn.reader.buffer) + sum(map(len, self.frames)))
        if self._held_bytes > _SMALL_BYTES and _HELD.total > _LARGE_BYTES:
            self._bounded.abort()

    _held_bytes = 0

    def _hold(self, held_bytes: int) -> None:
        """Count what of a message has come."""
        before, now = (max(0, each - _SMALL_BYTES) for each in (self._held_bytes, held_bytes))
        _HELD.add(now - before)
        self._held_bytes = held_bytes

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._hold(0)
        self._bounded.closed()
        if (places := self.app_state.get(PLACES)) is not None:
            places.leave(self)
        super().connection_lost(exc)

    def evict(self) -> None:
        """Close the connection in favour of another one."""
        self._bounded.abort()

    def handle_cont(self, event: Frame) -> None:
        """Take one more frame of a message."""
        if len(self.frames) >= _MAX_FRAGMENTS:
            self.conn.fail(_TOO_BIG, "too many frames")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def pause_writing(self) -> None:
        """See to it that a peer takes what it gets."""
        super().pause_writing()
        self._bounded.watch_writing()

    def resume_writing(self) -> None:
        """Stop watching."""
        super().resume_writing()
        self._bounded.stop_watching()
