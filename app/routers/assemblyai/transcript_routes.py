"""`/v2/upload` and `/v2/transcript`, as AssemblyAI's clients ask for them.

RunPod's job API has `/v2/{endpoint}/…` for any name of an endpoint. These routes come first, so
`upload` and `transcript` are no names of endpoints.

Source: AssemblyAI's API reference, "Pre-recorded speech-to-text".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response

from app.container import Services
from app.domain import errors as e
from app.domain.errors import JobNotFoundError, JobUnfinishedError, NotFoundError
from app.domain.events import Result
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.assemblyai.transcript_source import store_upload, transcript_source
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import FILE, TEXT, described
from app.routers.edge.request_body import upload
from app.routers.encoders import Payload
from app.routers.file_links import base_url
from app.routers.job_answers import Answer
from app.routers.queue_dependencies import WebhooksDep
from app.routers.raised_errors import SUBMISSION_ERRORS, raises
from app.routers.sliced_json import sliced_json
from app.services.jobs.runtime import JobRuntime
from app.submission.vendors.transcript_answer import (
    LEAST_CAPTION_CHARS,
    MOST_CAPTION_CHARS,
    paragraphs_payload,
    sentences_payload,
    subtitle_text,
    transcript_payload,
)
from app.submission.vendors.transcript_order import KIND, TranscriptBody
from app.submission.vendors.transcript_run import enqueued, result_of
from app.system.thread_groups import DOCUMENTS

router = APIRouter(
    prefix="/v2", tags=["subtitles"], dependencies=[Depends(require_key)], route_class=GuardedRoute
)

_WORK = [rate_limited("process"), Depends(require_admission)]
_DELETED = {"text": "Deleted by user.", "audio_url": "http://deleted_by_user"}
"""What a removed transcript holds. Source: AssemblyAI's API reference, "Delete transcript"."""


class UploadedSound(Answer):
    """Answer of `/v2/upload`."""

    upload_url: str


@raises(JobNotFoundError)
async def _transcript(transcript_id: str, services: ServicesDep) -> JobRuntime:
    job = await services.runner.get(transcript_id)
    options = job.record.queue
    if options is None or options.kind != KIND:
        raise JobNotFoundError("No such transcript; it may have been removed")
    return job


TranscriptDep = Annotated[JobRuntime, Depends(_transcript)]


@raises(JobUnfinishedError, NotFoundError)
async def _finished(job: TranscriptDep) -> Result:
    """Return the result of a transcript.

    Raises:
        JobUnfinishedError: it is not there yet.
        NotFoundError: there is none.
    """
    if (result := result_of(job)) is not None:
        return result
    if job.running:
        raise JobUnfinishedError("The transcript is not finished")
    raise NotFoundError("The transcript has failed")


ResultDep = Annotated[Result, Depends(_finished)]


@router.post(
    "/upload",
    dependencies=[*_WORK, upload()],
    **described(
        "uploadSound",
        "Upload a recording as to AssemblyAI",
        UploadedSound,
        extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {
                        "schema": FILE,
                        "example": "the bytes of a recording",
                    }
                },
            }
        },
    ),
)
@raises(e.EmptyMediaError, e.StorageError)
async def upload_sound(request: Request, services: ServicesDep) -> UploadedSound:
    """Store the body; the address in the answer is understood by `/v2/transcript` alone."""
    upload_id = await store_upload(request, services)
    return UploadedSound(upload_url=f"{base_url(request)}/v2/upload/{upload_id}")


@router.post(
    "/transcript",
    dependencies=_WORK,
    **described(
        "createTranscript",
        "Have a recording transcribed as by AssemblyAI",
        dict[str, Any],
        example={"audio_url": "https://example.com/talk.mp3"},
    ),
)
@raises(*SUBMISSION_ERRORS)
async def create(
    request: Request, body: TranscriptBody, services: ServicesDep, webhooks: WebhooksDep
) -> Response:
    """Queue a transcript; its state comes from `/v2/transcript/{transcript_id}`."""
    wish = body.wish()
    if body.webhook_url:
        webhooks.check(body.webhook_url)
    source = await transcript_source(body.audio_url, base_url(request), services)
    wanted = wish.request(source, caller_of(request), caller_name(request))
    job = await enqueued(services, wanted, KIND, body.details(), body.secrets())
    return await _json(transcript_payload, job, _model(services))


@router.get(
    "/transcript/{transcript_id}",
    **described("getTranscript", "Get a transcript", dict[str, Any]),
)
async def state(job: TranscriptDep, services: ServicesDep) -> Response:
    """Return a transcript: `queued`, `processing`, `completed` or `error`."""
    return await _json(transcript_payload, job, _model(services))


@router.delete(
    "/transcript/{transcript_id}",
    **described("deleteTranscript", "Remove a transcript", dict[str, Any]),
)
@raises(e.ForbiddenError)
async def delete(request: Request, job: TranscriptDep, services: ServicesDep) -> Payload:
    """Remove a transcript with all that is stored of it; one that is not finished never will be."""
    if job.record.owner != caller_name(request):
        raise e.ForbiddenError("Only who ordered a transcript may remove it")
    await services.runner.forget(job, caller_name(request))
    return {"id": job.id, "status": "completed", **_DELETED}


@router.get(
    "/transcript/{transcript_id}/sentences",
    **described("getTranscriptSentences", "Get a transcript's sentences", dict[str, Any]),
)
async def sentences(job: TranscriptDep, result: ResultDep, services: ServicesDep) -> Response:
    """Return a transcript's sentences with their times."""
    return await _json(sentences_payload, job, result, _model(services))


@router.get(
    "/transcript/{transcript_id}/paragraphs",
    **described("getTranscriptParagraphs", "Get a transcript's paragraphs", dict[str, Any]),
)
async def paragraphs(job: TranscriptDep, result: ResultDep, services: ServicesDep) -> Response:
    """Return a transcript's paragraphs with their times."""
    return await _json(paragraphs_payload, job, result, _model(services))


@router.get(
    "/transcript/{transcript_id}/{kind}",
    **described(
        "getTranscriptFile",
        "Get a transcript as a subtitle file",
        content={"text/plain": {"schema": TEXT}},
    ),
)
@raises(e.TooMuchWorkError)
async def subtitles(
    kind: Annotated[Literal["srt", "vtt"], Path(openapi_examples={"srt": {"value": "srt"}})],
    result: ResultDep,
    chars_per_caption: Annotated[
        int | None,
        Query(
            ge=LEAST_CAPTION_CHARS,
            le=MOST_CAPTION_CHARS,
            description="Most characters of a caption",
        ),
    ] = None,
) -> Response:
    """Return a transcript's cues as a file."""
    return PlainTextResponse(await subtitle_text(result, kind, chars_per_caption))


def _model(services: Services) -> str:
    return services.readiness.engine_manager.engines.transcriber_name


async def _json(write: Callable[..., Payload], *given: object) -> Response:
    payload = await DOCUMENTS.run(write, *given)
    return Response(await sliced_json(payload), media_type="application/json")
