"""WebSocket by uvicorn, with bounds that it does not have."""

from __future__ import annotations

from asyncio import Handle, Transport
from typing import cast

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from app.routers.edge.bounded_http import PLACES
from app.routers.edge.bounded_transport import BoundedTransport
from app.system.loop_turns import LoopSlice

_MAX_FRAGMENTS = 256
"""Frames of one message: an empty one costs its sender two bytes and us an object."""

LARGE_MESSAGES: dict[str, int] = {
    "/v1/realtime": 16 * 2**20,
    "/v1/listen": 4 * 2**20,
}
"""Most bytes of a message on paths whose clients send minutes of sound in one."""

_SLICE_BYTES = 2**13
"""Parsed at a time: one read of the event loop may hold forty thousand empty frames."""

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
    """One connection; messages come one by one, each at most ``ws_max_size``.

    What has come is parsed in slices, between which the event loop serves others. Nothing is read
    meanwhile, nor while a peer that sends pings does not take the answers.
    """

    _held_bytes = 0
    _next_slice: Handle | None = None
    _owes_pongs = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin; the transport is that of the request that was upgraded."""
        self._bounded = cast("BoundedTransport", transport)
        self._unparsed = bytearray()
        self._turn = LoopSlice()
        super().connection_made(transport)

    def handle_connect(self, event: Request) -> None:
        """Begin; some paths take larger messages."""
        path = event.path.partition("?")[0].rstrip("/")
        if (most := LARGE_MESSAGES.get(path)) is not None:
            self.conn.max_message_size = most
        super().handle_connect(event)

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        self._unparsed += data
        if self._next_slice is None and not self._owes_pongs:
            self._parse_slice()

    def _parse_slice(self) -> None:
        """Parse some of what has come; a large message needs room that all connections share."""
        self._next_slice = None
        if self._bounded.is_closing():
            self._unparsed.clear()
            return
        data = bytes(self._unparsed[:_SLICE_BYTES])
        del self._unparsed[:_SLICE_BYTES]
        super().data_received(data)
        self._hold(len(self.conn.reader.buffer) + sum(map(len, self.frames)))
        if self._held_bytes > _SMALL_BYTES and _HELD.total > _LARGE_BYTES:
            self._bounded.abort()
        self._go_on()

    def _go_on(self) -> None:
        """Parse what is left, or read on."""
        if self._bounded.is_closing():
            return
        if self._owes_pongs or self._unparsed:
            self._bounded.pause_reading()
            if not self._owes_pongs and self._next_slice is None:
                self._next_slice = self.loop.call_soon(self._parse_slice)
        elif not self.read_paused:
            self._bounded.resume_reading()

    def handle_ping(self) -> None:
        """Answer; where the peer does not take what was written, no more is read until he does."""
        super().handle_ping()
        self._owes_pongs = not self.writable.is_set()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message; the one after it is read once nothing waits any more.

        An application that finds many there would take them all in one turn of the loop.
        """
        if not self.queue.empty():
            await self._turn.pause()
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._go_on()
        return message

    def _hold(self, held_bytes: int) -> None:
        """Count what of a message has come."""
        before, now = (max(0, each - _SMALL_BYTES) for each in (self._held_bytes, held_bytes))
        _HELD.add(now - before)
        self._held_bytes = held_bytes

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._hold(0)
        self._unparsed.clear()
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
        if self._owes_pongs:
            self._owes_pongs = False
            self._go_on()
