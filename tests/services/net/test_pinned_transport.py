"""Both HTTP libraries connect to the addresses that the guard checked, in their order."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from app.domain.errors import UrlBlockedError
from app.services.net.pinned_transport import send_pinned
from app.services.net.ssrf_guard import SsrfGuard

URL = "https://media.example:8443/a?b=c"
ADDRESSES = ["2606:2800:220:1:248:1893:25c8:1946", "93.184.216.34"]

pytestmark = pytest.mark.parametrize("library", [httpx, httpx2])


def guard(*addresses: str) -> SsrfGuard:
    async def resolver(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return SsrfGuard(resolver=resolver)


async def sent(library: Any, *addresses: str, failing: int = 0) -> list[Any]:
    """Send a request of which the first connections fail; return those that were tried."""
    tried: list[Any] = []

    async def send(request: Any) -> Any:
        tried.append(request)
        if len(tried) <= failing:
            raise library.ConnectError(f"connection {len(tried)}")
        return library.Response(200)

    request = library.Request("GET", URL, headers={"Accept": "*/*"}, extensions={"timeout": {}})
    await send_pinned(guard(*addresses), request, send, (library.ConnectError,))
    return tried


async def test_the_url_has_the_address_and_all_else_the_name(library: Any) -> None:
    (request,) = await sent(library, ADDRESSES[1])
    assert str(request.url) == "https://93.184.216.34:8443/a?b=c"
    assert request.headers["host"] == "media.example:8443"
    assert request.headers["accept"] == "*/*"
    assert request.extensions == {"timeout": {}, "sni_hostname": "media.example"}


async def test_the_next_address_is_tried_where_one_does_not_accept(library: Any) -> None:
    tried = await sent(library, *ADDRESSES, failing=1)
    assert [request.url.host for request in tried] == ADDRESSES


async def test_the_error_is_that_of_the_last_address(library: Any) -> None:
    with pytest.raises(library.ConnectError, match="connection 2"):
        await sent(library, *ADDRESSES, failing=2)


async def test_one_forbidden_address_forbids_the_host(library: Any) -> None:
    with pytest.raises(UrlBlockedError):
        await sent(library, ADDRESSES[1], "127.0.0.1")
