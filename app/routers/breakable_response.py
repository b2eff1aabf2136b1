"""A streamed response that can end so that its client knows that something is missing."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from asyncio import Transport

BREAK_OFF = "cuestream.break_off"
"""Extension of a request's scope: a function that closes its connection in the middle of a body."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""Source: socket(7), SO_LINGER: on, for 0 s."""


class BrokenOffError(Exception):
    """The rest of a body will not come."""


class BreakableResponse(StreamingResponse):
    """A response whose body may raise `BrokenOffError` to be cut where it is.

    A download that fails must not look like one that is complete: the connection ends without the
    end of the body, which programs report (curl exits with 18 or 56) and proxies pass on.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the base class."""
        try:
            await super().__call__(scope, receive, send)
        except BrokenOffError:
            break_off: Callable[[], None] | None = scope.get("extensions", {}).get(BREAK_OFF)
            if break_off is None:
                return
            break_off()
            while (await receive())["type"] != "http.disconnect":
                continue


def break_off(transport: Transport, http_version: str) -> None:
    """Close a connection in the middle of a body, once what was written is sent.

    A chunked body shows that its end is missing. One of HTTP/1.0 ends with the connection, so
    that has to be reset. Source: RFC 9112, sections 6.3 and 8.
    """
    found: socket.socket | None = transport.get_extra_info("socket")
    if http_version == "1.0" and found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.close()
