"""A job as a stream of server-sent events.

Lines end with LF alone, since the extension's parser splits on nothing else, and every event is
one write with one ``data:`` line.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from sse_starlette import EventSourceResponse, JSONServerSentEvent, ServerSentEvent

from app.routers.encoded_log import EncodedEvent, EncodedLog, encoded_log
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
from app.system.loop_turns import take_turn

_LF = "\n"
_TURN_FRAMES = 50
"""Frames that one stream sends before others get their turn: about a millisecond."""


def stream_job(
    streams: StreamHub,
    job: JobRuntime,
    encoder: EventEncoder,
    encoder_name: str,
    after: int = 0,
    *,
    errors_as_messages: bool = False,
) -> EventSourceResponse:
    """Return the response that follows a job.

    Args:
        streams: yields the events, heartbeats and keep-alives.
        job: to follow.
        encoder: a new one; readers of one kind share what it encodes.
        encoder_name: lets the client resume in the same shape.
        after: number of the last event that the client has received.
        errors_as_messages: whether an error comes as a plain message too, for clients that listen
            to nothing else.
    """
    events_path = f"/api/jobs/{job.id}/events?view={encoder_name}"
    if encoder.formats:
        events_path += f"&formats={','.join(encoder.formats)}"
    first: Payload = {"job_id": job.id, "events": events_path}
    encoded = encoded_log(job, encoder)
    return EventSourceResponse(
        _frames(streams.follow(job, after), encoded, first, errors_as_messages=errors_as_messages),
        sep=_LF,
        ping=0,
        headers={"X-Job-Id": job.id, "Cache-Control": "no-cache", "Vary": "Accept"},
    )


async def _frames(
    items: AsyncGenerator[Item],
    encoded: EncodedLog,
    first: Payload,
    *,
    errors_as_messages: bool,
) -> AsyncIterator[bytes]:
    """Yield the frames of a stream.

    Args:
        items: of the job.
        encoded: its log, as this reader gets it.
        first: fields that the first frame has beside its own.
        errors_as_messages: see `stream_job`.
    """
    sent = 0
    async with aclosing(items):
        async for item in items:
            sent += 1
            if sent % _TURN_FRAMES == 0:
                await take_turn()  # a replay is there at once, and others wait
            if isinstance(item, LoggedEvent):
                event = await encoded.event(item.seq)
                if event is not None:
                    if event.is_error and errors_as_messages:
                        yield b"data: %b\n\n" % event.json
                    yield _frame(event, item.seq, first)
                    first = {}
            elif isinstance(item, KeepAlive):
                yield ServerSentEvent(comment="still here", sep=_LF).encode()
            else:
                yield _write({**_payload(item), **first}, item)
                first = {}


def _payload(item: Heartbeat | ServerLeaving) -> Payload:
    """Return the payload of what no event of the job is."""
    if isinstance(item, Heartbeat):
        return progress_payload(item.progress)
    return error_body("The server is shutting down", "server_shutdown", retryable=True)


def _frame(event: EncodedEvent, seq: int, first: Payload) -> bytes:
    """Return an event of the job's log as one server-sent event.

    Args:
        event: encoded.
        seq: its number.
        first: fields that the first frame of a stream has beside its own.
    """
    own = event.json
    if first:
        own = own[:-1] + b"," + json.dumps(first, separators=(",", ":")).encode()[1:]
    kind = b"event: error\n" if event.is_error else b""
    return b"id: %d\n%bdata: %b\n\n" % (seq, kind, own)


def _write(payload: Payload, item: Heartbeat | ServerLeaving) -> bytes:
    """Return a payload as one server-sent event."""
    return JSONServerSentEvent(
        payload,
        event="error" if "error" in payload else None,
        retry=item.retry_ms if isinstance(item, ServerLeaving) else None,
        sep=_LF,
    ).encode()
