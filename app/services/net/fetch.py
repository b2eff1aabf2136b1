"""Fetcher of HTTP bodies from untrusted addresses."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import httpx

from app.services.net.pinned_transport import PinnedTransport
from app.services.net.ssrf_guard import SsrfGuard, port_of
from app.services.net.transfer import Transfer, media_type
from app.settings import SourceSettings


def check_url(url: str, *, allow_private: bool = True) -> None:
    """Check a URL without resolving its host.

    Raises:
        UrlBlockedError: not http or https, or a literal address that must not be reached:
            metadata services always, private addresses where they are not allowed.
    """
    SsrfGuard(allow_private).parse(url)


async def check_address(url: str, guard: SsrfGuard) -> None:
    """Check a URL with every address that its host resolves to.

    Raises:
        UrlBlockedError: it must not be reached.
        SourceError: the name service did not answer.
    """
    parsed = guard.parse(url)
    await guard.addresses(parsed.host, port_of(parsed))


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A body that is being fetched.

    Attributes:
        content_type: media type in lower case without parameters; empty when not given. A page
            that a site shows instead of the media, to robots for instance, counts as a body.
        length: bytes in all; None when the server does not say.
        chunks: the bytes as they arrive, complete or ending in an error.
        etag: entity tag, as the server wrote it; None without one.
        last_modified: date, as the server wrote it; None without one.
    """

    content_type: str
    length: int | None
    chunks: AsyncGenerator[bytes, None]
    etag: str | None = None
    last_modified: str | None = None


class Fetcher:
    """Fetches bodies, connecting to checked addresses alone.

    Redirects are followed by hand, each checked anew. Proxies in the environment are not used.

    Args:
        settings: limits of time and size.
        guard: checks the addresses.
    """

    def __init__(self, settings: SourceSettings, guard: SsrfGuard) -> None:
        self._guard = guard
        self._settings = settings
        self._timeout = httpx.Timeout(settings.fetch_read_s, connect=settings.fetch_connect_s)
        self._tls: ssl.SSLContext | None = None

    @asynccontextmanager
    async def get(self, url: str) -> AsyncIterator[Body]:
        """Fetch a body; the connection is closed when the block is left.

        Raises:
            UrlBlockedError: it, or an address that it redirects to, must not be reached.
            PayloadTooLargeError: more bytes than the server accepts.
            SourceError: it cannot be reached, refuses, ends early, or is too slow; the chunks
                raise SourceEncodingError before the first one where the body is encoded.
        """
        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx.create_ssl_context)
        transport = PinnedTransport(self._guard, self._tls)
        async with httpx.AsyncClient(
            transport=transport, trust_env=False, timeout=self._timeout
        ) as client:
            transfer = Transfer(client, self._guard, self._settings)
            response = await transfer.start(self._guard.parse(url))
            async with aclosing(transfer.chunks(response)) as chunks:
                headers = response.headers
                yield Body(
                    media_type(response),
                    transfer.length,
                    chunks,
                    headers.get("etag"),
                    headers.get("last-modified"),
                )
