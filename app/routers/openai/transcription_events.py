"""A transcription as server-sent events: OpenAI's, or vLLM's chunks.

Every event is named by a line ``event:`` and by its field ``type``: Subtitle Edit reads the one,
the SDKs the other. Deltas have no ``segment_id``, since Subtitle Edit drops those that have one;
the times come at the end, in ``segments`` of the last event, which the SDKs pass on.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing

from fastapi import Request
from sse_starlette import EventSourceResponse

from app.domain.errors import CuestreamError, DrainingError, NoSpeechError
from app.domain.events import Done, Failed, Result, SegmentTranscribed
from app.routers.dependencies import services_of
from app.routers.disconnect import disconnected
from app.routers.error_responses import http_error
from app.routers.error_shapes import HttpError, openai_body
from app.routers.openai.transcription_work import TranscriptionWork
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.stored_error import stored_error
from app.services.jobs.streams import LoggedEvent, ServerLeaving
from app.submission.audio_output import full_text
from app.submission.job_payloads import Payload
from app.submission.openai_transcription import (
    diarized_segments,
    language_code_payloads,
    logprob_payloads,
    segment_payloads,
    usage_of,
    usage_payload,
)
from app.system.loop_turns import take_turn
from app.system.thread_groups import DOCUMENTS

_OPEN_LIMIT_S = 20.0
"""How long the answer waits for the media, so that a bad file gets a status of its own."""
_LF = "\n"


class OpenAiEvents:
    """Encodes a transcription as OpenAI's events."""

    def __init__(self, work: TranscriptionWork) -> None:
        self._options = work.options

    def delta(self, text: str, heard_ms: int) -> bytes:
        """Return a piece of the text.

        Args:
            text: of it.
            heard_ms: where in the recording it ends.
        """
        del heard_ms
        return _event("transcript.text.delta", {"delta": text})

    def end(self, result: Result) -> Iterator[bytes]:
        """Yield what follows the text."""
        payload: Payload = {"text": full_text(result.segments)}
        if self._options.diarized:
            segments = diarized_segments(result)
            for number, segment in enumerate(segments):
                timed = ("start", "end", "speaker", "text")
                nested = {"id": number} | {name: segment[name] for name in timed}
                yield _event("transcript.text.segment", {**segment, "segment": nested})
        payload["segments"] = segment_payloads(result)
        payload["languages"] = language_code_payloads(result)
        if self._options.logprobs:
            payload["logprobs"] = logprob_payloads(result)
        payload["usage"] = usage_payload(result)
        yield _event("transcript.text.done", payload)

    def error(self, error: HttpError) -> bytes:
        """Return an error."""
        return _event("error", openai_body(error))


class ChatChunks:
    """Encodes a transcription as vLLM's chunks, which are those of a chat."""

    def __init__(self, work: TranscriptionWork) -> None:
        self._head: Payload = {
            "id": f"trsc-{time.time_ns():x}",
            "object": "transcription.chunk",
            "created": int(time.time()),
            "model": work.model,
        }
        self._include_usage = work.options.include_usage
        self._running_usage = work.options.include_usage and work.options.running_usage

    def delta(self, text: str, heard_ms: int) -> bytes:
        """Return a piece of the text; see `OpenAiEvents.delta`."""
        chunk = {"choices": [{"delta": {"content": text}, "finish_reason": None}]}
        usage = {"usage": usage_of(heard_ms)} if self._running_usage else {}
        return _data({**self._head, **chunk, **usage})

    def end(self, result: Result) -> Iterator[bytes]:
        """Yield what follows the text."""
        last = {"choices": [{"delta": {"content": ""}, "finish_reason": "stop"}]}
        yield _data({**self._head, **last})
        if self._include_usage:
            yield _data({**self._head, "choices": [], "usage": usage_payload(result)})
        yield b"data: [DONE]\n\n"

    def error(self, error: HttpError) -> bytes:
        """Return an error."""
        return _data(openai_body(error))


Encoder = OpenAiEvents | ChatChunks


async def stream_transcription(request: Request, work: TranscriptionWork) -> EventSourceResponse:
    """Return the stream; its job ends at once when the client leaves.

    Raises:
        CuestreamError: the job was refused, or failed before its media was open.
    """
    encoder: Encoder = ChatChunks(work) if work.options.chat_chunks else OpenAiEvents(work)
    try:
        job = await work.job()
    except CuestreamError as error:
        if not _is_silence(error):
            raise
        return EventSourceResponse(_silence(work, encoder), sep=_LF, ping=0)
    handed_over = False
    gone = asyncio.create_task(disconnected(request))
    opening = asyncio.create_task(job.wait_until_open(_OPEN_LIMIT_S))
    try:
        await asyncio.wait({opening, gone}, return_when=asyncio.FIRST_COMPLETED)
        if opening.done() and not _is_silence(opening.exception()):
            opening.result()
        handed_over = True
    finally:
        gone.cancel()
        opening.cancel()
        if not handed_over:
            job.detach(0)
    return EventSourceResponse(
        _events(request, job, work, encoder),
        sep=_LF,
        ping=0,
        headers={"Cache-Control": "no-cache", "X-Job-Id": job.id},
    )


async def _silence(work: TranscriptionWork, encoder: Encoder) -> AsyncIterator[bytes]:
    for piece in encoder.end(work.without_speech()):
        yield piece


def _is_silence(error: BaseException | None) -> bool:
    return isinstance(error, CuestreamError) and error.code == NoSpeechError.code


async def _events(
    request: Request, job: JobRuntime, work: TranscriptionWork, encoder: Encoder
) -> AsyncIterator[bytes]:
    sent = ""
    try:
        async with aclosing(services_of(request).streams.follow(job)) as items:
            async for item in items:
                if isinstance(item, ServerLeaving):
                    leaving = DrainingError("The server is shutting down", 5)
                    yield encoder.error(http_error(leaving))
                    return
                if not isinstance(item, LoggedEvent):
                    yield b": still here\n\n"
                    continue
                event = item.event
                if isinstance(event, SegmentTranscribed) and not work.translates_text:
                    text = event.segment.text.strip()
                    if text:
                        piece = f" {text}" if sent else text
                        sent += piece
                        yield encoder.delta(piece, event.segment.span.end_ms)
                elif isinstance(event, Done | Failed):
                    async for piece_ in _last(event, sent, work, encoder):
                        yield piece_
                    return
    finally:
        job.detach(0)


async def _last(
    event: Done | Failed, sent: str, work: TranscriptionWork, encoder: Encoder
) -> AsyncIterator[bytes]:
    if isinstance(event, Done):
        result = work.finished(event.result)
    elif event.code == NoSpeechError.code:
        result = work.without_speech()
    else:
        yield encoder.error(http_error(stored_error(event)))
        return
    rest = full_text(result.segments)
    if rest.startswith(sent) and rest != sent:
        yield encoder.delta(rest[len(sent) :], result.audio_ms)
    build: Callable[[], list[bytes]] = lambda: list(encoder.end(result))  # noqa: E731
    for piece in await DOCUMENTS.run(build):
        yield piece
        await take_turn()


def _event(kind: str, payload: Payload | dict[str, object]) -> bytes:
    return f"event: {kind}\n".encode() + _data({"type": kind, **payload})


def _data(payload: Payload | dict[str, object]) -> bytes:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode()
