"""A RunPod queue's routes, for clients that hand in a job and ask for it now and then.

The same job as everywhere, and one more reader of its log: nothing is kept here. A job is read
as long as somebody asks for it.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from app.domain.errors import BadRequestError, InvalidFieldError, JobCancelledError
from app.domain.events import Failed, Progress
from app.routers.access.rate_limited import rate_limited
from app.routers.body import read_json
from app.routers.dependencies import ServicesDep, caller_of, require_key
from app.routers.encoders import Frame, cue_frame
from app.routers.error_responses import describe
from app.services.jobs.runtime import JobRuntime
from app.submission.submit import submit_body
from app.submission.subtitle_body import SubtitleBody

router = APIRouter(tags=["queue"], dependencies=[Depends(require_key)])

Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"]

_LEASE_S = 60.0
"""How long a job waits for the next question; the extension asks every 2 s."""

_BATCH_CUES = 100

_WAITING = frozenset({"waiting", "loading", "checking"})

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["input"],
                    "properties": {"input": SubtitleBody.model_json_schema()},
                }
            }
        },
    }
}


@router.post("/run", openapi_extra=_BODY, dependencies=[rate_limited("process")])
@router.post("/v2/{endpoint}/run", openapi_extra=_BODY, dependencies=[rate_limited("process")])
async def run(request: Request, services: ServicesDep) -> Frame:
    """Hand in a job: ``input`` is a body of `/api/process`."""
    services.readiness.admit()
    given = (await read_json(request)).get("input")
    if not isinstance(given, dict):
        raise BadRequestError("input is required and must be an object")
    try:
        body = SubtitleBody.model_validate(given)
    except ValidationError as error:
        raise InvalidFieldError(describe(error.errors(include_url=False))) from None
    job = await submit_body(services, caller_of(request), body)
    job.renew_lease(_LEASE_S)
    return {"id": job.id, "status": "IN_QUEUE"}


@router.get("/status/{job_id}")
@router.get("/v2/{endpoint}/status/{job_id}")
async def status(job_id: str, services: ServicesDep) -> Frame:
    """Tell where a job stands; a finished one comes with its cues, cut into batches."""
    job = await services.runner.get(job_id)
    job.renew_lease(_LEASE_S)
    return queue_frame(job)


@router.post("/cancel/{job_id}")
@router.post("/v2/{endpoint}/cancel/{job_id}")
async def cancel(job_id: str, services: ServicesDep) -> Frame:
    """Ask no more for a job: its work stops unless somebody follows its stream."""
    job = await services.runner.get(job_id)
    if job.running:
        job.renew_lease(0.0)
        return {"id": job.id, "status": "CANCELLED"}
    return queue_frame(job)


@router.get("/v2/{endpoint}/health")
async def health(services: ServicesDep) -> Frame:
    """Tell what a queue's health page tells, of this worker alone; 503 where it takes no jobs."""
    services.readiness.admit()
    jobs = [queue_status(job) for job in services.runner.running]
    ready = services.readiness.state == "ready"
    return {
        "status": "ok",
        "workers": {
            "initializing": int(not ready),
            "idle": int(ready and not jobs),
            "running": int(ready and bool(jobs)),
        },
        "jobs": {"inQueue": jobs.count("IN_QUEUE"), "inProgress": jobs.count("IN_PROGRESS")},
    }


def queue_status(job: JobRuntime) -> Status:
    """Return a job's status as a queue names it."""
    last = job.log.last
    if isinstance(last, Failed):
        return "CANCELLED" if last.code == JobCancelledError.code else "FAILED"
    if not job.running:
        return "COMPLETED"
    begun = any(
        not isinstance(event, Progress) or event.stage not in _WAITING
        for _, event in job.log.after(0)
    )
    return "IN_PROGRESS" if begun else "IN_QUEUE"


def queue_frame(job: JobRuntime) -> Frame:
    """Return a job as a queue tells of it.

    ``output`` is a list of batches that hold each cue once, in order; readers put them together.
    """
    frame: Frame = {"id": job.id, "status": queue_status(job)}
    if isinstance(job.log.last, Failed):
        frame["error"] = job.log.last.message
    if job.result is not None:
        cues = [cue_frame(cue) for cue in job.result.cues]
        frame["executionTime"] = job.result.elapsed_ms
        frame["output"] = [
            {"subtitles": cues[place : place + _BATCH_CUES]}
            for place in range(0, len(cues), _BATCH_CUES)
        ]
    return frame
