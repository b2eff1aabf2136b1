"""The dependency that limits how often a caller may request a route."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request

from app.routers.access.api_keys import matching_key
from app.routers.access.client_address import client_address, subscriber
from app.routers.dependencies import services_of
from app.settings.rate_limit_settings import RateLimitGroup


def rate_limited(group: RateLimitGroup) -> Any:
    """Return a dependency that counts each request to a route as one of its group.

    A request that joins a running job or replays a finished one counts as well. Put it after the
    key check: only a valid key identifies a caller, so invented keys gain nothing.

    Raises:
        RateLimitedError: too many requests of this caller; raised by the dependency.
    """

    async def count(request: Request) -> None:
        await services_of(request).rate_limits.count(group, _caller(request))

    return Depends(count)


def _caller(request: Request) -> str:
    key = matching_key(request)
    if key is not None:
        return f"key {key}"
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    peer = request.client.host if request.client else None
    trusted = services_of(request).settings.trusted_proxies
    return f"address {subscriber(client_address(peer, forwarded, trusted))}"
