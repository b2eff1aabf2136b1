"""JSON answers of work that may take long, and may go on once its answer has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.domain.errors import CuestreamError, JobCancelledError, TimedOutError
from app.routers.dependencies import services_of
from app.routers.disconnect import disconnected
from app.routers.encoders import Payload
from app.routers.error_responses import http_error
from app.routers.late_body import KEEPALIVE_S, filled, first_wait_s, json_error
from app.routers.sliced_json import sliced_json
from app.services.net.caller_places import CallerPlaces

_HEADERS = {"Cache-Control": "no-store"}

_WORKS_OF_CALLER = 16
_works = CallerPlaces(_WORKS_OF_CALLER, "Too much work of yours is under way")


async def late_json(
    request: Request,
    work: Coroutine[Any, Any, Payload],
    *,
    caller: str = "",
    goes_on: bool = False,
) -> Response:
    """Answer with the payload that some work returns.

    A late answer begins with spaces, as in `JsonAnswer`, and its status is 200 whatever happens.
    At the server's limit for answers it ends as an error, and the work goes on.

    Args:
        request: decides the shape of errors; its body must have been read.
        work: to do.
        caller: whose share of such work it takes, until it ends; empty for nobody's.
        goes_on: whether it goes on when the client leaves.

    Raises:
        OverloadedError: this caller has too much of it under way.
        CuestreamError: the work failed before the answer began, or the client left.
    """
    settings = services_of(request).settings
    patience_s, limit_s = settings.server.sync_keepalive_after_s, settings.sync_limit_s
    began_s = time.monotonic()
    task = asyncio.ensure_future(_held(work, caller))
    task.add_done_callback(_retrieve_exception)
    gone = asyncio.create_task(disconnected(request))
    waiting: set[asyncio.Future[Any]] = {task} if goes_on else {task, gone}
    handed_over = False
    try:
        wait_s = first_wait_s(patience_s, limit_s)
        await asyncio.wait(waiting, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            body = await sliced_json(task.result())
            return Response(body, headers=_HEADERS, media_type="application/json")
        if gone.done() and not goes_on:
            raise JobCancelledError("The client left")
        handed_over = True
    finally:
        gone.cancel()
        if not handed_over and not goes_on:
            task.cancel()
    ends_s = None if limit_s is None else began_s + limit_s
    spaces = _after_spaces(task, ends_s, request.url.path, min(KEEPALIVE_S, patience_s), goes_on)
    return StreamingResponse(spaces, headers=_HEADERS, media_type="application/json")


async def _held(work: Coroutine[Any, Any, Payload], caller: str) -> Payload:
    try:
        with _works.place(caller):
            return await work
    finally:
        work.close()


async def _after_spaces(
    task: asyncio.Task[Payload], ends_s: float | None, path: str, repeat_s: float, goes_on: bool
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
    except (asyncio.CancelledError, GeneratorExit):
        if not goes_on:
            task.cancel()
        raise


def _retrieve_exception(task: asyncio.Task[Payload]) -> None:
    """Retrieve an exception, which asyncio would log where no client waits for it any more."""
    if not task.cancelled():
        task.exception()
