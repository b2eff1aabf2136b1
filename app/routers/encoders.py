"""Encoders of a job's events, one for each kind of client.

An encoder is a fold over the log: it encodes every event from the first on, also those that a
client has already received, so that counters are right when a stream is resumed. Each event
becomes one payload at most, so that the event's number can be the id of the server-sent event.
"""

from __future__ import annotations

import dataclasses
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
from app.services.pipeline.progress import format_eta
from app.services.render.formats import render_bounded

Payload = dict[str, object]
"""A JSON object of the wire."""

_COMPLETE = 100
"""Percentage of a job whose cues are all there."""


class EventEncoder(Protocol):
    """Turns events into payloads.

    Attributes:
        formats: subtitle files that the result has.
    """

    formats: tuple[str, ...]

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
    if progress.eta_ms:
        payload["eta"] = format_eta(progress.eta_ms)
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

    def __init__(self, job: JobRuntime, formats: Sequence[str]) -> None:
        self._job = job
        self.formats = tuple(formats)

    def encode(self, event: Event) -> Payload | None:
        """See the protocol."""
        if isinstance(event, Progress):
            return progress_payload(event)
        if isinstance(event, Failed):
            return error_body(event.message, event.code, retryable=event.retryable)
        return None


class StreamEncoder(ProcessEncoder):
    """The same with every cue, once, in numbered batches, for `/api/stream`.

    A cue comes as soon as its text and its time stay as they are. Speakers that are known later are
    in the result, since no cue may come twice. Batches count 1, 2, 3 in order; the total is what
    the pipeline expects, or one more than there are where it expects nothing. It never falls.
    """

    def __init__(self, job: JobRuntime, formats: Sequence[str]) -> None:
        super().__init__(job, formats)
        self._sent = 0
        self._ids: set[int] = set()
        self._total = 1
        self._percent = 0

    def encode(self, event: Event) -> Payload | None:
        """See the protocol."""
        if isinstance(event, Progress):
            self._percent = event.percent
        if not isinstance(event, CuesReady):
            return super().encode(event)
        cues = [cue for cue in event.cues if event.readable and cue.id not in self._ids]
        if not cues:
            return None
        self._ids.update(cue.id for cue in cues)
        self._sent += 1
        self._total = max(self._total, self._sent + self._to_come(event))
        return {
            "stage": "subtitles",
            "message": f"{self._sent} {'line' if self._sent == 1 else 'lines'} ready",
            "batchInfo": {"current": self._sent, "total": self._total},
            "subtitles": [cue_payload(cue) for cue in cues],
        }

    def _to_come(self, event: CuesReady) -> int:
        """Return how many batches are expected still; each has one cue while a job runs."""
        if self._percent >= _COMPLETE:
            return 0
        return 1 if event.expected is None else max(0, event.expected - len(self._ids))


class NativeEncoder:
    """Every event, cues with id and revision: for clients that can revise."""

    def __init__(self, job: JobRuntime, formats: Sequence[str]) -> None:
        self._plain = ProcessEncoder(job, formats)
        self.formats = self._plain.formats

    def encode(self, event: Event) -> Payload | None:
        """See the protocol."""
        if isinstance(event, CuesReady):
            follow: Payload = {"speakers_follow": True} if event.speakers_follow else {}
            cues = [_native_cue(cue) for cue in event.cues]
            return {"type": "cues", "final": event.final, **follow, "cues": cues}
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


def encoder_named(name: str, job: JobRuntime, formats: Sequence[str]) -> EventEncoder:
    """Return a new encoder.

    Raises:
        NotFoundError: no encoder has that name.
    """
    if name not in ENCODERS:
        raise NotFoundError(f"No view {quoted(name)}; known: {', '.join(ENCODERS)}")
    return ENCODERS[name](job, formats)
