"""Upstream proxy for requests to sites, which the server's owner configures."""

from __future__ import annotations

import asyncio
import base64
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from app.settings import SourceSettings

_HEAD_BYTES = 2**16

_PROXY_REFUSALS = frozenset({b"401", b"403", b"407", b"429"})
"""Statuses that refuse this server rather than the requested address."""


class UpstreamProxyError(Exception):
    """The proxy cannot be reached, or refuses this server."""


@dataclass(frozen=True, slots=True)
class UpstreamProxy:
    """HTTP proxy that opens tunnels.

    It may be at a private address, since the server's owner chose it. Tunnels go to addresses
    that the guard has checked, never to names, so the proxy resolves nothing.

    Attributes:
        host: name or address of the proxy.
        port: of the proxy.
        authorization: value of the ``Proxy-Authorization`` header; None without a password.
    """

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: SourceSettings) -> UpstreamProxy | None:
        """Return the proxy of the settings, if there is one."""
        if settings.ytdlp_proxy is None:
            return None
        parts = urlsplit(settings.ytdlp_proxy.get_secret_value())
        authorization = None
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return cls(parts.hostname or "", parts.port or 80, authorization)

    async def connect(self, address: str, port: int) -> tuple[StreamReader, StreamWriter]:
        """Open a tunnel. Source: RFC 9110 section 9.3.6.

        Raises:
            UpstreamProxyError: the proxy cannot be reached, or refuses this server.
            OSError: it cannot reach the address.
        """
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=_HEAD_BYTES)
        except OSError as error:
            raise UpstreamProxyError from error
        try:
            writer.write(self._request(address, port))
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.transport.abort()
            raise UpstreamProxyError from error
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        status = head.split(maxsplit=2)[1] if b" " in head.strip() else b""
        if status != b"200":
            writer.transport.abort()
            if status in _PROXY_REFUSALS:
                raise UpstreamProxyError
            raise OSError("the proxy cannot reach it")
        return reader, writer

    def _request(self, address: str, port: int) -> bytes:
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.authorization is not None:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")
