"""Requests to a provider whose address a stranger gave."""

from __future__ import annotations

from collections.abc import Sequence

import httpx2

from app.domain.errors import SourceError, UrlBlockedError
from app.services.net.fetch import check_address
from app.services.net.ssrf_guard import SsrfGuard


async def check_api_url(url: str, guard: SsrfGuard) -> None:
    """Check a base address and all that its host stands for, ahead of any connection.

    Raises:
        UrlBlockedError: it must not be reached, or cannot be found.
    """
    try:
        await check_address(url, guard)
    except (UrlBlockedError, SourceError):
        raise UrlBlockedError("Invalid API URL") from None


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Connects to checked addresses alone.

    Each request's host is resolved once, every address is checked, and the connection goes to
    the checked address itself. The Host header, SNI and the certificate check keep the name.
    Proxies of the environment are not used, and nobody here follows a redirect.

    Args:
        guard: tells which addresses may be reached.
    """

    def __init__(self, guard: SsrfGuard) -> None:
        self._guard = guard
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request to the first of its host's addresses that lets us connect.

        Raises:
            httpx2.ConnectError: it must not be reached, cannot be found, or does not answer.
        """
        url = request.url
        failure: httpx2.RequestError = httpx2.ConnectError("no address", request=request)
        for address in await self._addresses(request):
            pinned = httpx2.Request(
                request.method,
                url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                # Source: httpx's documentation of request extensions; the name is for SNI and
                # the certificate check.
                extensions={**request.extensions, "sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _addresses(self, request: httpx2.Request) -> Sequence[str]:
        url = request.url
        try:
            parsed = self._guard.parse(str(url))
            port = parsed.port or (443 if parsed.scheme == "https" else 80)
            return await self._guard.addresses(parsed.host, port)
        except (UrlBlockedError, SourceError) as error:
            raise httpx2.ConnectError(error.message, request=request) from None
