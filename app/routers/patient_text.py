"""A text answer that may come late, and then begins with filler that its readers skip."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from app.domain.errors import CuestreamError, InternalError, JobCancelledError, TimedOutError
from app.routers.breakable_response import BreakableResponse, BrokenOffError
from app.routers.dependencies import services_of
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error
from app.routers.error_shapes import HttpError
from app.routers.late_body import KEEPALIVE_S, filled


@dataclass(frozen=True, slots=True)
class LateText:
    """How a text answer is sent.

    Attributes:
        media_type: of the answer.
        headers: of the answer.
        filler: what a late answer begins with, as SubRip and JSON may; empty where nothing may
            come before the text.
        nothing: what ends a late answer that would be empty.
        failure: writes an error into a late answer; None where its connection is cut instead, so
            that nothing is taken for the whole.
    """

    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    filler: bytes = b""
    nothing: bytes = b""
    failure: Callable[[HttpError], str] | None = None


async def patient_text(request: Request, text: Awaitable[str], late: LateText) -> Response:
    """Answer with a text once it is there; its work stops when the client disconnects.

    At the server's limit for answers it ends as an error, and the work stops.

    Args:
        request: to answer; its body was read.
        text: that will be there.
        late: how it is sent.

    Raises:
        CuestreamError: there will be none, or the client disconnected.
    """
    work = asyncio.ensure_future(text)
    settings = services_of(request).settings
    limit_s = settings.sync_limit_s
    ends_s = None if limit_s is None else time.monotonic() + limit_s
    gone = asyncio.create_task(disconnected(request))
    handed_over = False
    first_s = settings.server.sync_keepalive_after_s if late.filler else None
    wait_s = min((each for each in (first_s, limit_s) if each is not None), default=None)
    try:
        await asyncio.wait({work, gone}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return Response(work.result(), media_type=late.media_type, headers=dict(late.headers))
        if gone.done():
            raise JobCancelledError("The client left")
        if first_s is None:
            raise TimedOutError("The work was not finished in time")
        handed_over = True
        body = _after_filler(work, ends_s, late, min(KEEPALIVE_S, first_s))
        kind = BreakableResponse if late.failure is None else StreamingResponse
        return kind(body, media_type=late.media_type, headers=dict(late.headers))
    finally:
        gone.cancel()
        if not handed_over:
            work.cancel()


async def _after_filler(
    work: asyncio.Future[str], ends_s: float | None, late: LateText, repeat_s: float
) -> AsyncIterator[bytes]:
    def check() -> None:
        if ends_s is not None and time.monotonic() >= ends_s:
            raise TimedOutError("The work was not finished in time")

    try:
        async for filler in filled(work, late.filler, repeat_s, check):
            yield filler
        yield work.result().encode() or late.nothing
    except Exception as error:  # noqa: BLE001 - the answer has begun
        if late.failure is None:
            raise BrokenOffError from None
        known = (
            error if isinstance(error, CuestreamError) else InternalError("Internal server error")
        )
        yield late.failure(http_error(known)).encode()
    finally:
        work.cancel()
