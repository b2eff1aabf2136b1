"""A subtitle job as a queue reports it: one more reader of its log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from app.domain.errors import JobCancelledError
from app.domain.events import Progress
from app.services.jobs.runtime import JobRuntime
from app.submission.file_delivery import FileDelivery
from app.submission.job_payloads import Payload, add_files, cue_payload, rendered_formats

Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"]

_BATCH_CUES = 100

_FIRST_EVENTS = 100
"""Events among which one shows that a job has begun, if it has."""

_WAITING = frozenset({"waiting", "loading", "checking"})


async def job_report(job: JobRuntime, caller: str, delivery: FileDelivery | None = None) -> Payload:
    """Return a job as a queue reports it to a caller; a finished one with his files.

    Args:
        job: that came by another door.
        caller: who asks.
        delivery: stores his files, where he wants links to them; see `file_delivery`.
    """
    if job.callers.has_left(caller):
        return {"id": job.id, "status": "CANCELLED"}
    frame = _queue_frame(job)
    if job.result is not None and (formats := job.callers.formats(caller)):
        batches = list(_batches(job)) or [{"subtitles": []}]
        files = await rendered_formats(job.result, job, formats)
        batches[-1] = add_files(batches[-1], files)
        if delivery is not None:
            batches[-1] = await delivery.deliver(batches[-1], job)
        frame["output"] = batches
    return frame


def queue_status(job: JobRuntime) -> Status:
    """Return a job's status as a queue names it."""
    failure = job.record.failure
    if failure is not None:
        return "CANCELLED" if failure.code == JobCancelledError.code else "FAILED"
    if not job.running:
        return "COMPLETED"
    begun = any(
        not isinstance(event, Progress) or event.stage not in _WAITING
        for _, event in job.log.after(0, _FIRST_EVENTS)
    )
    return "IN_PROGRESS" if begun else "IN_QUEUE"


def _queue_frame(job: JobRuntime) -> Payload:
    """Return a job as a queue reports it.

    ``output`` yields batches with each cue once, in order; clients put them together.
    """
    frame: Payload = {"id": job.id, "status": queue_status(job)}
    if job.record.failure is not None:
        frame["error"] = job.record.failure.message
    if job.result is not None:
        frame["executionTime"] = job.result.elapsed_ms
        frame["output"] = _batches(job)
    return frame


def _batches(job: JobRuntime) -> Iterator[Payload]:
    cues = job.result.cues if job.result is not None else ()
    for place in range(0, len(cues), _BATCH_CUES):
        yield {"subtitles": [cue_payload(cue) for cue in cues[place : place + _BATCH_CUES]]}
