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
from app.submission.submit import SentBody, check_request, prepared

KIND = "runpod"
"""Name of this door in the store."""

STORE = "s3_config"
"""Name of the secret that is access to the caller's object storage."""

TICKET = "ticket"
"""Name of the detail that is the id under which a caller knows a job that is done again."""

INPUT = "input"
"""Name of the secret that is the input of a call: any of its fields may hold a key."""

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
    sent = SentBody(body, owner.payer, owner.name, base_url=order.base_url)
    request = await prepared(services, sent)
    await check_request(services, request)
    options = options_of(
        order,
        {
            "formats": list(body.wanted_formats),
            "stores_files": body.stores_files,
            "base_url": order.base_url,
        },
        {} if body.s3_config is None else {STORE: json.dumps(body.s3_config)},
    )
    job = await services.runner.enqueue(request, options)
    if order.idempotency_key and (
        job.request.key != request.key or not is_same(job.record.queue, options)
    ):
        raise IdempotencyConflictError("Another job came under this Idempotency-Key")
    return job


def is_same(stored: QueueOptions | None, wanted: QueueOptions) -> bool:
    """Whether a stored job waits as another one is to: their orders have the same body.

    Which route an order came by, and under which of the server's names, makes no difference.
    """
    return stored is not None and _order_body(stored) == _order_body(wanted)


def _order_body(options: QueueOptions) -> list[object]:
    details = {k: v for k, v in options.details.items() if k not in ("retention_s", "base_url")}
    secrets = [options.secrets.get(name, "null") for name in (STORE, INPUT)]
    # To Python 1, 1.0 and true are equal, and to JSON they are not.
    written = [json.dumps(json.loads(text), sort_keys=True) for text in secrets]
    return [json.dumps(details, sort_keys=True), *written, *_limits(options)]


def _limits(options: QueueOptions) -> list[float | None]:
    return [options.ttl_s, options.execution_timeout_s]


def options_of(
    order: JobOrder,
    details: Mapping[str, object],
    secrets: Mapping[str, str],
    *,
    is_call: bool = False,
) -> QueueOptions:
    """Return how an order waits in the store's queue.

    Args:
        order: of a caller.
        details: what is to be known at its end, beside what every order has.
        secrets: stored encrypted.
        is_call: see `QueueOptions`.
    """
    return QueueOptions(
        owner=order.owner.name,
        ttl_s=order.ttl_s,
        execution_timeout_s=min(order.execution_timeout_s, order.ttl_s),
        idempotency_key=_key_of(order),
        kind=KIND,
        details={
            "endpoint": order.endpoint,
            "retention_s": order.retention_s,
            "webhook": order.webhook,
            **({TICKET: order.ticket_id} if order.ticket_id else {}),
            **details,
        },
        secrets=secrets,
        is_call=is_call,
    )


def _key_of(order: JobOrder) -> str | None:
    if order.failed_job_id:
        return retry_key(order.failed_job_id)
    return f"{order.endpoint} {order.idempotency_key}" if order.idempotency_key else None


def retry_key(job_id: str) -> str:
    """Return the idempotency key of the job that does a failed one again.

    By it every process finds that job, and of two who retry at once both get the same. No caller
    can send it: headers have no line breaks.
    """
    return f"retry\n{job_id}"


def is_call(job: JobRuntime) -> bool:
    """Whether a job is a call; see `QueueOptions`."""
    return job.record.queue is not None and job.record.queue.is_call


def stored_config(options: QueueOptions) -> Any:
    """Return access to the caller's object storage; None where he gave none."""
    stored = options.secrets.get(STORE)
    return None if stored is None else json.loads(stored)


def restored(services: Services, job: JobRuntime) -> Ticket | None:
    """Return the ticket of a job that an earlier process, or another one, took; None for none."""
    options = job.record.queue
    if options is None or options.kind != KIND:
        return None
    order = order_of(services, job, options)
    ticket = Ticket(order, _input_bytes(options), id=ticket_id_of(job))
    ticket.job_id = job.id
    return ticket


def ticket_id_of(job: JobRuntime) -> str:
    """Return the id by which callers know a job: that of the first one, where it is done again."""
    options = job.record.queue
    return str(options.details.get(TICKET, job.id)) if options is not None else job.id


def order_of(services: Services, job: JobRuntime, options: QueueOptions) -> JobOrder:
    """Return the order of a stored job; that of subtitles is without its input."""
    settings = services.settings.queue
    details: Mapping[str, Any] = options.details
    return JobOrder(
        input=json.loads(options.secrets.get(INPUT, "{}")),
        endpoint=str(details.get("endpoint", "")),
        owner=TicketOwner(options.owner, job.request.caller),
        execution_timeout_s=options.execution_timeout_s or settings.execution_timeout_s,
        ttl_s=options.ttl_s or settings.ttl_s,
        retention_s=retention_of(services, options),
        webhook=details.get("webhook"),
        s3_config=stored_config(options),
        base_url=details.get("base_url"),
    )


def retention_of(services: Services, options: QueueOptions) -> float:
    """Return how long the output of a job can be read, in seconds."""
    retention_s: Any = options.details.get("retention_s", services.settings.queue.retention_s)
    return float(retention_s)


def _input_bytes(options: QueueOptions) -> int:
    return len(options.secrets.get(INPUT, ""))


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
    own = s3_config(stored_config(options))
    base_url: Any = options.details.get("base_url")
    return FileDelivery(services.files, options.owner, own, base_url)


def end_status(error: CuestreamError) -> TicketStatus:
    """Return the status of a job that failed."""
    return _STATUSES.get(error.code, "FAILED")
