"""`/api/qc`, `/api/relayout`, `/api/merge`, `/api/retime`, `/api/align`: work on subtitle files."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.domain import errors as e
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.process_checks import process_checks
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.edge.request_body import form_or_json
from app.routers.operation_form import (
    CAPTIONS_PART,
    CaptionPart,
    operation_openapi,
    read_operation,
)
from app.routers.patient_json import patient_json
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.routers.subtitle_answers import (
    AlignedSubtitles,
    BilingualSubtitles,
    LaidOutSubtitles,
    QualityAnswer,
    RetimedSubtitles,
)
from app.submission.operations.align_operation import aligned
from app.submission.operations.file_operations import examine, examine_job, merged, relaid
from app.submission.operations.operation_body import (
    AlignBody,
    MergeBody,
    QualityBody,
    RelayoutBody,
    RetimeBody,
)
from app.submission.operations.recording_media import Owner
from app.submission.operations.retime_operation import retimed

files = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[Depends(require_key), rate_limited("subtitles"), form_or_json()],
    route_class=GuardedRoute,
)
timing = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[*process_checks(), form_or_json()],
    route_class=GuardedRoute,
)

_SRT = "1\n00:00:01,000 --> 00:00:03,500\nWhere do you want to go?\n"
_SPANISH = "1\n00:00:01,100 --> 00:00:03,400\n¿Adónde quieres ir?\n"
_FILE_PART = CaptionPart("captions", "language", ("file",))
_SECOND_PART = CaptionPart("second", "second_language")

_FILE_ERRORS = (
    e.RepeatedFieldError,
    e.SeveralSourcesError,
    e.InvalidFormatError,
    e.InvalidProfileError,
    e.InvalidLanguageError,
    e.InvalidCaptionsError,
    e.TooMuchWorkError,
    e.ResourceLimitError,
    e.OverloadedError,
    e.StorageError,
)


@files.post(
    "/qc",
    **described(
        "checkSubtitles",
        "Check subtitles against a reading profile",
        QualityAnswer,
        extra=operation_openapi(
            QualityBody, {"captions": _SRT, "profile": "netflix"}, {"file": "talk.srt"}
        ),
    ),
)
@raises(e.JobNotFoundError, *_FILE_ERRORS)
@answers_late
async def check_subtitles(request: Request, services: ServicesDep) -> Response:
    """Report every rule, every cue that breaks it, and a score.

    Of a subtitle file in any format that is read, of cues, or of a finished job (`job_id`).
    """
    sent = await read_operation(request, QualityBody, (_FILE_PART,))
    body = sent.body
    if body.job_id:
        queue = request.app.state.queue
        job = await services.runner.get(queue.subtitle_job(body.job_id))
        work = examine_job(body, job)
    else:
        work = examine(body, services, sent.notices)
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


@files.post(
    "/relayout",
    **described(
        "layOutSubtitles",
        "Lay subtitles out by another reading profile",
        LaidOutSubtitles,
        extra=operation_openapi(
            RelayoutBody,
            {"captions": _SRT, "profile": "shorts", "formats": ["srt"]},
            {"file": "talk.srt"},
        ),
    ),
)
@raises(*_FILE_ERRORS)
@answers_late
async def lay_out_subtitles(request: Request, services: ServicesDep) -> Response:
    """Divide the text of a subtitle file among cues anew; times stay where its words are."""
    sent = await read_operation(request, RelayoutBody, (_FILE_PART,))
    work = relaid(sent.body, services, sent.notices)
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


@files.post(
    "/merge",
    **described(
        "mergeSubtitles",
        "Merge two subtitle files into a bilingual one",
        BilingualSubtitles,
        extra=operation_openapi(
            MergeBody,
            {"captions": _SRT, "second": _SPANISH, "formats": ["srt"]},
            {"captions": "talk.en.srt", "second": "talk.es.srt"},
        ),
    ),
)
@raises(*_FILE_ERRORS)
@answers_late
async def merge_subtitles(request: Request, services: ServicesDep) -> Response:
    """Show the texts of two files together, by the time that their cues share."""
    sent = await read_operation(request, MergeBody, (_FILE_PART, _SECOND_PART))
    work = merged(sent.body, services, sent.notices)
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


@timing.post(
    "/retime",
    **described(
        "retimeSubtitles",
        "Bring subtitles in line with their media",
        RetimedSubtitles,
        extra=operation_openapi(
            RetimeBody,
            {"captions": _SRT, "url": "https://example.com/talk.mp4", "formats": ["srt"]},
            {"file": "talk.mp4", "captions": "talk.srt"},
        ),
    ),
)
@raises(e.MediaMismatchError, *JOB_ERRORS)
@answers_late
async def retime_subtitles(request: Request, services: ServicesDep) -> Response:
    """Find offset and drift by what is said in the media, and mend them, or refuse."""
    sent = await read_operation(request, RetimeBody, (CAPTIONS_PART,), "file")
    owner = Owner(caller_of(request), caller_name(request))
    work = retimed(sent.body, sent.media, services, owner, sent.notices)
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)


@timing.post(
    "/align",
    **described(
        "alignText",
        "Time a text by its media",
        AlignedSubtitles,
        extra=operation_openapi(
            AlignBody,
            {"text": "Where do you want to go?", "url": "https://example.com/talk.mp4"},
            {"file": "talk.mp4", "captions": "talk.srt"},
        ),
    ),
)
@raises(e.MediaMismatchError, *JOB_ERRORS)
@answers_late
async def align_text_with_media(request: Request, services: ServicesDep) -> Response:
    """Find when the words of a text, or of subtitles, are said in the media, or refuse."""
    sent = await read_operation(request, AlignBody, (CAPTIONS_PART,), "file")
    owner = Owner(caller_of(request), caller_name(request))
    work = aligned(sent.body, sent.media, services, owner, sent.notices)
    return await patient_json(request, work, services.settings.server.sync_keepalive_after_s)
