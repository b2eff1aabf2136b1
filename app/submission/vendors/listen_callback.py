"""Answers for Deepgram's clients that go to an address of theirs once they are there."""

from __future__ import annotations

from typing import Any, cast

from app.container import Services
from app.domain.request import JobRequest, UploadedFile
from app.services.jobs.runtime import JobRuntime
from app.submission.job_payloads import Payload
from app.submission.vendors.listen_answer import ListenRequest, listen_answer
from app.submission.vendors.listen_query import Items, RecordingQuery, parse_query, wish_of
from app.submission.vendors.transcript_run import enqueued, result_of

KIND = "deepgram"
"""Name of this door in the store."""

_QUERY = "query"


async def enqueue_listen(
    services: Services, request: JobRequest, items: Items, callback: str
) -> JobRuntime:
    """Put a recording into the queue whose answer goes to an address.

    Args:
        services: of the process.
        request: of the job.
        items: of the query, which say what the answer holds.
        callback: the address.

    Raises:
        CuestreamError: the request is bad, or the queue is full.
    """
    details = {"webhook": callback, _QUERY: [list(pair) for pair in items]}
    return await enqueued(services, request, KIND, details)


def callback_payload(job: JobRuntime, model: str) -> Payload:
    """Return the body for the address of a job that has ended: the answer, or the error.

    Args:
        job: that came by this door.
        model: name of the model that transcribes.
    """
    result, failure = result_of(job), job.failure
    if result is None:
        code, text = (failure.code, failure.message) if failure else ("cancelled", "No result")
        return {"err_code": code, "err_msg": text, "request_id": job.id}
    query, warnings = parse_query(_items(job), RecordingQuery)
    wish_of(query, warnings)
    sha256 = sha256_of(job.request)
    return listen_answer(result, ListenRequest(job.id, query, tuple(warnings), sha256, model))


def sha256_of(request: JobRequest) -> str:
    """Return the hash of a recording that was sent; empty for one behind an address."""
    return request.source.sha256 if isinstance(request.source, UploadedFile) else ""


def _items(job: JobRuntime) -> Items:
    details = job.record.queue.details if job.record.queue else {}
    pairs = cast("list[Any]", details.get(_QUERY, []))
    return [(str(name), str(text)) for name, text in pairs]
