"""An answer in JSON that may come late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.domain.errors import CuestreamError, InternalError, JobCancelledError
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error, shape_for
from app.routers.sliced_json import sliced_json

_KEEPALIVE_S = 10.0


async def patient_json(request: Request, payload: Awaitable[object], silence_s: float) -> Response:
    """Answer with a payload once it is there; its work stops when the client disconnects.

    A late answer begins with spaces, which JSON allows before a value: gateways cut a connection
    that stays silent. From then on the status is 200 whatever happens.

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
        spaces = _after_spaces(work, request.url.path, min(_KEEPALIVE_S, silence_s))
        return StreamingResponse(spaces, media_type="application/json")
    finally:
        gone.cancel()
        if not handed_over:
            work.cancel()


async def _after_spaces(
    work: asyncio.Future[object], path: str, repeat_s: float
) -> AsyncIterator[bytes]:
    try:
        while not work.done():
            yield b" "
            await asyncio.wait({work}, timeout=repeat_s)
        try:
            yield await sliced_json(work.result())
        except CuestreamError as error:
            yield json.dumps(shape_for(path).body(http_error(error))).encode()
        except Exception:  # noqa: BLE001 - the answer has begun
            internal = InternalError("Internal server error")
            yield json.dumps(shape_for(path).body(http_error(internal))).encode()
    finally:
        work.cancel()
