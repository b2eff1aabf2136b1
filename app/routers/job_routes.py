"""`/api/jobs`: a running or finished job."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import InvalidFieldError
from app.domain.time import seconds_to_ms
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.dependencies import JobDep, ServicesDep
from app.routers.encoders import Payload, encoder_named, progress_payload, result_payload
from app.routers.error_shapes import error_body
from app.routers.sliced_json import sliced_json
from app.routers.sse import stream_job
from app.services.jobs.runtime import JobRuntime

router = APIRouter(
    prefix="/api/jobs",
    tags=["jobs"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)

_MAX_S = 10**6
"""Eleven days: longer than any recording."""

_MAX_EVENT_DIGITS = 18

State = Literal["running", "done", "failed"]


class PositionBody(BaseModel):
    """Body of `/api/jobs/{job_id}/position`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)

    position_s: float = Field(ge=0, le=_MAX_S, description="Where the viewer watches, in seconds")


class Moved(BaseModel):
    """Answer of `/api/jobs/{job_id}/position`."""

    job_id: str
    position_s: float = Field(description="Where the viewer watches")
    state: State = Field(description="Of the job")
    covered: bool = Field(description="Whether the cues of that place are there already")


@router.get("/{job_id}/events")
async def events(
    job: JobDep,
    services: ServicesDep,
    view: str = "stream",
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Replay the events after a number and follow the job."""
    seen = _event_number(last_event_id) if after is None else after
    services.runner.watch(job)
    encoder = encoder_named(view, job, ())
    return stream_job(services.streams, job, encoder, view, min(seen, len(job.log)))


@router.post("/{job_id}/position")
async def position(job: JobDep, body: PositionBody, services: ServicesDep) -> Moved:
    """Set where the viewer watches: the recording from there on is processed first."""
    position_ms = seconds_to_ms(body.position_s)
    services.runner.watch(job, position_ms)
    job_state = _state_of(job)
    return Moved(
        job_id=job.id,
        position_s=position_ms / 1000,
        state=job_state,
        covered=job_state == "done" or job.playback.shown.covers(position_ms),
    )


@router.get("/{job_id}")
async def state(job: JobDep) -> Response:
    """Return a job's state, with its result once there is one."""
    payload: Payload = {"job_id": job.id, "events": len(job.log)}
    payload["state"] = _state_of(job)
    progress, failure = job.record.progress, job.record.failure
    if progress is not None:
        payload["progress"] = progress_payload(progress)
    if failure is not None:
        payload |= error_body(failure.message, failure.code, retryable=failure.retryable)
    if job.result is not None:
        payload["result"] = await result_payload(job.result, job, (), job.request.profile)
    return Response(await sliced_json(payload), media_type="application/json")


def _state_of(job: JobRuntime) -> State:
    state = job.record.state
    return "running" if state == "stopping" else state


def _event_number(last_event_id: str | None) -> int:
    if not last_event_id:
        return 0
    if len(last_event_id) > _MAX_EVENT_DIGITS or not (
        last_event_id.isascii() and last_event_id.isdigit()
    ):
        raise InvalidFieldError("Last-Event-ID must be the number of an event")
    return int(last_event_id)
