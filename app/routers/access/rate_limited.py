"""The dependency that limits how often a caller may request a route."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request

from app.domain.errors import RateLimitedError
from app.routers.access.callers import caller_name
from app.routers.dependencies import services_of
from app.routers.raised_errors import raises
from app.settings.rate_limit_settings import RateLimitGroup


def rate_limited(group: RateLimitGroup) -> Any:
    """Return a dependency that counts each request to a route as one of its group.

    A request that joins a running job or replays a finished one counts as well. Put it after the
    key check: only a valid key identifies a caller, so invented keys gain nothing.

    Raises:
        RateLimitedError: too many requests of this caller; raised by the dependency.
    """

    @raises(RateLimitedError)
    async def count(request: Request) -> None:
        await services_of(request).rate_limits.count(group, caller_name(request))

    return Depends(count)
