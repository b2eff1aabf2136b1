"""JSON answers of work that may take long and goes on when its client has left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.domain.errors import CuestreamError, TimedOutError
from app.routers.dependencies import services_of
from app.routers.encoders import Payload
from app.routers.error_responses import http_error
from app.routers.late_body import KEEPALIVE_S, filled, first_wait_s, json_error
from app.routers.sliced_json import sliced_json

_HEADERS = {"Cache-Control": "no-store"}


async def late_json(request: Request, work: Coroutine[Any, Any, Payload]) -> Response:
    """Answer with the payload that some work returns.

    A late answer begins with spaces, as in `JsonAnswer`, and its status is 200 whatever happens.
    At the server's limit for answers it ends as an error, and the work goes on.

    Args:
        request: decides the shape of errors.
        work: what no client's leaving stops.

    Raises:
        CuestreamError: the work failed before the answer began.
    """
    settings = services_of(request).settings
    patience_s, limit_s = settings.server.sync_keepalive_after_s, settings.sync_limit_s
    began_s = time.monotonic()
    task = asyncio.ensure_future(work)
    task.add_done_callback(_retrieve_exception)
    await asyncio.wait({task}, timeout=first_wait_s(patience_s, limit_s))
    if task.done():
        body = await sliced_json(task.result())
        return Response(body, headers=_HEADERS, media_type="application/json")
    ends_s = None if limit_s is None else began_s + limit_s
    return StreamingResponse(
        _after_spaces(task, ends_s, request.url.path, min(KEEPALIVE_S, patience_s)),
        headers=_HEADERS,
        media_type="application/json",
    )


async def _after_spaces(
    task: asyncio.Task[Payload], ends_s: float | None, path: str, repeat_s: float
) -> AsyncIterator[bytes]:
    def check() -> None:
        if ends_s is not None and time.monotonic() >= ends_s:
            raise TimedOutError("The work is not finished and goes on; its results are stored")

    try:
        async for space in filled(task, b" ", repeat_s, check):
            yield space
        yield await sliced_json(task.result())
    except CuestreamError as error:
        yield json_error(replace(http_error(error), details={}), path)


def _retrieve_exception(task: asyncio.Task[Payload]) -> None:
    """Retrieve an exception, which asyncio would log where no client waits for it any more."""
    if not task.cancelled():
        task.exception()
