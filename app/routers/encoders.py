"""Events as the wire has them: one encoder for each kind of reader.

An encoder is a fold over the log: it is shown every event from the first on, also those that a
reader has already seen, so that counters are right when a stream is resumed. Each event becomes
one frame at most, so that the event's number can be the frame's id.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from app.domain.cue import Cue
from app.domain.errors import NotFoundError
from app.domain.events import (
    CuesDropped,
    CuesReady,
    Done,
    Event,
    Failed,
    MediaOpened,
    Notice,
    Progress,
    Result,
    SegmentTranscribed,
    SpeakersFound,
)
from app.domain.profile import ReadingProfile
from app.domain.transcript import SpeakerTurn
from app.routers.error_responses import error_body
from app.services.jobs.runtime import JobRuntime
from app.services.render.formats import render

Frame = dict[str, object]


class EventEncoder(Protocol):
    """Turns events into frames."""

    def encode(self, event: Event) -> Frame | None:
        """Return the frame for an event, or None when this reader has no use for it."""
        ...


def progress_frame(progress: Progress) -> Frame:
    """Return a stage event; ``eta`` is a string or absent."""
    frame: Frame = {
        "stage": progress.stage,
        "message": progress.message,
        "percent": progress.percent,
        "step": progress.step,
        "totalSteps": progress.total_steps,
    }
    if progress.eta:
        frame["eta"] = progress.eta
    return frame


def cue_frame(cue: Cue) -> Frame:
    """Return a cue in the extension's shape; ``speaker`` is absent when unknown."""
    frame: Frame = {
        "start": cue.span.start_ms,
        "end": cue.span.end_ms,
        "text": cue.text,
        "translatedText": cue.translation or cue.text,
        "confidence": round(cue.confidence, 3),
    }
    if cue.language != "und":
        frame["language"] = cue.language
    if cue.speaker is not None:
        frame["speaker"] = cue.speaker
    return frame


def speaker_frames(turns: Sequence[SpeakerTurn]) -> list[Frame]:
    """Return who spoke when, in milliseconds."""
    return [
        {"start": turn.span.start_ms, "end": turn.span.end_ms, "speaker": turn.speaker}
        for turn in turns
    ]


def result_frame(
    result: Result, job: JobRuntime, formats: Sequence[str], profile: ReadingProfile
) -> Frame:
    """Return what a finished job has made, with the files that were asked for."""
    frame: Frame = {
        "subtitles": [cue_frame(cue) for cue in result.cues],
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
    }
    if result.voiced_untranscribed_ms is not None:
        frame["voiced_untranscribed_s"] = result.voiced_untranscribed_ms / 1000
    if result.notices:
        frame["notices"] = [dataclasses.asdict(notice) for notice in result.notices]
    if result.turns:
        frame["speakers"] = speaker_frames(result.turns)
    if result.title:
        frame["title"] = result.title
    if result.usage is not None:
        frame["usage"] = dataclasses.asdict(result.usage)
    if formats:
        language = job.request.target.tag if job.request.target else result.language
        frame["formats"] = {name: render(result.cues, name, profile, language) for name in formats}
    return frame


class ProcessEncoder:
    """Stage events, then ``result`` or ``error``: what `/api/process` streams."""

    def __init__(self, job: JobRuntime, formats: Sequence[str]) -> None:
        self._job = job
        self._formats = formats

    def encode(self, event: Event) -> Frame | None:
        """See the protocol."""
        if isinstance(event, Progress):
            return progress_frame(event)
        if isinstance(event, Done):
            profile = self._job.request.profile
            return {"result": result_frame(event.result, self._job, self._formats, profile)}
        if isinstance(event, Failed):
            return error_body(event.message, event.code, retryable=event.retryable)
        return None


class StreamEncoder(ProcessEncoder):
    """The same with every final cue, once, as a numbered batch: what `/api/stream` streams.

    Batches count 1, 2, 3 in order; the total is what the progress so far suggests, never less
    than the number itself and never falling.
    """

    def __init__(self, job: JobRuntime, formats: Sequence[str]) -> None:
        super().__init__(job, formats)
        self._sent = 0
        self._total = 1
        self._percent = 0

    def encode(self, event: Event) -> Frame | None:
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
            "subtitles": [cue_frame(cue) for cue in event.cues],
        }


class NativeEncoder:
    """Everything that happens, cues with id and revision: for readers that can revise."""

    def __init__(self, job: JobRuntime, formats: Sequence[str]) -> None:
        self._plain = ProcessEncoder(job, formats)

    def encode(self, event: Event) -> Frame | None:
        """See the protocol."""
        if isinstance(event, CuesReady):
            return {
                "type": "cues",
                "final": event.final,
                "cues": [dataclasses.asdict(cue) for cue in event.cues],
            }
        if isinstance(event, SegmentTranscribed):
            return {"type": "segment", "segment": dataclasses.asdict(event.segment)}
        if isinstance(event, CuesDropped):
            return {"type": "dropped", "ids": list(event.ids)}
        if isinstance(event, SpeakersFound):
            return {"type": "speakers", "turns": speaker_frames(event.turns)}
        if isinstance(event, Notice):
            return {"type": "notice", **dataclasses.asdict(event)}
        if isinstance(event, MediaOpened):
            return {"type": "media", "duration_ms": event.duration_ms}
        return self._plain.encode(event)


VIEWS: Mapping[str, type[ProcessEncoder | NativeEncoder]] = {
    "process": ProcessEncoder,
    "stream": StreamEncoder,
    "native": NativeEncoder,
}


def encoder_named(name: str, job: JobRuntime, formats: Sequence[str]) -> EventEncoder:
    """Return a new encoder.

    Raises:
        NotFoundError: no view has that name.
    """
    if name not in VIEWS:
        raise NotFoundError(f"No view {name!r}; known: {', '.join(VIEWS)}")
    return VIEWS[name](job, formats)
