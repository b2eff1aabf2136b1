"""HTTP proxy on loopback through which yt-dlp reaches the network."""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx

from app.domain.errors import CuestreamError, UrlBlockedError
from app.services.net.ssrf_guard import SsrfGuard, port_of
from app.services.net.upstream_proxy import UpstreamProxy, UpstreamProxyError

_HEAD_BYTES = 2**16
_COPY_BYTES = 2**16
_MAX_CLIENTS = 64
"""Connections of one child process at a time; it has a few."""
_HEAD_S = 30.0
"""How long a client may take to send its request's head."""

_HOP_BY_HOP = frozenset({"connection", "proxy-connection", "proxy-authorization", "keep-alive"})
"""Header fields between a client and its proxy. Source: RFC 9110 section 7.6.1."""


class _RefusedError(Exception):
    """The client gets a status instead of a connection."""


@dataclass(eq=False)
class EgressProxy:
    """Connects clients that know its password to checked addresses alone.

    It resolves names itself, once, and connects to the address that it checked. The traffic of a
    tunnel stays encrypted between the client and the site.

    Attributes:
        guard: resolves names and checks addresses.
        connect_s: how long connecting to one address may take.
        upstream: a further proxy that connections go through; None to connect directly.
        blocked: error of the last address that was refused; None while none was.
        upstream_failed: whether the last connection failed at the further proxy.
        max_bytes: most bytes that clients may receive in all; it may be raised meanwhile.
        received_bytes: bytes that they received so far.
        exceeded: whether connections were ended for their number of bytes.
    """

    guard: SsrfGuard
    connect_s: float
    upstream: UpstreamProxy | None = None
    blocked: UrlBlockedError | None = None
    upstream_failed: bool = False
    max_bytes: int = 2**63
    received_bytes: int = 0
    exceeded: bool = False
    _password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _port: int = 0
    _clients: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Address with user name and password, in the form that clients accept."""
        return f"http://cuestream:{self._password}@127.0.0.1:{self._port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[EgressProxy]:
        """Serve for as long as the block lasts; every connection ends with it."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_HEAD_BYTES)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        if len(self._clients) >= _MAX_CLIENTS:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        # An OSError means that one side closed the connection.
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_HEAD_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                try:
                    await self._connect_and_relay(head.decode("latin-1"), reader, writer)
                except _RefusedError as refusal:
                    answer = f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    writer.write(answer.encode("latin-1"))
                    await writer.drain()
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise

    async def _connect_and_relay(
        self, head: str, reader: StreamReader, writer: StreamWriter
    ) -> None:
        request, *fields = head.rstrip().split("\r\n")
        self._authorize(fields)
        method, _, rest = request.partition(" ")
        target, _, version = rest.partition(" ")
        tunnel = method == "CONNECT"
        url = self._target(f"https://{target}" if tunnel else target)
        far_reader, far_writer = await self._connect(url)
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                forwarded = [line for line in fields if _name(line) not in _HOP_BY_HOP]
                path = url.raw_path.decode("ascii")
                lines = [f"{method} {path} {version}", *forwarded, "Connection: close", "", ""]
                far_writer.write("\r\n".join(lines).encode("latin-1"))
            await _relay(_copy(reader, far_writer), self._receive(far_reader, writer))
        finally:
            far_writer.transport.abort()

    async def _receive(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Copy what a site sends, up to the number of bytes that clients may receive."""
        async for data in _chunks(reader, writer):
            self.received_bytes += len(data)
            if self.received_bytes > self.max_bytes:
                self.exceeded = True
                return
            writer.write(data)

    def _authorize(self, fields: list[str]) -> None:
        wanted = base64.b64encode(f"cuestream:{self._password}".encode()).decode()
        given = [line.partition(":")[2] for line in fields if _name(line) == "proxy-authorization"]
        if len(given) != 1 or not hmac.compare_digest(
            given[0].strip().removeprefix("Basic ").encode(), wanted.encode()
        ):
            raise _RefusedError("407 Proxy Authentication Required")

    def _target(self, url: str) -> httpx.URL:
        try:
            return self.guard.parse(url)
        except UrlBlockedError as error:
            self.blocked = error
            raise _RefusedError("403 Forbidden") from error

    async def _connect(self, url: httpx.URL) -> tuple[StreamReader, StreamWriter]:
        try:
            addresses = await self.guard.addresses(url.host, port_of(url))
        except UrlBlockedError as error:
            self.blocked = error
            raise _RefusedError("403 Forbidden") from error
        except CuestreamError as error:
            raise _RefusedError("502 Bad Gateway") from error
        for address in addresses:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(self.connect_s):
                    return await self._open(address, port_of(url))
        raise _RefusedError("502 Bad Gateway")

    async def _open(self, address: str, port: int) -> tuple[StreamReader, StreamWriter]:
        if self.upstream is None:
            return await asyncio.open_connection(address, port, limit=_COPY_BYTES)
        try:
            pipes = await self.upstream.connect(address, port)
        except UpstreamProxyError as error:
            self.upstream_failed = True
            raise _RefusedError("502 Bad Gateway") from error
        self.upstream_failed = False
        return pipes


def _name(line: str) -> str:
    return line.partition(":")[0].strip().lower()


async def _relay(*ways: Coroutine[None, None, None]) -> None:
    """Copy both ways until one side closes its connection."""
    copies = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    async for data in _chunks(reader, writer):
        writer.write(data)


async def _chunks(reader: StreamReader, writer: StreamWriter) -> AsyncIterator[bytes]:
    """Yield what is read, once what was written before has been taken."""
    while data := await reader.read(_COPY_BYTES):
        yield data
        await writer.drain()
