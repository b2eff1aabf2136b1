"""A job as a stream of server-sent events.

Frames end with LF alone, since the extension's parser splits on nothing else, and every frame
is one write of one ``data:`` line.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

from app.routers.encoders import EventEncoder, Frame, progress_frame
from app.routers.error_responses import error_body
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.streams import (
    Heartbeat,
    Item,
    KeepAlive,
    LoggedEvent,
    ServerLeaving,
    StreamHub,
)

_LF = "\n"


def stream_job(
    hub: StreamHub, job: JobRuntime, view: EventEncoder, view_name: str, after: int = 0
) -> EventSourceResponse:
    """Return the response that follows a job.

    Args:
        hub: gives the events and the signs of life.
        job: what is followed.
        view: a new encoder; shown the events up to ``after`` without sending them.
        view_name: tells the reader how to resume in the same shape.
        after: number of the last event that the reader has seen.
    """
    events_path = f"/api/jobs/{job.id}/events?view={view_name}"
    for _, event in job.log.after(0)[:after]:
        view.encode(event)

    async def frames() -> AsyncIterator[bytes]:
        first: Frame | None = {"job_id": job.id, "events": events_path}
        async with aclosing(hub.follow(job, after)) as items:
            async for item in items:
                # The last event may render files, which is CPU work.
                last = isinstance(item, LoggedEvent) and item.last
                frame = (
                    await asyncio.to_thread(_encode, item, view) if last else _encode(item, view)
                )
                if frame is None:
                    continue
                if frame.data is not None and first is not None:
                    frame.data.update(first)
                    first = None
                yield frame.encode()

    return EventSourceResponse(
        frames(),
        sep=_LF,
        ping=0,
        headers={"X-Job-Id": job.id, "Cache-Control": "no-cache", "Vary": "Accept"},
    )


class _Frame:
    """A frame before it is bytes, so that the first can be given the job's id."""

    __slots__ = ("comment", "data", "id", "retry_ms")

    def __init__(
        self,
        data: Frame | None = None,
        *,
        id: str | None = None,  # noqa: A002 - the field's name in the protocol
        comment: str | None = None,
        retry_ms: int | None = None,
    ) -> None:
        self.data = data
        self.id = id
        self.comment = comment
        self.retry_ms = retry_ms

    def encode(self) -> bytes:
        if self.data is None:
            return ServerSentEvent(comment=self.comment, sep=_LF).encode()
        event = "error" if "error" in self.data else None
        return JSONServerSentEvent(
            self.data, event=event, id=self.id, retry=self.retry_ms, sep=_LF
        ).encode()


def _encode(item: Item, view: EventEncoder) -> _Frame | None:
    match item:
        case LoggedEvent(seq=seq, event=event):
            frame = view.encode(event)
            return None if frame is None else _Frame(frame, id=str(seq))
        case Heartbeat(progress=progress):
            return _Frame(progress_frame(progress))
        case KeepAlive():
            return _Frame(comment="still here")
        case ServerLeaving(retry_ms=retry_ms):
            return _Frame(
                error_body("The server is shutting down", "server_shutdown", retryable=True),
                retry_ms=retry_ms,
            )
