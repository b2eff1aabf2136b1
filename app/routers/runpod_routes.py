"""The job API in the shapes of RunPod's queue, at the root and under `/v2/{endpoint}`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from app.domain.errors import (
    BadRequestError,
    IdempotencyConflictError,
    InvalidFieldError,
    InvalidFormatError,
    JobNotFoundError,
    OperationUnavailableError,
    StoreNotConfiguredError,
    TooMuchWorkError,
)
from app.routers.access.api_keys import require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep, require_admission
from app.routers.described import described
from app.routers.edge.request_body import large_json
from app.routers.encoders import Payload
from app.routers.file_links import file_delivery
from app.routers.job_answers import QueueFrame, QueueHealth, QueueParts, QueuePurge, QueueTicket
from app.routers.job_report import job_report
from app.routers.patient_json import patient_json
from app.routers.queue_body import QueueBody
from app.routers.queue_dependencies import QueueDep, TicketDep, WebhooksDep, refuse_nested_route
from app.routers.raised_errors import JOB_ERRORS, answers_late, raises
from app.routers.sliced_json import sliced_json
from app.routers.submission_schema import CAPTIONS_EXAMPLE
from app.submission.envelopes.envelope_table import envelope_of
from app.submission.queue.job_queue import JobQueue
from app.submission.queue.ticket import JobOrder, Ticket
from app.submission.queue.webhooks import Webhooks

router = APIRouter(tags=["queue"], dependencies=[Depends(require_key)], route_class=GuardedRoute)

_WAIT_MS = 90_000
_LEAST_WAIT_MS, _MOST_WAIT_MS = 1_000, 300_000
"""Of `/runsync` and `/status-sync`. Source: RunPod's documentation of endpoint operations."""

_STREAM_WAIT_S = 1.0
"""How long `/stream` waits for a part: RunPod's JavaScript client asks again without a pause."""

_LEASE_S = 60.0
"""How long a job that came by another door waits for the next question about it."""

_MAX_URL_CHARS = 2000

_CHECKS = [rate_limited("process"), Depends(require_admission), large_json()]

ORDER_ERRORS = (
    *JOB_ERRORS,
    IdempotencyConflictError,
    OperationUnavailableError,
    StoreNotConfiguredError,
)

WaitQuery = Annotated[int, Query(description="Longest wait in ms, between 1000 and 300000")]


_RUN = ("Hand in a job", QueueTicket)
_WAITED = ("Hand in a job and wait for its end", QueueFrame)
_STATUS = ("Get a job's status and its output", QueueFrame)
_STATUS_SYNC = ("Wait for a job's end", QueueFrame)
_PARTS = ("Get the parts that this caller has not got yet", QueueParts)
_CANCEL = ("Cancel a job", QueueFrame)
_RETRY = ("Return a failed job to the queue", QueueTicket)
_PURGE = ("Cancel the jobs that wait", QueuePurge)
_EXAMPLE = {"input": CAPTIONS_EXAMPLE}


@router.post("/run", dependencies=_CHECKS, **described("runJob", *_RUN, example=_EXAMPLE))
@router.post(
    "/v2/{endpoint}/run",
    dependencies=_CHECKS,
    **described("runEndpointJob", *_RUN, example=_EXAMPLE),
)
@raises(*ORDER_ERRORS)
async def run(
    request: Request,
    body: QueueBody,
    services: ServicesDep,
    queue: QueueDep,
    webhooks: WebhooksDep,
    endpoint: str = "",
) -> Payload:
    """Hand in a job."""
    order = body.order(request, services.settings.queue, endpoint, sync=False)
    ticket = await _submit(request, queue, webhooks, body, order)
    return {"id": ticket.id, "status": ticket.status}


@router.post(
    "/runsync", dependencies=_CHECKS, **described("runJobAndWait", *_WAITED, example=_EXAMPLE)
)
@router.post(
    "/v2/{endpoint}/runsync",
    dependencies=_CHECKS,
    **described("runEndpointJobAndWait", *_WAITED, example=_EXAMPLE),
)
@raises(*ORDER_ERRORS)
@answers_late
async def runsync(
    request: Request,
    body: QueueBody,
    services: ServicesDep,
    queue: QueueDep,
    webhooks: WebhooksDep,
    endpoint: str = "",
    wait: WaitQuery = _WAIT_MS,
) -> Response:
    """Hand in a job and wait for its end; after the wait the answer says how it stands."""
    order = body.order(request, services.settings.queue, endpoint, sync=True)
    ticket = await _submit(request, queue, webhooks, body, order)
    return await _waited(request, services, queue, ticket, wait)


