"""A route whose checks run before its body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.params import Depends
from fastapi.responses import Response
from fastapi.routing import APIRoute

from app.domain.errors import RepeatedFieldError
from app.routers.access.callers import caller_name
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import body_of
from app.system.fair_places import CALLER


def _single_names(fields: Sequence[Any]) -> list[str]:
    """Return the names of parameters that have one value; FastAPI's class of them is private."""
    return [field.alias for field in fields if not _is_list(field.field_info.annotation)]


def _is_list(annotation: Any) -> bool:
    return any(get_origin(part) is list for part in (annotation, *get_args(annotation)))


class GuardedRoute(APIRoute):
    """A route that runs its ``dependencies`` first: key, rate limit, readiness, size of the body.

    A parameter of the query or a header of the endpoint that has one value is refused where it
    comes twice, instead of being taken for the first or the last.

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

    def _refuse_repeated(self, request: Request) -> None:
        """Refuse a parameter that comes twice and is no list.

        Raises:
            RepeatedFieldError: there is one.
        """
        for name in _single_names(self.dependant.query_params):
            if len(request.query_params.getlist(name)) > 1:
                raise RepeatedFieldError(name)
        for field_name in _single_names(self.dependant.header_params):
            name = field_name.replace("_", "-")
            if len(request.headers.getlist(name)) > 1:
                raise RepeatedFieldError(name)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See the base class."""
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            for check in self.checks:
                await check(request)
            caller = caller_name(request)
            CALLER.set(caller)
            self._refuse_repeated(request)
            body_of(request).charge(caller)
            return await handle(JsonRequest.of(request) if self.body_field else request)

        return respond
