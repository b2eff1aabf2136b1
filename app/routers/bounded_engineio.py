"""Engine.IO connections whose number, messages and unsent answers are bounded."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import engineio
from engineio.async_drivers.asgi import WebSocket
from starlette.requests import HTTPConnection

from app.domain.errors import BadRequestError
from app.routers.access.callers import caller_name
from app.routers.edge.refusal_log import RefusalLog

_MAX_TEXT_CHARS = 16_384
"""Of one text message: the options of an event, or a key. Sound comes as bytes."""

_TEXT = re.compile(r"[13]|4[0-6]")
"""How a client's text message begins: close and pong, which are empty, or a Socket.IO packet."""

_MAX_UNSENT = 256
"""Messages that wait for one client; more than any that reads ever has."""

_SHARE = 2
"""A caller gets one of so many connections."""

_FAREWELL_S = 1.0
_TRY_AGAIN_LATER = 1013
"""Source: the WebSocket close codes of IANA."""


class _BoundedDriver(WebSocket):  # type: ignore[misc]
    """Receives the messages of one connection; OSError ends it in good order."""

    async def __call__(self, environ: Mapping[str, Any]) -> Any:
        """Serve the connection to its end."""
        client = self.handler.__self__
        client.server.drivers[client.sid] = self
        try:
            return await super().__call__(environ)
        finally:
            del client.server.drivers[client.sid]

    async def wait(self) -> str | bytes:
        """Return the next message.

        Raises:
            OSError: there is none, or it is none that a client sends.
        """
        message: str | bytes = await super().wait()
        client = self.handler.__self__
        if client.closing or (isinstance(message, str) and not _is_sound(message)):
            raise OSError("no message of a client")
        return message


class BoundedEngine(engineio.AsyncServer):  # type: ignore[misc]
    """An Engine.IO server for WebSocket alone.

    Attributes:
        max_connections: at a time; one caller gets half of them.
        drivers: of the connections, by id.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async = {**self._async, "websocket": _BoundedDriver}  # type: ignore[has-type]
        self.max_connections = 0
        self.drivers: dict[str, _BoundedDriver] = {}
        self._callers: Counter[str] = Counter()
        self._dropping: dict[str, asyncio.Task[None]] = {}
        self._refusals = RefusalLog("live connections refused")

    async def handle_request(self, scope: Any, receive: Any, send: Any) -> Any:
        """Serve a connection to its end, if there is a place for it.

        Raises:
            BadRequestError: it is no WebSocket.
        """
        if scope["type"] != "websocket":
            raise BadRequestError("Only WebSocket connections are served here")
        caller = caller_name(HTTPConnection(scope))
        share = max(1, self.max_connections // _SHARE)
        if self._callers.total() >= self.max_connections or self._callers[caller] >= share:
            self._refusals.note("too many connections")
            return await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
        self._callers[caller] += 1
        try:
            return await super().handle_request(scope, receive, send)
        finally:
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]

    async def send_packet(self, sid: str, pkt: Any) -> None:
        """Send a packet; a client that does not read is disconnected."""
        client = self.sockets.get(sid)
        if client is not None and client.queue.qsize() >= _MAX_UNSENT:
            self.drop(sid, "answers are not read")
            return
        await super().send_packet(sid, pkt)

    def drop(self, sid: str, reason: str) -> None:
        """Disconnect a client, without waiting for it."""
        if sid not in self._dropping:
            self._refusals.note(reason)
            self._dropping[sid] = asyncio.create_task(self._drop(sid), name="live-drop")

    async def _drop(self, sid: str) -> None:
        client, driver = self.sockets.get(sid), self.drivers.get(sid)
        try:
            if client is not None:
                await client.close(wait=False, reason=self.reason.SERVER_DISCONNECT)
            if driver is not None:
                await asyncio.sleep(_FAREWELL_S)
                await driver.close()
        finally:
            del self._dropping[sid]


def _is_sound(message: str) -> bool:
    """Whether a text message has the form of a client's."""
    if len(message) > _MAX_TEXT_CHARS:
        return False
    found = _TEXT.match(message)
    return found is not None and (message[0] == "4" or len(message) == 1)
