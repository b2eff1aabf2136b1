"""`/api/process`, `/api/stream`: media in, subtitles out."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.container import Services
from app.domain.errors import BadRequestError, NotAcceptableError
from app.domain.events import Result
from app.domain.request import Audience
from app.routers.access.api_keys import caller_of
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.process_checks import process_checks
from app.routers.answer_form import check_answer_form, requested_form
from app.routers.dependencies import ServicesDep
from app.routers.described import JOB_HEADER, STREAM, SUBTITLE_TEXTS, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.edge.request_body import form_or_json
from app.routers.encoders import Payload, encoder_named, result_payload
from app.routers.file_answer import FileAnswer, file_stem
from app.routers.file_links import base_url, file_delivery
from app.routers.job_answers import JobResult, SubtitleFile
from app.routers.json_answer import JsonAnswer
from app.routers.patient_json import patient_json
from app.routers.queue_body import owner_of
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.routers.sse import stream_job
from app.routers.submission_body import Submission, SubmissionDep
from app.routers.submission_schema import SUBMISSION_OPENAPI
from app.services.jobs.runtime import JobRuntime
from app.services.render.formats import check_format
from app.submission.envelopes.envelope import EnvelopeJob
from app.submission.envelopes.envelope_table import SUBTITLES
from app.submission.envelopes.job_output import checked_outputs
from app.submission.submit import SentBody, submit_body

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[*process_checks(), form_or_json()],
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
    if submission.envelope is not SUBTITLES:
        raise BadRequestError("Only subtitles are streamed; send other jobs to /api/process")
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
        JobResult | SubtitleFile,
        answer="The result; an answer that began late may be an error in its place",
        content={**STREAM, **SUBTITLE_TEXTS},
        headers=JOB_HEADER,
        extra=SUBMISSION_OPENAPI,
    ),
)
@raises(NotAcceptableError, *JOB_ERRORS)
@answers_late
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
    # Another job than one for subtitles has its output as JSON, the same as in a queue.
    if submission.envelope is not SUBTITLES:
        return await _answered(request, submission, services)
    form = requested_form(request)
    if form == "events":
        return await _streamed(request, submission, services, "process", refusals_first=True)
    job = await _submit(request, submission, services, "batch")
    if form != "result":
        answer = FileAnswer(services, job, check_format(form), file_stem(submission, job))
        return await answer.respond(request)

    delivery = file_delivery(request, job)

    async def payload(result: Result) -> Payload:
        found = await result_payload(result, job, submission.body.wanted_formats)
        return found if delivery is None else await delivery.deliver(found, job)

    return await JsonAnswer(services, job, payload).respond(request)


async def _answered(request: Request, submission: Submission, services: Services) -> Response:
    """Answer a job of another kind than subtitles with its output."""
    owner, envelope = owner_of(request), submission.envelope
    job = EnvelopeJob(
        id=uuid.uuid4().hex,
        input=submission.fields,
        services=services,
        caller=owner.payer,
        holder=owner.name,
        key=owner.key,
        routes=request.app,
        base_url=base_url(request),
    )
    limit_bytes = services.settings.queue.max_output_mb * 2**20

    async def output() -> object:
        values = [value async for value in checked_outputs(envelope, job, limit_bytes)]
        return values if envelope.parts is not None else values[0]

    return await patient_json(request, output(), services.settings.server.sync_keepalive_after_s)


async def _submit(
    request: Request, submission: Submission, services: Services, audience: Audience
) -> JobRuntime:
    sent = SentBody(
        submission.body,
        caller_of(request),
        caller_name(request),
        submission.upload,
        audience,
        submission.notices,
        base_url(request),
    )
    return await submit_body(services, sent)


async def _streamed(
    request: Request,
    submission: Submission,
    services: Services,
    encoder_name: str,
    *,
    refusals_first: bool = False,
) -> Response:
    """Return the stream of a job.

    Args:
        request: which may come from a client that has left.
        submission: what it asks for.
        services: of the process.
        encoder_name: shape of the stream.
        refusals_first: whether its readers show no error that comes inside a stream, so that the
            response begins once the media is open, or has waited for it long enough.
    """
    job = await _submit(request, submission, services, "viewer")
    if refusals_first:
        limit_s = services.settings.jobs.process_wait_s
        await cancel_on_disconnect(request, services.runner.wait_until_open(job, limit_s))
    encoder = encoder_named(
        encoder_name, job, submission.body.wanted_formats, file_delivery(request, job)
    )
    return stream_job(services.streams, job, encoder, encoder_name)
