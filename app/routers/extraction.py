"""What the routes of sound, text and pictures of a video share."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.process_checks import process_checks
from app.routers.encoders import Payload
from app.routers.late_json import late_json

URL_CHARS = 8000
"""Of the longest address that is taken."""

VIDEO_EXAMPLE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
QUERY_EXAMPLES: Any = {"video": {"value": VIDEO_EXAMPLE}}

AddressQuery = Annotated[
    str | None,
    Query(max_length=URL_CHARS, description="Page or media", openapi_examples=QUERY_EXAMPLES),
]


def extraction_router() -> APIRouter:
    """Return a router whose routes work on a video for a caller."""
    return APIRouter(
        tags=["documents"],
        dependencies=process_checks(),
        route_class=GuardedRoute,
    )


async def answered(request: Request, work: Coroutine[Any, Any, Payload]) -> Response:
    """Answer with the JSON of some work, kept alive while it goes on."""
    return await late_json(request, work, caller=caller_name(request))
