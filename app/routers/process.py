"""`/api/process` and `/api/stream`: media in, subtitles out."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.container import Services
from app.domain.events import Result
from app.domain.request import Audience
from app.routers.access.rate_limited import rate_limited
from app.routers.body import read_body
from app.routers.dependencies import ServicesDep, caller_of, require_key
from app.routers.encoders import Frame, encoder_named, result_frame
from app.routers.json_answer import JsonAnswer
from app.routers.sse import stream_job
from app.services.jobs.runtime import JobRuntime
from app.submission.submit import submit_body
from app.submission.subtitle_body import SubtitleBody

router = APIRouter(
    prefix="/api", tags=["subtitles"], dependencies=[Depends(require_key), rate_limited("process")]
)

_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": SubtitleBody.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    **SubtitleBody.model_json_schema(),
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        **SubtitleBody.model_json_schema()["properties"],
                    },
                }
            },
        },
    }
}


@router.post("/stream", openapi_extra=_BODIES)
async def stream(request: Request, services: ServicesDep) -> Response:
    """Stream stages, every cue as soon as it is final, and the result."""
    return await _streamed(request, services, "stream")


@router.post("/process", openapi_extra=_BODIES)
async def process(request: Request, services: ServicesDep) -> Response:
    """Stream stages and the result, or answer with the result as JSON.

    JSON comes to callers whose ``Accept`` does not ask for ``text/event-stream``.
    """
    if "text/event-stream" in request.headers.get("accept", "").lower():
        return await _streamed(request, services, "process")
    job, body = await _submitted(request, services, "batch")

    def frame(result: Result) -> Frame:
        return result_frame(result, job, body.formats, job.request.profile)

    return await JsonAnswer(services, job, frame).respond(request)


async def _submitted(
    request: Request, services: Services, audience: Audience
) -> tuple[JobRuntime, SubtitleBody]:
    services.readiness.admit()
    body, upload = await read_body(request, services.workdir)
    return await submit_body(services, caller_of(request), body, upload, audience), body


async def _streamed(request: Request, services: Services, view_name: str) -> Response:
    job, body = await _submitted(request, services, "viewer")
    view = encoder_named(view_name, job, body.formats)
    return stream_job(services.hub, job, view, view_name)
