"""Dependencies of the routes that show the queue."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.domain.errors import BadRequestError, JobNotFoundError
from app.routers.raised_errors import raises
from app.submission.envelopes.envelope import Envelope
from app.submission.envelopes.route_caller import SCOPE_KEY
from app.submission.queue.job_queue import JobQueue
from app.submission.queue.ticket import Ticket
from app.submission.queue.webhooks import Webhooks


def queue_of(request: Request) -> JobQueue:
    """Return the application's queue."""
    queue: JobQueue = request.app.state.queue
    return queue


QueueDep = Annotated[JobQueue, Depends(queue_of)]


def _webhooks_of(request: Request) -> Webhooks:
    webhooks: Webhooks = request.app.state.webhooks
    return webhooks


WebhooksDep = Annotated[Webhooks, Depends(_webhooks_of)]


@raises(JobNotFoundError)
async def _ticket(job_id: str, queue: QueueDep) -> Ticket:
    return await queue.get(job_id)


TicketDep = Annotated[Ticket, Depends(_ticket)]
"""The queue's job that the path names; `JobNotFoundError` where it has none of that id."""


def refuse_nested_route(request: Request, envelope: Envelope) -> None:
    """Refuse a job that calls a route where another one calls this route.

    Raises:
        BadRequestError: the request comes from such a job.
    """
    if envelope.kind == "route" and SCOPE_KEY in request.scope:
        raise BadRequestError("A job that calls a route cannot start another one that does")
