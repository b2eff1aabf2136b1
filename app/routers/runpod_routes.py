"""A RunPod queue's routes, for clients that poll the status of a job.

The same jobs as everywhere, and one more reader of their logs: nothing is stored here. Each poll
renews the client's lease on its job; a job whose lease runs out stops unless it has other readers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, model_validator

from app.domain.errors import (
    BadRequestError,
    InvalidFormatError,
    JobCancelledError,
    TooMuchWorkError,
)
from app.domain.events import Progress
from app.routers.access.api_keys import caller_of, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.body import CAPTIONS_EXAMPLE
from app.routers.dependencies import JobDep, ServicesDep, require_admission
from app.routers.described import described
from app.routers.edge.request_body import large_json
from app.routers.encoders import Payload, cue_payload, rendered_formats
from app.routers.job_answers import QueueFrame, QueueHealth, QueueTicket
from app.routers.raised_errors import JOB_ERRORS, raises
from app.routers.sliced_json import sliced_json
from app.services.jobs.runtime import JobRuntime
from app.submission.submit import submit_body
from app.submission.subtitle_body import SubtitleBody

router = APIRouter(tags=["queue"], dependencies=[Depends(require_key)], route_class=GuardedRoute)

Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"]

_LEASE_S = 60.0
"""How long a job waits for the next poll; the extension polls every 2 s."""

_BATCH_CUES = 100

_FIRST_EVENTS = 100
"""Events among which one shows that a job has begun, if it has."""

_WAITING = frozenset({"waiting", "loading", "checking"})


class QueueBody(BaseModel):
    """Body of ``/run``."""

    input: SubtitleBody

    @model_validator(mode="before")
    @classmethod
    def _require_input(cls, body: object) -> object:
        if isinstance(body, dict) and not isinstance(body.get("input"), dict):
            raise BadRequestError("input is required and must be an object")
        return body


_CHECKS = [rate_limited("process"), Depends(require_admission), large_json()]


_RUN = ("Hand in a job", QueueTicket)
_STATUS = ("Get a job's status and its cues", QueueFrame)
_CANCEL = ("Cancel a job", QueueFrame)
_EXAMPLE = {"input": CAPTIONS_EXAMPLE}


@router.post("/run", dependencies=_CHECKS, **described("runJob", *_RUN, example=_EXAMPLE))
@router.post(
    "/v2/{endpoint}/run",
    dependencies=_CHECKS,
    **described("runEndpointJob", *_RUN, example=_EXAMPLE),
)
@raises(*JOB_ERRORS)
async def run(request: Request, body: QueueBody, services: ServicesDep) -> Payload:
    """Hand in a job: ``input`` is a body of `/api/process`."""
    caller = caller_of(request)
    holder = caller_name(request)
    job = await submit_body(services, caller, body.input, holder=holder)
    job.callers.renew_lease(holder, _LEASE_S)
    return {"id": job.id, "status": "IN_QUEUE"}


@router.get("/status/{job_id}", **described("getJobStatus", *_STATUS))
@router.get("/v2/{endpoint}/status/{job_id}", **described("getEndpointJobStatus", *_STATUS))
@raises(InvalidFormatError, TooMuchWorkError)
async def status(request: Request, job: JobDep) -> Response:
    """Return a job's status; a finished one comes with its cues, cut into batches.

    Files that the caller asked for are in the last batch.
    """
    caller = caller_name(request)
    job.callers.renew_lease(caller, _LEASE_S)
    return await _answer(job, caller)


@router.post("/cancel/{job_id}", **described("cancelJob", *_CANCEL))
@router.post("/v2/{endpoint}/cancel/{job_id}", **described("cancelEndpointJob", *_CANCEL))
@raises(InvalidFormatError, TooMuchWorkError)
async def cancel(request: Request, job: JobDep) -> Response:
    """Cancel a job for this caller, for good; its work stops unless others wait for it."""
    caller = caller_name(request)
    if job.running:
        job.callers.leave(caller)
    return await _answer(job, caller)


async def _answer(job: JobRuntime, caller: str) -> Response:
    if job.callers.has_left(caller):
        return JSONResponse({"id": job.id, "status": "CANCELLED"})
    frame = _queue_frame(job)
    if job.result is not None and (formats := job.callers.formats(caller)):
        batches = list(_batches(job)) or [{"subtitles": []}]
        batches[-1]["formats"] = await rendered_formats(job.result, job, formats)
        frame["output"] = batches
    return Response(await sliced_json(frame), media_type="application/json")


@router.get(
    "/v2/{endpoint}/health",
    dependencies=[Depends(require_admission)],
    **described("getEndpointHealth", "Count this worker's jobs", QueueHealth),
)
async def health(services: ServicesDep) -> Payload:
    """Return a queue's health page, of this worker alone; 503 where it takes no jobs."""
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
    failure = job.record.failure
    if failure is not None:
        return "CANCELLED" if failure.code == JobCancelledError.code else "FAILED"
    if not job.running:
        return "COMPLETED"
    begun = any(
        not isinstance(event, Progress) or event.stage not in _WAITING
        for _, event in job.log.after(0, _FIRST_EVENTS)
    )
    return "IN_PROGRESS" if begun else "IN_QUEUE"


def queue_payload(job: JobRuntime) -> Payload:
    """Return a job as a queue reports it.

    ``output`` is a list of batches with each cue once, in order; clients put them together.
    """
    frame = _queue_frame(job)
    if "output" in frame:
        frame["output"] = list(_batches(job))
    return frame


def _queue_frame(job: JobRuntime) -> Payload:
    """Return a job as a queue reports it; its output is an iterator."""
    frame: Payload = {"id": job.id, "status": queue_status(job)}
    if job.record.failure is not None:
        frame["error"] = job.record.failure.message
    if job.result is not None:
        frame["executionTime"] = job.result.elapsed_ms
        frame["output"] = _batches(job)
    return frame


def _batches(job: JobRuntime) -> Iterator[Payload]:
    cues = job.result.cues if job.result is not None else ()
    for place in range(0, len(cues), _BATCH_CUES):
        yield {"subtitles": [cue_payload(cue) for cue in cues[place : place + _BATCH_CUES]]}
