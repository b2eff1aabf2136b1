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
    SegmentTranscribed,
    SpeakersFound,
)
from app.domain.style_fields import style_fields
from app.routers.error_shapes import error_body
from app.services.jobs.runtime import JobRuntime
from app.submission.file_delivery import FileDelivery
from app.submission.job_payloads import Payload as Payload
from app.submission.job_payloads import cue_payload as cue_payload
from app.submission.job_payloads import progress_payload as progress_payload
from app.submission.job_payloads import rendered_formats as rendered_formats
from app.submission.job_payloads import result_payload as result_payload
from app.submission.job_payloads import track_payload as track_payload
from app.submission.job_payloads import turn_payloads as turn_payloads

_COMPLETE = 100
"""Percentage of a job whose cues are all there."""


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

        Lists of cues are iterators, see `sliced_json`, since a replay has all cues in one event.
        The result is not encoded here, since it may be large: see `result_payload`.
        """
        ...


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
    """The same with every cue, once, in numbered batches, for `/api/stream`.

    A cue comes as soon as its text and its time stay as they are. Speakers that are known later are
    in the result, since no cue may come twice. Batches count 1, 2, 3 in order; the total is what
    the pipeline expects, or one more than there are where it expects nothing. It never falls.
    """

    def __init__(
        self, job: JobRuntime, formats: Sequence[str], delivery: FileDelivery | None = None
    ) -> None:
        super().__init__(job, formats, delivery)
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
            "subtitles": map(cue_payload, cues),
        }

    def _to_come(self, event: CuesReady) -> int:
        """Return how many batches are expected still; each has one cue while a job runs."""
        if self._percent >= _COMPLETE:
            return 0
        return 1 if event.expected is None else max(0, event.expected - len(self._ids))


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
            follow: Payload = {"speakers_follow": True} if event.speakers_follow else {}
            cues = map(_native_cue, event.cues)
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
    for name in ("placement", "runs", "translation_runs", "turn_speakers"):
        del payload[name]
    if cue.turn_speakers:
        payload["speakers"] = list(cue.turn_speakers)
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
