"""A media operation as a stream of server-sent events: its progress, then its result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

from app.domain.errors import CuestreamError
from app.routers.encoders import Payload
from app.routers.error_responses import http_error
from app.routers.error_shapes import native_body

_LF = "\n"


def stream_work(
    working: asyncio.Future[object], stages: asyncio.Queue[Payload], comment_s: float
) -> EventSourceResponse:
    """Return the response that follows work; it stops when the client disconnects.

    Stages come as plain messages, the result as ``{"result": ...}``, an error as an event
    ``error``, as in the streams of subtitles.

    Args:
        working: does the work.
        stages: its progress.
        comment_s: a stream that sent nothing for so long sends a comment.
    """
    working.add_done_callback(lambda _: stages.put_nowait({}))  # wakes the reader
    return EventSourceResponse(
        _events(working, stages, comment_s),
        sep=_LF,
        ping=0,
        headers={"Cache-Control": "no-cache", "Vary": "Accept"},
    )


async def _events(
    working: asyncio.Future[object], stages: asyncio.Queue[Payload], comment_s: float
) -> AsyncIterator[bytes]:
    try:
        while not working.done() or not stages.empty():
            stage = None
            with suppress(TimeoutError):
                async with asyncio.timeout(comment_s):
                    stage = await stages.get()
            if stage is None:
                yield ServerSentEvent(comment="still here", sep=_LF).encode()
            elif stage:
                yield JSONServerSentEvent(stage, sep=_LF).encode()
        yield _last(working)
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def _last(working: asyncio.Future[object]) -> bytes:
    try:
        return JSONServerSentEvent({"result": working.result()}, sep=_LF).encode()
    except CuestreamError as error:
        body = native_body(http_error(error))
        return JSONServerSentEvent(body, event="error", sep=_LF).encode()
