"""Texts that may take long and may begin with empty lines, as SRT may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from app.domain.errors import CuestreamError, JobCancelledError
from app.routers.breakable_response import BreakableResponse, BrokenOffError
from app.routers.disconnect import disconnected
from app.routers.late_body import KEEPALIVE_S, filled


async def patient_text(
    request: Request, text: Coroutine[Any, Any, str], silence_s: float, media_type: str
) -> Response:
    """Answer with a text once it is there; its work stops when the client disconnects.

    A late answer begins with line feeds. Where there will be none, its connection is cut, so that
    nothing is taken for the whole.

    Args:
        request: its body has been read.
        text: that will be there.
        silence_s: time until a late answer begins.
        media_type: of the text.

    Raises:
        CuestreamError: there will be none, or the client disconnected.
    """
    work = asyncio.ensure_future(text)
    gone = asyncio.create_task(disconnected(request))
    handed_over = False
    try:
        await asyncio.wait({work, gone}, timeout=silence_s, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return Response(work.result(), media_type=media_type)
        if gone.done():
            raise JobCancelledError("The client left")
        handed_over = True
        late = _late(work, min(KEEPALIVE_S, silence_s))
        return BreakableResponse(late, media_type=media_type)
    finally:
        gone.cancel()
        if not handed_over:
            work.cancel()


async def _late(work: asyncio.Future[str], repeat_s: float) -> AsyncIterator[bytes]:
    try:
        async for filler in filled(work, b"\n", repeat_s):
            yield filler
        yield work.result().encode()
    except CuestreamError:
        raise BrokenOffError from None
    finally:
        work.cancel()
