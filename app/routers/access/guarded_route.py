"""A route whose checks run before its body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request
from fastapi.params import Depends
from fastapi.responses import Response
from fastapi.routing import APIRoute

from app.routers.access.callers import caller_name
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import body_of
from app.system.fair_places import CALLER


class GuardedRoute(APIRoute):
    """A route that runs its ``dependencies`` first: key, rate limit, readiness, size of the body.

    FastAPI reads and parses a JSON body before any dependency, so a caller without a key could
    make the server parse megabytes. Dependencies of the endpoint's own parameters still run
    after the body is read. A body that FastAPI validates is read as JSON, whatever its type.

    Args:
        path: as in the base class.
        endpoint: as in the base class.
        dependencies: checks of the route and its router, in order; each is a coroutine function
            of the request alone.
        options: as in the base class.

    Attributes:
        checks: what runs before the body is read.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        dependencies: Sequence[Depends] | None = None,
        **options: Any,
    ) -> None:
        self.checks = [check.dependency for check in dependencies or () if check.dependency]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See the base class."""
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            for check in self.checks:
                await check(request)
            caller = caller_name(request)
            CALLER.set(caller)
            body_of(request).charge(caller)
            return await handle(JsonRequest.of(request) if self.body_field else request)

        return respond
