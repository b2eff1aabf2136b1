"""Events of one job, encoded for a database."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from app.domain.errors import JobExpiredError
from app.domain.events import CuesReady, Done, Event, Failed, Progress
from app.services.jobs.job_weight import event_bytes
from app.services.jobs.store.event_codec import encode_event
from app.services.jobs.store.job_rows import EncodedEvents, StoredEvent

_MANY_CUES = 500
"""Cues that take some milliseconds to encode, during which nothing else runs."""

_recent: deque[tuple[object, StoredEvent, int]] = deque(maxlen=2)
"""Large events that were encoded last, by the identity of what they hold: the end of a job and its
cues, which every replay of it has again. With what each holds in bytes."""


def recent_bytes() -> int:
    """Return the memory that events hold which are kept for replays, though their jobs may go."""
    return sum(weight for _, _, weight in tuple(_recent))


def encoded_events(events: Sequence[Event]) -> EncodedEvents:
    """Return events with what they change in their job's row."""
    stored = [_encoded(event) for event in events]
    progress = [data for event, (_, data) in zip(events, stored, strict=True) if _is_stage(event)]
    last = events[-1] if events else None
    return EncodedEvents(
        events=stored,
        weight_bytes=sum(len(data) for _, data in stored),
        progress=progress[-1] if progress else None,
        state="done" if isinstance(last, Done) else "failed" if _failed(last) else "running",
        title=last.result.title if isinstance(last, Done) else "",
        code=last.code if isinstance(last, Failed) else None,
    )


def expired_event() -> tuple[StoredEvent, str]:
    """Return the event that ends a job which waited in the queue too long, and its code."""
    error = JobExpiredError("The job waited in the queue longer than it was to")
    return encode_event(Failed(error.message, error.code, error.retryable)), error.code


def _encoded(event: Event) -> StoredEvent:
    content = _large_content(event)
    if content is None:
        return encode_event(event)
    for known, stored, _ in tuple(_recent):
        if known is content:
            return stored
    stored = encode_event(event)
    _recent.append((content, stored, event_bytes(event) + len(stored[1])))
    return stored


def _large_content(event: Event) -> object:
    """Return what alone decides how a large event is encoded; None for other events."""
    match event:
        case Done(result=result) if len(result.cues) >= _MANY_CUES:
            return result
        case CuesReady(cues=cues) if len(cues) >= _MANY_CUES and event == CuesReady(cues, True):
            return cues
        case _:
            return None


def _is_stage(event: Event) -> bool:
    return isinstance(event, Progress)


def _failed(event: Event | None) -> bool:
    return isinstance(event, Failed)
