"""`/api/jobs`: coming back to a job."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from app.domain.errors import InvalidFieldError
from app.domain.events import Failed, Progress
from app.routers.body import read_json
from app.routers.dependencies import ServicesDep, require_key
from app.routers.encoders import Frame, encoder_named, progress_frame, result_frame
from app.routers.error_responses import error_body
from app.routers.position import POSITION_BODY, Moved, moved, position_of
from app.routers.sse import stream_job

router = APIRouter(prefix="/api/jobs", tags=["jobs"], dependencies=[Depends(require_key)])


@router.get("/{job_id}/events")
async def events(
    job_id: str,
    services: ServicesDep,
    view: str = "stream",
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Replay what was missed after an event and follow on."""
    job = await services.runner.get(job_id)
    seen = _seen(last_event_id) if after is None else after
    services.runner.watch(job)
    return stream_job(
        services.hub, job, encoder_named(view, job, ()), view, min(seen, len(job.log))
    )


@router.post("/{job_id}/position", openapi_extra=POSITION_BODY)
async def position(job_id: str, request: Request, services: ServicesDep) -> Moved:
    """Say where the viewer watches now: what is seen from there on is done first."""
    job = await services.runner.get(job_id)
    position_ms = position_of(await read_json(request))
    services.runner.watch(job, position_ms)
    return moved(job, position_ms)


@router.get("/{job_id}")
async def state(job_id: str, services: ServicesDep) -> Frame:
    """Tell where a job stands, with its result once there is one."""
    job = await services.runner.get(job_id)
    body: Frame = {"job_id": job.id, "events": len(job.log)}
    stages = [event for _, event in job.log.after(0) if isinstance(event, Progress)]
    if stages:
        body["progress"] = progress_frame(stages[-1])
    last = job.log.last
    if isinstance(last, Failed):
        error = error_body(last.message, last.code, retryable=last.retryable)
        return {**body, "state": "failed", **error}
    if job.result is not None:
        result = result_frame(job.result, job, (), job.request.profile)
        return {**body, "state": "done", "result": result}
    return {**body, "state": "running"}


def _seen(last_event_id: str | None) -> int:
    if not last_event_id:
        return 0
    if not (last_event_id.isascii() and last_event_id.isdigit()):
        raise InvalidFieldError("Last-Event-ID must be the number of an event")
    return int(last_event_id)
