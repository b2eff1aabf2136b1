"""A text answer that may come late."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.domain.errors import CuestreamError, InternalError, JobCancelledError, TimedOutError
from app.routers.dependencies import services_of
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error
from app.routers.error_shapes import plain_text
from app.routers.late_body import KEEPALIVE_S, filled

_PLAIN = "text/plain; charset=utf-8"
_NOTHING = b"nothing"
"""What ends a late answer that would be empty: a file of spaces is read as one without cues, which
Bazarr would store."""


async def patient_text(
    request: Request, work: asyncio.Task[str], headers: dict[str, str], *, has_filler: bool
) -> Response:
    """Answer with a text once it is there; its work stops when the client disconnects.

    Args:
        request: to answer; its body was read.
        work: makes the text.
        headers: of the answer.
        has_filler: whether a late answer may begin with spaces, as SubRip and JSON may.

    Raises:
        CuestreamError: there will be none, or the client disconnected.
    """
    settings = services_of(request).settings
    limit_s = settings.sync_limit_s
    ends_s = None if limit_s is None else time.monotonic() + limit_s
    gone = asyncio.create_task(disconnected(request))
    handed_over = False
    first_s = settings.server.sync_keepalive_after_s if has_filler else None
    wait_s = min((each for each in (first_s, limit_s) if each is not None), default=None)
    try:
        await asyncio.wait({work, gone}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return Response(work.result(), media_type=_PLAIN, headers=headers)
        if gone.done():
            raise JobCancelledError("The client left")
        if not has_filler:
            raise TimedOutError("The work was not finished in time")
        handed_over = True
        late = _after_spaces(work, ends_s, min(KEEPALIVE_S, first_s or KEEPALIVE_S))
        return StreamingResponse(late, media_type=_PLAIN, headers=headers)
    finally:
        gone.cancel()
        if not handed_over:
            work.cancel()


async def _after_spaces(
    work: asyncio.Task[str], ends_s: float | None, repeat_s: float
) -> AsyncIterator[bytes]:
    def check() -> None:
        if ends_s is not None and time.monotonic() >= ends_s:
            raise TimedOutError("The work was not finished in time")

    try:
        async for space in filled(work, b" ", repeat_s, check):
            yield space
        yield work.result().encode() or _NOTHING
    except CuestreamError as error:
        yield plain_text(http_error(error)).encode()
    except Exception:  # noqa: BLE001 - the answer has begun
        yield plain_text(http_error(InternalError("Internal server error"))).encode()
    finally:
        work.cancel()
