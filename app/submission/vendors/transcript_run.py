"""Transcripts for clients of other vendors' APIs, run to their end or handed to the queue."""

from __future__ import annotations

from collections.abc import Mapping

from app.container import Services
from app.domain.errors import CuestreamError, NoSpeechError
from app.domain.events import Result
from app.domain.request import JobRequest
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.runtime import JobRuntime
from app.services.jobs.uploads_of_jobs import discard_upload
from app.submission.audio_output import silent
from app.submission.run_to_end import run_request
from app.submission.submit import check_request


async def transcribed(services: Services, request: JobRequest) -> Result:
    """Run a request and return its result; that of a recording without speech is empty.

    Raises:
        CuestreamError: the request or its media is bad, or the job failed.
    """
    try:
        return await run_request(services, request)
    except CuestreamError as error:
        if error.code != NoSpeechError.code:
            raise
        audio_ms = error.audio_ms if isinstance(error, NoSpeechError) else 0
        return silent(request.spoken.tag if request.spoken else None, audio_ms)


async def enqueued(
    services: Services,
    request: JobRequest,
    kind: str,
    details: Mapping[str, object],
    secrets: Mapping[str, str] | None = None,
) -> JobRuntime:
    """Put a request into the queue, where its job runs whether or not anybody waits.

    Args:
        services: of the process.
        request: whose file a refusal removes.
        kind: name of the door.
        details: what the door needs once the job has ended, as JSON has it.
        secrets: texts for the door that are stored encrypted.

    Raises:
        CuestreamError: the request is bad, or the queue is full.
    """
    try:
        await check_request(services, request)
    except BaseException:
        discard_upload(request)
        raise
    settings = services.settings.queue
    options = QueueOptions(
        owner=request.holder,
        ttl_s=settings.ttl_s,
        execution_timeout_s=min(settings.execution_timeout_s, settings.ttl_s),
        kind=kind,
        details=details,
        secrets=secrets or {},
    )
    return await services.runner.enqueue(request, options)


def result_of(job: JobRuntime) -> Result | None:
    """Return the result of a job, empty without speech; None where there is no result."""
    if job.result is not None:
        return job.result
    failure = job.failure
    if failure is not None and failure.code == NoSpeechError.code:
        return silent(job.request.spoken.tag if job.request.spoken else None, 0)
    return None
