"""HTTP/1.1 by uvicorn and httptools, with bounds that they do not have.

The parser of httptools has no limit on a request line or a header section, and uvicorn no deadline
for them. Bounded here: the bytes and the number of headers, the time until a request's head is
there, the time for a body that nobody reads, the requests that wait on one connection, the number
of connections, and the time that a peer may leave an answer in our memory.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.domain.errors import (
    BadRequestError,
    CuestreamError,
    HeadersTooLargeError,
    OverloadedError,
    RequestTimeoutError,
)
from app.routers.breakable_response import BREAK_OFF, break_off
from app.routers.edge.bounded_transport import CLOSE_S, BoundedTransport
from app.routers.edge.close_delimited import CloseDelimitedCycle
from app.routers.edge.connection_places import ConnectionPlaces, Evictable
from app.routers.edge.response_headers import SECURITY_HEADERS
from app.routers.error_responses import http_error
from app.routers.error_shapes import native_body

if TYPE_CHECKING:
    from asyncio import Transport

MAX_HEAD_BYTES = 2**16
"""Of a request line and its headers, trailers included; what h11 and most gateways allow."""

MAX_HEADERS = 100
"""Apache's LimitRequestFields and gunicorn's limit_request_fields."""

HEAD_S = 20.0
"""A request's head has to be there so long after its first byte, the first one so long after the
connection. Source: Apache's mod_reqtimeout allows 20 s for the first bytes of a head."""

_FRAMING_BYTES = 16
"""Of chunked encoding, for each byte of the body; a chunk of one byte has five, a trailer and an
extension of a chunk have no end."""

_MAX_PIPELINED = 8
_RETRY_AFTER_S = 5
PLACES = "connection_places"
HEALTH_PATHS = "health_paths"
"""Keys of the application's lifespan state."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection; see the module."""

    _places: ConnectionPlaces | None
    _bounded: BoundedTransport

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        self._bounded = BoundedTransport(transport, self._is_receiving)
        self._in_head = True
        self._head_begun = False
        self._raw_bytes = self._head_bytes = self._headers_seen = 0
        self._refusal: CuestreamError | None = None
        self._timer: asyncio.TimerHandle | None = None
        super().connection_made(cast("Transport", self._bounded))
        self._places = self.app_state.get(PLACES)
        if self._places is not None:
            self._places.enter(self, self.client[0] if self.client else "")
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._stop_timer()
        self._bounded.closed()
        if self._places is not None:
            self._places.leave(self)
        super().connection_lost(exc)

    def evict(self) -> None:
        """Close the connection in favour of another one."""
        if self._is_receiving():
            self._bounded.abort()
        else:
            self._bounded.close()

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it is more than a head may have."""
        if self._bounded.is_closing():
            self._bounded.drop(len(data))
            return
        self._unset_keepalive_if_required()
        if self._in_head and self._timer is None:
            self._await_head()
        self._raw_bytes += len(data)
        if self._raw_bytes > MAX_HEAD_BYTES + len(data):
            self._refuse(_too_large())
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._upgrade()
        except httptools.HttpParserError:
            self._refuse(self._refusal or BadRequestError("Invalid HTTP request"))

    # Callbacks of the parser: what they raise reaches data_received as HttpParserError.

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head = self._head_begun = True
        self._head_bytes = self._headers_seen = 0
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise ValueError("too many requests wait")

    def on_url(self, url: bytes) -> None:
        """Count a piece of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer."""
        self._headers_seen += 1
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin the request."""
        self._in_head = self._head_begun = False
        self._raw_bytes = 0
        self._stop_timer()
        if self._places is not None and self._places.work(self):
            self._check_surplus(self._places)
        super().on_headers_complete()
        version = self.parser.get_http_version()
        if version == "1.0" and self.cycle is not None:
            self.cycle.__class__ = CloseDelimitedCycle
        cast("dict[str, Any]", self.scope)["extensions"] = {
            BREAK_OFF: partial(break_off, self.transport, version)
        }

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body: it pays for the framing around it."""
        self._raw_bytes = max(0, self._raw_bytes - _FRAMING_BYTES * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the request is there as a whole."""
        super().on_message_complete()
        self._in_head = True
        self._raw_bytes = 0
        if self.cycle is not None and self.cycle.response_complete:
            self._wait_for_next()

    def on_response_complete(self) -> None:
        """Wait for the next request; the rest of this one's body has `CLOSE_S`."""
        super().on_response_complete()
        if self._bounded.is_closing():
            return
        if not self._in_head:
            self._restart_timer(CLOSE_S, self._bounded.close)
        elif self._is_receiving():
            self._await_head()
        elif self.cycle.response_complete:
            self._wait_for_next()

    def pause_writing(self) -> None:
        """See to it that a peer takes its answer."""
        super().pause_writing()
        self._bounded.watch_writing()

    def resume_writing(self) -> None:
        """Stop watching."""
        super().resume_writing()
        self._bounded.stop_watching()

    def _upgrade(self) -> None:
        self._stop_timer()
        if self._should_upgrade():
            self.handle_websocket_upgrade()
            if self._places is not None:
                self._places.replace(self, cast("Evictable", self.transport.get_protocol()))
        else:
            self._unsupported_upgrade_warning()

    def _check_surplus(self, places: ConnectionPlaces) -> None:
        """Refuse a request of a surplus connection unless it is a health check."""
        path = self.url.partition(b"?")[0]
        if path not in self.app_state.get(HEALTH_PATHS, ()):
            places.refuse("no place left")
            self._refusal = OverloadedError("Too many connections", _RETRY_AFTER_S)
            raise ValueError("surplus")

    def _count(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > MAX_HEAD_BYTES or self._headers_seen > MAX_HEADERS:
            self._refusal = _too_large()
            raise ValueError("too large")

    def _is_receiving(self) -> bool:
        """Whether a request has begun and is not there as a whole."""
        return not self._in_head or self._head_begun or self._raw_bytes > 0

    def _await_head(self) -> None:
        self._restart_timer(HEAD_S, self._head_is_late)

    def _head_is_late(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # An answer goes on; the head behind it has bounds of its own.
            return
        if self._places is not None:
            self._places.refuse("slow request")
        if self._is_receiving():
            self._refuse(RequestTimeoutError("The request came too slowly"))
        else:
            self._bounded.close()

    def _wait_for_next(self) -> None:
        self._stop_timer()
        if self._places is not None:
            self._places.wait(self)
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _refuse(self, error: CuestreamError) -> None:
        """Answer with an error and close; in the middle of another answer close alone."""
        self._stop_timer()
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_refusal(error))
            if self.cycle is not None:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
        self._raw_bytes = max(self._raw_bytes, 1)
        self._bounded.close()

    def _restart_timer(self, seconds: float, call: Any) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, call)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _too_large() -> HeadersTooLargeError:
    return HeadersTooLargeError("The request line or the headers are too large")


def _refusal(error: CuestreamError) -> bytes:
    """Return a whole answer."""
    found = http_error(error)
    body = json.dumps(native_body(found)).encode()
    headers = [
        *((name.encode(), value.encode()) for name, value in found.headers.items()),
        *SECURITY_HEADERS,
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if b"Connection" not in dict(headers):
        headers.append((b"connection", b"close"))
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"".join([STATUS_LINE[found.status], *lines, b"\r\n", body])
