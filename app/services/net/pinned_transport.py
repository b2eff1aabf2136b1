"""HTTP transport that connects to checked addresses alone."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import httpx

from app.services.net.ssrf_guard import SsrfGuard, port_of

if TYPE_CHECKING:
    import httpx2

Request = TypeVar("Request", httpx.Request, "httpx2.Request")
Response = TypeVar("Response")


class PinnedTransport(httpx.AsyncBaseTransport):
    """Transport of httpx that resolves each host once and connects to the checked address.

    A name that resolves differently a moment later (DNS rebinding) gains nothing. Proxies in the
    environment are not used, and no connection is used twice.

    Args:
        guard: resolves names and checks addresses.
        tls: verifies certificates.
    """

    def __init__(self, guard: SsrfGuard, tls: ssl.SSLContext) -> None:
        self._guard = guard
        self._inner = httpx.AsyncHTTPTransport(
            verify=tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; errors are those of ``send_pinned``."""
        errors = (httpx.ConnectError, httpx.ConnectTimeout)
        return await send_pinned(self._guard, request, self._inner.handle_async_request, errors)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


async def send_pinned(
    guard: SsrfGuard,
    request: Request,
    send: Callable[[Request], Awaitable[Response]],
    connect_errors: tuple[type[Exception], ...],
) -> Response:
    """Send a request to the first of its host's addresses that accepts a connection.

    Args:
        guard: resolves the host once and checks every address.
        request: of httpx or of httpx2, which have the same interface.
        send: sends a request as the transport of the library does.
        connect_errors: of the library; the next address is tried after one of them.

    Raises:
        UrlBlockedError: the address must not be reached, or the host is not known.
        SourceError: the name service did not answer.
        Exception: the error of ``send`` for the last address.
    """
    url = guard.parse(str(request.url))
    *others, last = await guard.addresses(url.host, port_of(url))
    for address in others:
        with suppress(*connect_errors):
            return await send(_pinned(request, address))
    return await send(_pinned(request, last))


def _pinned(request: Request, address: str) -> Request:
    """Return a request with its host's address in the URL.

    The Host header still has the name, as do SNI and the certificate check, which both follow the
    extension. Source: httpx's documentation of request extensions.
    """
    name = request.url.raw_host.decode("ascii")
    return type(request)(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": name},
    )
