"""`/api/process`, `/api/stream`: media in, subtitles out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.container import Services
from app.domain.errors import NotAcceptableError
from app.domain.events import Result
from app.domain.request import Audience
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.answer_form import check_answer_form, requested_form
from app.routers.body import SUBMISSION_OPENAPI, Submission, SubmissionDep
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import JOB_HEADER, STREAM, SUBTITLE_TEXTS, described
from app.routers.edge.request_body import form_or_json
from app.routers.encoders import Payload, encoder_named, result_payload
from app.routers.file_answer import FileAnswer, file_stem
from app.routers.job_answers import ApiError, JobResult, SubtitleFile
from app.routers.json_answer import JsonAnswer
from app.routers.raised_errors import JOB_ERRORS, raises
from app.routers.sse import stream_job
from app.services.jobs.runtime import JobRuntime
from app.services.render.formats import FORMATS
from app.submission.submit import submit_body

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[
        Depends(require_key),
        rate_limited("process"),
        Depends(require_admission),
        form_or_json(),
    ],
    route_class=GuardedRoute,
)


@router.post(
    "/stream",
    **described(
        "streamSubtitles",
        "Make subtitles and stream every cue",
        content=STREAM,
        headers=JOB_HEADER,
        extra=SUBMISSION_OPENAPI,
    ),
)
@raises(*JOB_ERRORS)
async def stream(request: Request, submission: SubmissionDep, services: ServicesDep) -> Response:
    """Stream stages, every cue as soon as it is final, and the result."""
    return await _streamed(request, submission, services, "stream")


FormatQuery = Annotated[
    str | None,
    Query(alias="format", description="Answer with the subtitles as a file of this format"),
]


@router.post(
    "/process",
    dependencies=[Depends(check_answer_form)],
    **described(
        "makeSubtitles",
        "Make subtitles",
        JobResult | ApiError | SubtitleFile,
        answer="The result; an answer that began late may be an error in its place",
        content={**STREAM, **SUBTITLE_TEXTS},
        headers=JOB_HEADER,
        extra=SUBMISSION_OPENAPI,
    ),
)
@raises(NotAcceptableError, *JOB_ERRORS)
async def process(
    request: Request,
    submission: SubmissionDep,
    services: ServicesDep,
    file_format: FormatQuery = None,
) -> Response:
    """Answer with the result as JSON, with the subtitles as a file, or stream stages and result.

    ``format`` names the file's format; else ``Accept`` chooses.
    """
    del file_format
    form = requested_form(request)
    if form == "events":
        return await _streamed(request, submission, services, "process")
    job = await _submit(request, submission, services, "batch")
    if form in FORMATS:
        answer = FileAnswer(services, job, FORMATS[form], file_stem(submission, job))
        return await answer.respond(request)

    async def payload(result: Result) -> Payload:
        return await result_payload(result, job, submission.body.formats)

    return await JsonAnswer(services, job, payload).respond(request)


async def _submit(
    request: Request, submission: Submission, services: Services, audience: Audience
) -> JobRuntime:
    return await submit_body(
        services,
        caller_of(request),
        submission.body,
        submission.upload,
        audience,
        holder=caller_name(request),
        notices=submission.notices,
    )


async def _streamed(
    request: Request, submission: Submission, services: Services, encoder_name: str
) -> Response:
    job = await _submit(request, submission, services, "viewer")
    encoder = encoder_named(encoder_name, job, submission.body.formats)
    return stream_job(services.streams, job, encoder, encoder_name)
