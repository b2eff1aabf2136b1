"""Loopback HTTP server that misbehaves on request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.audio import Audio
from app.domain.request import UploadedFile
from app.services.sources.opened import OpenedMedia


@dataclass
class ReceivedRequest:
    """One request that a server saw."""

    method: str
    target: str
    headers: dict[str, str]


Respond = Callable[[ReceivedRequest, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class LoopbackServer:
    """A real HTTP server on loopback that does exactly what a test says."""

    routes: dict[str, Respond] = field(default_factory=dict)
    received: list[ReceivedRequest] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def body(self, path: str, data: bytes, kind: str = "application/octet-stream") -> str:
        """Serve a body as it is and return its URL."""

        async def respond(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
            writer.write(head(200, length=len(data), kind=kind) + data)
            await writer.drain()

        self.routes[path] = respond
        return self.url(path)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._answer(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def hang_up(self) -> None:
        """Close all open connections."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
            method, target, _ = lines[0].split(" ")
            fields = (line.partition(":") for line in lines[1:])
            headers = {name.lower(): value.strip() for name, _, value in fields}
            received = ReceivedRequest(method, target, headers)
            self.received.append(received)
            path = target.partition("?")[0]
            respond = self.routes.get(path)
            if respond is None:
                writer.write(head(404, length=0))
            else:
                await respond(received, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @property
    def open_connections(self) -> int:
        """Connections that are being answered."""
        return len(self._open)


def head(status: int, *, length: int | None, kind: str = "audio/x", **extra: str) -> bytes:
    """Return a response's first lines."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", "Connection: close"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in extra.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def upload(path: Path) -> UploadedFile:
    """Return a file as an upload."""
    return UploadedFile(path, sha256="")


async def read_all(media: OpenedMedia) -> list[Audio]:
    """Read media to its end and close it."""
    try:
        return [block async for block in media.blocks]
    finally:
        await media.aclose()
