"""`/api/transcribe`: transcripts of videos, for clients that translate them themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.domain.cue import Cue
from app.domain.errors import (
    BadRequestError,
    TranscriptionDisabledError,
    UpgradeRequiredError,
)
from app.domain.events import Result
from app.domain.request import JobRequest
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.caption_routes import VideoIdQuery
from app.routers.dependencies import ServicesDep
from app.routers.described import JOB_HEADER, described
from app.routers.encoders import Payload
from app.routers.job_answers import VideoTranscript
from app.routers.json_answer import JsonAnswer
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.services.jobs.runtime import JobRuntime
from app.submission.job_payloads import numbered_speaker
from app.submission.request_fields import youtube_video
from app.submission.server_defaults import with_server_defaults
from app.submission.submit import submit

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[Depends(require_key), rate_limited("transcribe")],
    route_class=GuardedRoute,
)

_TIERS = ("tier1", "tier2", "tier3", "tier4")

_PATIENCE_S = 25.0
"""A browser ends an extension's worker whose response takes more than 30 s to begin.

Source: Chrome's guide to the life cycle of extension service workers.
"""


@router.get(
    "/transcribe",
    **described(
        "transcribeVideo",
        "Transcribe a YouTube video",
        VideoTranscript,
        answer="The transcript; an answer that began late may be an error in its place",
        headers=JOB_HEADER,
    ),
)
@raises(UpgradeRequiredError, TranscriptionDisabledError, BadRequestError, *JOB_ERRORS)
@answers_late
async def transcribe(
    request: Request,
    services: ServicesDep,
    video_id: VideoIdQuery = "",
    tier: Annotated[
        str,
        Query(
            description=f"{', '.join(_TIERS)}; the first may not",
            openapi_examples={"tier": {"value": "tier2"}},
        ),
    ] = "tier1",
) -> Response:
    """Transcribe a YouTube video; captions never answer, earlier transcripts do.

    Times are in seconds, unlike everywhere else: the extension multiplies them.
    """
    if tier not in _TIERS:
        raise BadRequestError("Invalid tier")
    if tier == "tier1":
        raise UpgradeRequiredError("Transcription needs tier 2 or higher")
    if not services.settings.asr.enabled:
        raise TranscriptionDisabledError("Transcription is disabled on this server")
    services.readiness.admit()
    job_request = JobRequest(
        youtube_video(video_id),
        force_whisper=True,
        reuse_transcript=True,
        caller=caller_of(request),
        audience="batch",
        holder=caller_name(request),
    )
    job = await submit(services, with_server_defaults(job_request, services.settings))
    # A finished job is replayed without a task.
    replayed = job.task is None

    async def payload(result: Result) -> Payload:
        return _payload(result, job, replayed=replayed)

    return await JsonAnswer(services, job, payload, _PATIENCE_S).respond(request)


def _payload(result: Result, job: JobRuntime, *, replayed: bool) -> Payload:
    return {
        "segments": map(_segment, result.cues),
        "cached": replayed or result.cached.get("transcribe", 0.0) >= 1.0,
        "language": result.language,
        "job_id": job.id,
    }


def _segment(cue: Cue) -> Payload:
    segment: Payload = {
        "start": cue.span.start_ms / 1000,
        "end": cue.span.end_ms / 1000,
        "text": cue.text,
    }
    if (speaker := numbered_speaker(cue)) is not None:
        segment["speaker"] = speaker
    return segment
