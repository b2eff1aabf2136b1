"""An answer in JSON that may come late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.domain.errors import CuestreamError, InternalError, JobCancelledError
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error
from app.routers.late_body import KEEPALIVE_S, filled, json_error
from app.routers.sliced_json import sliced_json


async def patient_json(request: Request, payload: Awaitable[object], silence_s: float) -> Response:
    """Answer with a payload once it is there; its work stops when the client disconnects.

    A late answer begins with spaces; see `late_body`.

    Args:
        request: to answer.
        payload: that will be there.
        silence_s: time until a late answer begins.

    Raises:
        CuestreamError: there will be none, or the client disconnected.
    """
    work = asyncio.ensure_future(payload)
    gone = asyncio.create_task(disconnected(request))
    handed_over = False
    try:
        await asyncio.wait({work, gone}, timeout=silence_s, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return Response(await sliced_json(work.result()), media_type="application/json")
        if gone.done():
            raise JobCancelledError("The client left")
        handed_over = True
        spaces = _after_spaces(work, request.url.path, min(KEEPALIVE_S, silence_s))
        return StreamingResponse(spaces, media_type="application/json")
    finally:
        gone.cancel()
        if not handed_over:
            work.cancel()


async def _after_spaces(
    work: asyncio.Future[object], path: str, repeat_s: float
) -> AsyncIterator[bytes]:
    try:
        async for space in filled(work, b" ", repeat_s):
            yield space
        try:
            yield await sliced_json(work.result())
        except CuestreamError as error:
            yield json_error(http_error(error), path)
        except Exception:  # noqa: BLE001 - the answer has begun
            yield json_error(http_error(InternalError("Internal server error")), path)
    finally:
        work.cancel()
