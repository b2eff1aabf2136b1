"""WebSocket by uvicorn, with bounds that it does not have."""

from __future__ import annotations

from asyncio import Transport
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from app.routers.edge.bounded_http import PLACES
from app.routers.edge.bounded_transport import BoundedTransport

_MAX_FRAGMENTS = 256
"""Frames of one message: an empty one costs its sender two bytes and us an object."""

_TOO_BIG = 1009
"""Source: RFC 6455 section 7.4.1."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """One connection; messages come one by one, each at most ``ws_max_size``."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin; the transport is that of the request that was upgraded."""
        self._bounded = cast("BoundedTransport", transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
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
