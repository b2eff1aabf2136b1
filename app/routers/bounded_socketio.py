"""A Socket.IO server whose clients hold only so much.

Of python-socketio's defaults these are changed: any number of attachments, an open root namespace,
connections that never ask for a namespace, answers that nobody reads, and a traceback in the log
for every packet that cannot be read. The connections below are bounded by `bounded_engineio`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import engineio
import socketio
from socketio.packet import BINARY_EVENT, CONNECT, DISCONNECT, EVENT

from app.domain.json_text import read_json
from app.routers.bounded_engineio import BoundedEngine

_MAX_ATTACHMENTS = 1
"""Of one event: a chunk of sound."""

_PERMISSION_S = 10.0
"""A client has to be in a namespace so long after it has connected."""

_CONNECTIONS_PER_PLACE = 4
"""More clients may be connected than there are streams."""


class BadPacketError(ValueError):
    """A packet that no client of ours sends."""


class _BoundedJson:
    """The functions of `json` that packets use."""

    loads: ClassVar[Any] = staticmethod(read_json)
    dumps: ClassVar[Any] = staticmethod(json.dumps)


class _BoundedPacket(socketio.packet.Packet):  # type: ignore[misc]
    """A packet as clients send it: an event with one attachment at most, or a connection."""

    json = _BoundedJson

    def decode(self, encoded_packet: str | bytes) -> int:
        """Decode a packet; return the number of attachments to come.

        Raises:
            BadPacketError: it is stranger than any client's.
        """
        if not isinstance(encoded_packet, str):
            raise BadPacketError("an attachment without its event")
        try:
            count = int(super().decode(encoded_packet))
        except ValueError:
            raise BadPacketError("no packet") from None
        if count > _MAX_ATTACHMENTS or not self._is_known():
            raise BadPacketError("another packet than clients send")
        return count

    def add_attachment(self, attachment: bytes) -> bool:
        """Add the attachment; return whether it was the last one.

        Raises:
            BadPacketError: the event has no place for it.
        """
        try:
            return bool(super().add_attachment(attachment))
        except (TypeError, LookupError, ValueError):
            raise BadPacketError("no place for the attachment") from None

    def _is_known(self) -> bool:
        match self.packet_type:
            case t if t in (EVENT, BINARY_EVENT):
                return isinstance(self.data, list) and isinstance((self.data or [None])[0], str)
            case t if t == CONNECT:
                return self.data is None or isinstance(self.data, dict)
            case t:
                return bool(t == DISCONNECT)


class BoundedSocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """A Socket.IO server with these bounds.

    Args:
        namespaces: that a client may connect to.
        places: streams at a time; `_CONNECTIONS_PER_PLACE` clients may be connected for each.
        options: as in the base class.
    """

    def __init__(self, namespaces: Sequence[str], places: int, **options: Any) -> None:
        super().__init__(namespaces=list(namespaces), serializer=_BoundedPacket, **options)
        self.eio.max_connections = places * _CONNECTIONS_PER_PLACE
        self._deadlines: dict[str, asyncio.TimerHandle] = {}

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return BoundedEngine

    async def _handle_eio_connect(self, eio_sid: str, environ: Mapping[str, Any]) -> Any:
        loop = asyncio.get_running_loop()
        self._deadlines[eio_sid] = loop.call_later(_PERMISSION_S, self._check_permitted, eio_sid)
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """Handle a message; a client that sends what no client sends is disconnected."""
        try:
            if not self._is_permitted(eio_sid) and not _asks_for_namespace(data):
                raise BadPacketError("not in a namespace yet")
            await super()._handle_eio_message(eio_sid, data)
        except BadPacketError as error:
            self.eio.drop(eio_sid, str(error))

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        deadline = self._deadlines.pop(eio_sid, None)
        if deadline is not None:
            deadline.cancel()
        self._binary_packet.pop(eio_sid, None)
        await super()._handle_eio_disconnect(eio_sid, reason)

    def _is_permitted(self, eio_sid: str) -> bool:
        return any(
            self.manager.is_connected(self.manager.sid_from_eio_sid(eio_sid, name), name)
            for name in self.namespaces
        )

    def _check_permitted(self, eio_sid: str) -> None:
        if not self._is_permitted(eio_sid):
            self.eio.drop(eio_sid, "in no namespace in time")


def _asks_for_namespace(data: str | bytes) -> bool:
    return isinstance(data, str) and data.startswith(str(CONNECT))
