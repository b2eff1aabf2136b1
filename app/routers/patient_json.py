"""An answer in JSON that may come late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.domain.errors import CuestreamError, InternalError, JobCancelledError, TimedOutError
from app.routers.dependencies import services_of
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error
from app.routers.late_body import KEEPALIVE_S, filled, first_wait_s, json_error
from app.routers.sliced_json import sliced_json


async def patient_json(
    request: Request, payload: Awaitable[object], silence_s: float, *, is_bounded: bool = False
) -> Response:
    """Answer with a payload once it is there; its work stops when the client disconnects.

    A late answer begins with spaces; see `late_body`. At the server's limit for answers it ends as
    an error, and the work stops.

    Args:
        request: to answer.
        payload: that will be there.
        silence_s: time until a late answer begins.
        is_bounded: whether the payload itself keeps the server's limit.

    Raises:
        CuestreamError: there will be none, or the client disconnected.
    """
    limit_s = None if is_bounded else services_of(request).settings.sync_limit_s
    ends_s = None if limit_s is None else time.monotonic() + limit_s
    work = asyncio.ensure_future(payload)
    gone = asyncio.create_task(disconnected(request))
    handed_over = False
    try:
        wait_s = first_wait_s(silence_s, limit_s)
        await asyncio.wait({work, gone}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return Response(await sliced_json(work.result()), media_type="application/json")
        if gone.done():
            raise JobCancelledError("The client left")
        handed_over = True
        spaces = _after_spaces(work, ends_s, request.url.path, min(KEEPALIVE_S, silence_s))
        return StreamingResponse(spaces, media_type="application/json")
    finally:
        gone.cancel()
        if not handed_over:
            work.cancel()


async def _after_spaces(
    work: asyncio.Future[object], ends_s: float | None, path: str, repeat_s: float
) -> AsyncIterator[bytes]:
    def check() -> None:
        if ends_s is not None and time.monotonic() >= ends_s:
            raise TimedOutError("The work was not finished in time; POST /run takes it as a job")

    try:
        try:
            async for space in filled(work, b" ", repeat_s, check):
                yield space
            yield await sliced_json(work.result())
        except CuestreamError as error:
            yield json_error(http_error(error), path)
        except Exception:  # noqa: BLE001 - the answer has begun
            yield json_error(http_error(InternalError("Internal server error")), path)
    finally:
        work.cancel()