@router.get("/status/{job_id}", **described("getJobStatus", *_STATUS))
@router.get("/v2/{endpoint}/status/{job_id}", **described("getEndpointJobStatus", *_STATUS))
@raises(JobNotFoundError, InvalidFormatError, TooMuchWorkError)
async def status(request: Request, job_id: str, services: ServicesDep, queue: QueueDep) -> Response:
    """Return a job's status; a finished one comes with its output."""
    ticket = await queue.find(job_id)
    if ticket is not None:
        return await _json(ticket.report())
    job = await services.runner.get(job_id)
    caller = caller_name(request)
    job.callers.renew_lease(caller, _LEASE_S)
    return await _json(await job_report(job, caller, file_delivery(request, job)))


@router.get("/status-sync/{job_id}", **described("waitForJob", *_STATUS_SYNC))
@router.get("/v2/{endpoint}/status-sync/{job_id}", **described("waitForEndpointJob", *_STATUS_SYNC))
@answers_late
async def status_sync(
    request: Request,
    ticket: TicketDep,
    services: ServicesDep,
    queue: QueueDep,
    wait: WaitQuery = _WAIT_MS,
) -> Response:
    """Wait for a job's end; after the wait the answer says how it stands."""
    return await _waited(request, services, queue, ticket, wait)


@router.get("/stream/{job_id}", **described("getJobParts", *_PARTS))
@router.get("/v2/{endpoint}/stream/{job_id}", **described("getEndpointJobParts", *_PARTS))
async def stream(request: Request, ticket: TicketDep, queue: QueueDep) -> Response:
    """Return the parts of the output that this caller has not got yet, each once."""
    reader = caller_name(request)
    await queue.wait(ticket, _STREAM_WAIT_S, unread_by=reader)
    parts = [{"output": part} for part in await queue.unread(ticket, reader)]
    return await _json({**ticket.frame(), "stream": parts})


@router.post("/cancel/{job_id}", **described("cancelJob", *_CANCEL))
@router.post("/v2/{endpoint}/cancel/{job_id}", **described("cancelEndpointJob", *_CANCEL))
@raises(JobNotFoundError, InvalidFormatError, TooMuchWorkError)
async def cancel(request: Request, job_id: str, services: ServicesDep, queue: QueueDep) -> Response:
    """Cancel a job: one that waits never starts, one that runs stops."""
    ticket = await queue.find(job_id)
    if ticket is not None:
        await queue.cancel(ticket)
        return JSONResponse({"id": ticket.id, "status": ticket.status})
    job = await services.runner.get(job_id)
    caller = caller_name(request)
    if job.running:
        job.callers.leave(caller)
    return await _json(await job_report(job, caller, file_delivery(request, job)))


@router.post(
    "/retry/{job_id}",
    dependencies=[Depends(require_admission)],
    **described("retryJob", *_RETRY),
)
@router.post(
    "/v2/{endpoint}/retry/{job_id}",
    dependencies=[Depends(require_admission)],
    **described("retryEndpointJob", *_RETRY),
)
@raises(BadRequestError, InvalidFieldError)
async def retry(ticket: TicketDep, queue: QueueDep) -> Payload:
    """Return a failed job to the queue, under its id and with its input."""
    await queue.retry(ticket)
    return {"id": ticket.id, "status": ticket.status}


@router.post("/purge-queue", **described("purgeQueue", *_PURGE))
@router.post("/v2/{endpoint}/purge-queue", **described("purgeEndpointQueue", *_PURGE))
async def purge_queue(request: Request, queue: QueueDep, endpoint: str = "") -> Payload:
    """Cancel the caller's jobs that wait at this endpoint; those that run go on."""
    removed = await queue.purge(endpoint, caller_name(request))
    return {"removed": removed, "status": "completed"}


@router.get(
    "/v2/{endpoint}/health",
    dependencies=[Depends(require_admission)],
    **described("getEndpointHealth", "Count this worker's jobs", QueueHealth),
)
async def health(queue: QueueDep) -> Payload:
    """Return a queue's health page, of this worker alone; 503 where it takes no jobs."""
    return queue.health()


async def _submit(
    request: Request, queue: JobQueue, webhooks: Webhooks, body: QueueBody, order: JobOrder
) -> Ticket:
    refuse_nested_route(request, envelope_of(body.input))
    if order.webhook is not None:
        if len(order.webhook) > _MAX_URL_CHARS:
            raise InvalidFieldError(f"webhook: at most {_MAX_URL_CHARS} characters")
        webhooks.check(order.webhook)
    return await queue.submit(order)


async def _waited(
    request: Request, services: ServicesDep, queue: JobQueue, ticket: Ticket, wait_ms: int
) -> Response:
    """Answer once a job has ended or the wait is over; the job goes on without its client."""
    wait_s = min(max(wait_ms, _LEAST_WAIT_MS), _MOST_WAIT_MS) / 1000
    if (limit_s := services.settings.sync_limit_s) is not None:
        wait_s = min(wait_s, limit_s)

    async def report() -> object:
        await queue.wait(ticket, wait_s)
        return ticket.report()

    silence_s = services.settings.server.sync_keepalive_after_s
    return await patient_json(request, report(), silence_s, is_bounded=True)


async def _json(payload: object) -> Response:
    return Response(await sliced_json(payload), media_type="application/json")
