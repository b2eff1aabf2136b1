"""A client's WebSocket, to which several tasks send events of JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.websockets import WebSocket, WebSocketDisconnect

NORMAL, GOING_AWAY, POLICY_VIOLATION, INTERNAL_ERROR, TRY_AGAIN_LATER = 1000, 1001, 1008, 1011, 1013
"""Close codes. Source: IANA's WebSocket Close Code Number Registry."""


class EventSocket:
    """Sends events one at a time; what comes after the connection was closed is dropped.

    Args:
        socket: accepted.
    """

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._lock = asyncio.Lock()

    async def send(self, event: Mapping[str, object]) -> None:
        """Send an event as a text message."""
        async with self._lock:
            try:
                await self._socket.send_json(event)
            except (RuntimeError, WebSocketDisconnect):
                return  # the connection was closed meanwhile

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, unless it is closed already."""
        try:
            await self._socket.close(code, reason)
        except (RuntimeError, WebSocketDisconnect):
            return  # it is closed already
