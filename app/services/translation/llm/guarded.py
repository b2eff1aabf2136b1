"""Requests to a provider whose address a stranger gave."""

from __future__ import annotations

import httpx2

from app.domain.errors import SourceError, UrlBlockedError
from app.services.net.fetch import check_address
from app.services.net.pinned_transport import send_pinned
from app.services.net.ssrf_guard import SsrfGuard


async def check_api_url(url: str, guard: SsrfGuard) -> None:
    """Check a base address and all that its host stands for, ahead of any connection.

    Raises:
        UrlBlockedError: it must not be reached, or cannot be found.
    """
    try:
        await check_address(url, guard)
    except (UrlBlockedError, SourceError):
        raise UrlBlockedError("api_url: Invalid API URL") from None


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
        errors = (httpx2.ConnectError, httpx2.ConnectTimeout)
        try:
            return await send_pinned(self._guard, request, self._inner.handle_async_request, errors)
        except (UrlBlockedError, SourceError) as error:
            raise httpx2.ConnectError(error.message, request=request) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
