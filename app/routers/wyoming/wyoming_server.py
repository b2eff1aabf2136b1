"""Listener of Wyoming, for Home Assistant."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

import structlog

from app.container import Services
from app.routers.access.client_address import client_address, subscriber
from app.routers.wyoming.wyoming_connection import WyomingConnection
from app.routers.wyoming.wyoming_frames import MAX_LINE_BYTES
from app.system.fair_places import FairPlaces

log = structlog.get_logger()

_FAREWELL_S = 0.5
"""A client has so long to take what was written, while what he sends is dropped."""

_DROPPED_BYTES = 2**16

_SHARE = 2
"""An address gets one of so many connections, and of so many places of utterances."""


class WyomingServer:
    """Listens while the application lives.

    Args:
        services: of the process.
        port: to listen on.
    """

    def __init__(self, services: Services, port: int) -> None:
        self._services, self._port = services, port
        settings = services.settings.wyoming
        self._most = settings.max_connections
        self._share = max(1, self._most // _SHARE)
        own_places = max(1, settings.concurrency // _SHARE)
        self._places = FairPlaces(
            settings.concurrency, self._most, self._most, caller_places=own_places
        )
        self._peers: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is in use, or the address is none of this machine's.
        """
        host = self._services.settings.wyoming.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = await asyncio.start_server(
            self._accept,
            host,
            self._port,
            family=family,
            limit=MAX_LINE_BYTES,
            reuse_port=self._services.settings.server.gpus > 1,
        )
        log.info("wyoming listens", host=host, port=self._port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, peer = asyncio.current_task(), _peer_of(writer)
        if task is None or not self._has_room(peer):
            writer.transport.abort()
            return
        self._tasks.add(task)
        self._peers[peer] += 1
        try:
            await WyomingConnection(reader, writer, self._services, self._places, peer).serve()
        except (ConnectionError, TimeoutError):
            pass  # the client has left, or does not read why he is refused
        except Exception as error:
            # A defect ends its own connection: no framework stands between this and the loop.
            log.error("wyoming connection failed by a defect", exc_info=error)
        finally:
            self._tasks.discard(task)
            self._peers -= Counter((peer,))  # which forgets a peer that has none left
            await _closed(reader, writer)

    def _has_room(self, peer: str) -> bool:
        return len(self._tasks) < self._most and self._peers[peer] < self._share

    async def leave(self) -> None:
        """Stop listening, and end every connection."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _peer_of(writer: asyncio.StreamWriter) -> str:
    """Return a name for the subscriber at the other end."""
    host = (writer.get_extra_info("peername") or ("",))[0]
    return subscriber(client_address(host, "", 0))


async def _closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close a connection once its client has what was written, at the latest after a moment.

    To close while the client sends would reset the connection, and he would not see the error.
    """
    try:
        async with asyncio.timeout(_FAREWELL_S):
            if writer.can_write_eof():
                writer.write_eof()
            while await reader.read(_DROPPED_BYTES):
                pass
    except (TimeoutError, OSError):
        pass  # it is closed in any case
    finally:
        writer.transport.abort()
