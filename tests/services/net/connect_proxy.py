"""A proxy that opens tunnels, as providers rent them, with a map of where they really lead."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    """An HTTP proxy on loopback.

    Attributes:
        leads_to: port on loopback where every tunnel ends; None to answer 502.
        login: user and password that it requires, joined by a colon; None without a login.
        received: targets in order.
    """

    leads_to: int | None
    login: str | None = None
    received: list[str] = field(default_factory=list)
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{self.login + '@' if self.login else ''}127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ConnectProxy]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split(" ", 2)
            assert method == "CONNECT"
            self.received.append(target)
            if self.login is not None:
                token = base64.b64encode(self.login.encode()).decode()
                if f"Proxy-Authorization: Basic {token}\r\n" not in head:
                    writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                    writer.close()
                    return
            if self.leads_to is None:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                writer.close()
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.leads_to)
            try:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _both(_copy(reader, far_writer), _copy(far_reader, writer))
            finally:
                far_writer.transport.abort()
                writer.close()


async def _both(*ways: asyncio.Future[None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
