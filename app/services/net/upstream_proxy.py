"""The proxy that the server's owner put between sites and this server."""

from __future__ import annotations

import asyncio
import base64
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from app.settings import SourceSettings

_HEAD_BYTES = 2**16

_NOT_US = frozenset({b"401", b"403", b"407", b"429"})
"""Statuses that speak of us rather than of the address that we want."""


class UpstreamProxyError(Exception):
    """The proxy cannot be reached, or does not let us through."""


@dataclass(frozen=True, slots=True)
class UpstreamProxy:
    """An HTTP proxy that opens tunnels.

    It may be at a private address: its owner is ours. It is asked for addresses that the guard
    has checked, never for names, so it can be led nowhere else.
    """

    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: SourceSettings) -> UpstreamProxy | None:
        """Return the proxy that the settings name, if any."""
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
            UpstreamProxyError: the proxy cannot be reached, or does not let us through.
            OSError: it cannot reach the address.
        """
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if self.authorization is not None:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=_HEAD_BYTES)
        except OSError as error:
            raise UpstreamProxyError from error
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
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
            raise UpstreamProxyError if status in _NOT_US else OSError("the proxy cannot reach it")
        return reader, writer
