"""Orders of subtitles as the store of jobs keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.container import Services
from app.domain.errors import CuestreamError, IdempotencyConflictError
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.runtime import JobRuntime
from app.submission.envelopes.subtitle_envelope import subtitle_body
from app.submission.file_delivery import FileDelivery, s3_config
from app.submission.queue.ticket import JobOrder, Ticket, TicketOwner, TicketStatus
from app.submission.submit import check_request, prepared

KIND = "runpod"
"""Name of this door in the store."""

_STORE = "s3_config"

_STATUSES: Mapping[str, TicketStatus] = {
    "cancelled": "CANCELLED",
    "execution_timeout": "TIMED_OUT",
    "job_expired": "TIMED_OUT",
}
"""Status of a job that failed with a code; every other one has ``FAILED``."""


async def enqueue(services: Services, order: JobOrder) -> JobRuntime:
    """Put an order into the queue of the store, which outlives this process.

    Raises:
        CuestreamError: the input is bad, or the queue is full.
        IdempotencyConflictError: another order came under its key.
    """
    body = subtitle_body(order.input)
    if order.s3_config is not None and body.s3_config is None:
        body = body.model_copy(update={"s3_config": dict(order.s3_config)})
    owner = order.owner
    request = await prepared(
        services, owner.payer, body, holder=owner.name, base_url=order.base_url
    )
    await check_request(services, request)
    options = QueueOptions(
        owner=owner.name,
        ttl_s=order.ttl_s,
        execution_timeout_s=order.execution_timeout_s,
        idempotency_key=f"{order.endpoint} {order.idempotency_key}"
        if order.idempotency_key
        else None,
        kind=KIND,
        details={
            "endpoint": order.endpoint,
            "retention_s": order.retention_s,
            "formats": list(body.wanted_formats),
            "stores_files": body.stores_files,
            "base_url": order.base_url,
            "webhook": order.webhook,
        },
        secrets={} if body.s3_config is None else {_STORE: json.dumps(body.s3_config)},
    )
    job = await services.runner.enqueue(request, options)
    stored = job.record.queue
    if job.request.key != request.key or (stored and stored.details != options.details):
        raise IdempotencyConflictError("Another job came under this Idempotency-Key")
    return job


def restored(services: Services, job: JobRuntime) -> Ticket | None:
    """Return the ticket of a job that an earlier process, or another one, took; None for none."""
    options = job.record.queue
    if options is None or options.kind != KIND:
        return None
    settings = services.settings.queue
    details: Mapping[str, Any] = options.details
    order = JobOrder(
        input={},
        endpoint=str(details.get("endpoint", "")),
        owner=TicketOwner(options.owner, job.request.caller),
        execution_timeout_s=options.execution_timeout_s or settings.execution_timeout_s,
        ttl_s=options.ttl_s or settings.ttl_s,
        retention_s=float(details.get("retention_s", settings.retention_s)),
        webhook=details.get("webhook"),
    )
    ticket = Ticket(order, 0, id=job.id)
    ticket.job_id = job.id
    return ticket


def formats_of(job: JobRuntime) -> tuple[str, ...]:
    """Return the subtitle files that the output of a job has."""
    options = job.record.queue
    formats: Any = options.details.get("formats", ()) if options else ()
    return tuple(formats)


def delivery_of(services: Services, job: JobRuntime) -> FileDelivery | None:
    """Return how the subtitle files of a job are stored; None where they are not."""
    options = job.record.queue
    if options is None or not options.details.get("stores_files"):
        return None
    stored = options.secrets.get(_STORE)
    own = s3_config(json.loads(stored)) if stored is not None else None
    base_url: Any = options.details.get("base_url")
    return FileDelivery(services.files, options.owner, own, base_url)


def end_status(error: CuestreamError) -> TicketStatus:
    """Return the status of a job that failed."""
    return _STATUSES.get(error.code, "FAILED")
