"""A job as a stream of server-sent events.

Lines end with LF alone, since the extension's parser splits on nothing else, and every event is
one write with one ``data:`` line.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

from app.routers.encoders import EventEncoder, Payload, progress_payload
from app.routers.error_shapes import error_body
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
    streams: StreamHub, job: JobRuntime, encoder: EventEncoder, encoder_name: str, after: int = 0
) -> EventSourceResponse:
    """Return the response that follows a job.

    Args:
        streams: yields the events, heartbeats and keep-alives.
        job: to follow.
        encoder: a new one; it encodes the events up to ``after`` without sending them.
        encoder_name: lets the client resume in the same shape.
        after: number of the last event that the client has received.
    """
    events_path = f"/api/jobs/{job.id}/events?view={encoder_name}"
    for _, event in job.log.after(0)[:after]:
        encoder.encode(event)

    async def events() -> AsyncIterator[bytes]:
        first: Payload = {"job_id": job.id, "events": events_path}
        async with aclosing(streams.follow(job, after)) as items:
            async for item in items:
                payload = await _payload(item, encoder)
                if payload is not None:
                    yield _write({**payload, **first}, item)
                    first = {}
                elif isinstance(item, KeepAlive):
                    yield ServerSentEvent(comment="still here", sep=_LF).encode()

    return EventSourceResponse(
        events(),
        sep=_LF,
        ping=0,
        headers={"X-Job-Id": job.id, "Cache-Control": "no-cache", "Vary": "Accept"},
    )


async def _payload(item: Item, encoder: EventEncoder) -> Payload | None:
    """Return the payload of an item; None where the client gets none."""
    match item:
        case LoggedEvent(event=event, last=True):
            # The last event may render files, which is CPU work.
            return await asyncio.to_thread(encoder.encode, event)
        case LoggedEvent(event=event):
            return encoder.encode(event)
        case Heartbeat(progress=progress):
            return progress_payload(progress)
        case ServerLeaving():
            return error_body("The server is shutting down", "server_shutdown", retryable=True)
        case KeepAlive():
            return None


def _write(payload: Payload, item: Item) -> bytes:
    """Return a payload as one server-sent event."""
    return JSONServerSentEvent(
        payload,
        event="error" if "error" in payload else None,
        id=str(item.seq) if isinstance(item, LoggedEvent) else None,
        retry=item.retry_ms if isinstance(item, ServerLeaving) else None,
        sep=_LF,
    ).encode()
