"""Encoders of a job's events, one for each kind of client.

An encoder is a fold over the log: it encodes every event from the first on, also those that a
client has already received, so that counters are right when a stream is resumed. Each event
becomes one payload at most, so that the event's number can be the id of the server-sent event.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from app.domain.cue import Cue
from app.domain.errors import NotFoundError, quoted
from app.domain.events import (
    CuesDropped,
    CuesReady,
    Event,
    Failed,
    MediaOpened,
    Notice,
    Progress,
    Result,
    SegmentTranscribed,
    SpeakersFound,
)
from app.domain.media import AudioTrack
from app.domain.style_fields import style_fields
from app.domain.transcript import SpeakerTurn
from app.routers.error_shapes import error_body
from app.services.jobs.runtime import JobRuntime
from app.services.render.formats import render_bounded
from app.submission.file_delivery import FileDelivery

Payload = dict[str, object]
"""A JSON object of the wire."""


class EventEncoder(Protocol):
    """Turns events into payloads.

    Attributes:
        formats: subtitle files that the result has.
        delivery: how the client gets them instead, where he wants them stored.
    """

    formats: tuple[str, ...]
    delivery: FileDelivery | None

    def encode(self, event: Event) -> Payload | None:
        """Return the payload of an event, or None where this kind of client gets none.

        The result is not encoded here, since it may be large: see `result_payload`.
        """
        ...


def progress_payload(progress: Progress) -> Payload:
    """Return a stage event; ``eta`` is a string or absent."""
    payload: Payload = {
        "stage": progress.stage,
        "message": progress.message,
        "percent": progress.percent,
        "step": progress.step,
        "totalSteps": progress.total_steps,
    }
    if progress.eta:
        payload["eta"] = progress.eta
    return payload


def cue_payload(cue: Cue) -> Payload:
    """Return a cue in the extension's shape; ``speaker`` is absent when unknown.

    Texts hold no markup and no marks of direction: the extension sets them as plain text in an
    element of its own. What a style adds is in fields that it does not look at.
    """
    payload: Payload = {
        "start": cue.span.start_ms,
        "end": cue.span.end_ms,
        "text": cue.text,
        "translatedText": cue.translation or cue.text,
        "confidence": round(cue.confidence, 3),
    }
    if cue.language != "und":
        payload["language"] = cue.language
    if cue.speaker is not None:
        payload["speaker"] = cue.speaker
    return {**payload, **style_fields(cue)}


def turn_payloads(turns: Sequence[SpeakerTurn]) -> list[Payload]:
    """Return the speaker turns, in milliseconds."""
    return [
        {"start": turn.span.start_ms, "end": turn.span.end_ms, "speaker": turn.speaker}
        for turn in turns
    ]


async def result_payload(result: Result, job: JobRuntime, formats: Sequence[str]) -> Payload:
    """Return the result of a finished job, with the files that were requested.

    Its cues are an iterator: see `sliced_json`.
    """
    payload: Payload = {
        "subtitles": map(cue_payload, result.cues),
        "source": result.origin,
        "translated": result.translated,
        "language": result.language,
        "target_lang": job.request.target.tag if job.request.target else None,
        "job_id": job.id,
        "duration_ms": result.audio_ms,
        "elapsed_ms": result.elapsed_ms,
        "rtf": round(result.rtf, 4),
        "stage_ms": result.stage_ms,
        "cached": dict(result.cached),
        **_optional_fields(result),
    }
    if formats:
        payload["formats"] = await rendered_formats(result, job, formats)
    return payload


async def rendered_formats(
    result: Result, job: JobRuntime, formats: Sequence[str]
) -> dict[str, str]:
    """Return subtitle files of a finished job by the names of their formats."""
    profile = job.request.profile
    language = job.request.target.tag if job.request.target else result.language
    return {name: await render_bounded(result.cues, name, profile, language) for name in formats}


def _optional_fields(result: Result) -> Payload:
    """Return the fields of a result that are absent where there is nothing to report."""
    payload: Payload = {}
    if result.spoken is not None:
        payload["task"] = "translate"
        payload["spoken_language"] = result.spoken
    if result.translators:
        payload["translators"] = list(result.translators)
    if result.voiced_untranscribed_ms is not None:
        payload["voiced_untranscribed_s"] = result.voiced_untranscribed_ms / 1000
    if len(result.heard.tracks) > 1:
        payload["audio_track"] = result.heard.index
        payload["audio_tracks"] = [track_payload(track) for track in result.heard.tracks]
    if result.notices:
        payload["notices"] = [dataclasses.asdict(notice) for notice in result.notices]
    if result.turns:
        payload["speakers"] = turn_payloads(result.turns)
    if result.title:
        payload["title"] = result.title
    if result.usage is not None:
        payload["usage"] = dataclasses.asdict(result.usage)
    return payload


def track_payload(track: AudioTrack) -> Payload:
    """Return an audio track as the wire has it."""
    return {
        "index": track.index,
        "language": "/".join(track.languages) or None,
        "title": track.title,
        "role": track.role,
        "channels": track.channels,
        "decodable": track.decodable,
    }


class ProcessEncoder:
    """Stage events, then ``result`` or ``error``, for `/api/process`."""

    def __init__(
        self, job: JobRuntime, formats: Sequence[str], delivery: FileDelivery | None = None
    ) -> None:
        self._job = job
        self.formats = tuple(formats)
        self.delivery = delivery

    def encode(self, event: Event) -> Payload | None:
        """See the protocol."""
        if isinstance(event, Progress):
            return progress_payload(event)
        if isinstance(event, Failed):
            return error_body(event.message, event.code, retryable=event.retryable)
        return None


class StreamEncoder(ProcessEncoder):
    """The same with every final cue, once, in numbered batches, for `/api/stream`.

    Batches count 1, 2, 3 in order; the total is an estimate from the progress so far, never less
    than the number itself and never falling.
    """

    def __init__(
        self, job: JobRuntime, formats: Sequence[str], delivery: FileDelivery | None = None
    ) -> None:
        super().__init__(job, formats, delivery)
        self._sent = 0
        self._total = 1
        self._percent = 0

    def encode(self, event: Event) -> Payload | None:
        """See the protocol."""
        if isinstance(event, Progress):
            self._percent = event.percent
        if not isinstance(event, CuesReady):
            return super().encode(event)
        if not event.final:
            return None
        self._sent += 1
        expected = math.ceil(self._sent * 100 / max(self._percent, 1))
        finished = self._percent >= 100
        self._total = max(self._total, self._sent if finished else max(expected, self._sent + 1))
        return {
            "stage": "subtitles",
            "message": f"{self._sent} {'line' if self._sent == 1 else 'lines'} ready",
            "batchInfo": {"current": self._sent, "total": self._total},
            "subtitles": [cue_payload(cue) for cue in event.cues],
        }


class NativeEncoder:
    """Every event, cues with id and revision: for clients that can revise."""

    def __init__(
        self, job: JobRuntime, formats: Sequence[str], delivery: FileDelivery | None = None
    ) -> None:
        self._plain = ProcessEncoder(job, formats)
        self.formats = self._plain.formats
        self.delivery = delivery

    def encode(self, event: Event) -> Payload | None:
        """See the protocol."""
        if isinstance(event, CuesReady):
            return {
                "type": "cues",
                "final": event.final,
                "cues": [_native_cue(cue) for cue in event.cues],
            }
        if isinstance(event, SegmentTranscribed):
            return {"type": "segment", "segment": dataclasses.asdict(event.segment)}
        if isinstance(event, CuesDropped):
            return {"type": "dropped", "ids": list(event.ids)}
        if isinstance(event, SpeakersFound):
            return {"type": "speakers", "turns": turn_payloads(event.turns)}
        if isinstance(event, Notice):
            return {"type": "notice", **dataclasses.asdict(event)}
        if isinstance(event, MediaOpened):
            return {"type": "media", "duration_ms": event.duration_ms}
        return self._plain.encode(event)


def _native_cue(cue: Cue) -> Payload:
    """Return a cue with all that it holds; its style as `style_fields` has it."""
    payload = dataclasses.asdict(cue)
    for name in ("placement", "runs", "translation_runs"):
        del payload[name]
    return {**payload, **style_fields(cue)}


ENCODERS: Mapping[str, type[ProcessEncoder | NativeEncoder]] = {
    "process": ProcessEncoder,
    "stream": StreamEncoder,
    "native": NativeEncoder,
}


def encoder_named(
    name: str, job: JobRuntime, formats: Sequence[str], delivery: FileDelivery | None = None
) -> EventEncoder:
    """Return a new encoder.

    Raises:
        NotFoundError: no encoder has that name.
    """
    if name not in ENCODERS:
        raise NotFoundError(f"No view {quoted(name)}; known: {', '.join(ENCODERS)}")
    return ENCODERS[name](job, formats, delivery)
