"""Events of one job, encoded for a database."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.events import Done, Event, Failed, Progress
from app.services.jobs.store.event_codec import encode_event
from app.services.jobs.store.job_rows import EncodedEvents


def encoded_events(events: Sequence[Event]) -> EncodedEvents:
    """Return events with what they change in their job's row."""
    stored = [encode_event(event) for event in events]
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


def _is_stage(event: Event) -> bool:
    return isinstance(event, Progress)


def _failed(event: Event | None) -> bool:
    return isinstance(event, Failed)
