"""Orders of calls (batches, audio, routes, operations) as the store of jobs keeps them."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from app.container import Services
from app.domain.errors import IdempotencyConflictError, UnauthorizedError
from app.domain.events import OutputPart, Progress
from app.domain.request import JobRequest, NoMedia
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.runtime import JobRuntime
from app.settings import Settings
from app.submission.envelopes.envelope import Report
from app.submission.job_payloads import progress_payload
from app.submission.key_owner import key_named
from app.submission.queue.stored_orders import (
    INPUT,
    STORE,
    is_same,
    options_of,
    order_of,
)
from app.submission.queue.ticket import JobOrder


async def enqueue_call(services: Services, order: JobOrder) -> JobRuntime:
    """Put a call into the queue of the store, which outlives this process.

    Its input is stored encrypted, since any of its fields may hold a key.

    Raises:
        CuestreamError: the queue is full, or cannot be written.
        IdempotencyConflictError: another order came under its key.
    """
    owner = order.owner
    request = JobRequest(
        NoMedia(uuid.uuid4().hex), caller=owner.payer, audience="batch", holder=owner.name
    )
    secrets = {INPUT: await asyncio.to_thread(json.dumps, dict(order.input))}
    if order.s3_config is not None:
        secrets[STORE] = json.dumps(dict(order.s3_config))
    options = options_of(order, {"base_url": order.base_url}, secrets, is_call=True)
    job = await services.runner.enqueue(request, options)
    if order.idempotency_key and not is_same(job.record.queue, options):
        raise IdempotencyConflictError("Another job came under this Idempotency-Key")
    return job


def call_order(services: Services, job: JobRuntime, options: QueueOptions) -> JobOrder:
    """Return the order of a call, whichever process took it.

    Raises:
        UnauthorizedError: its owner's key is none of this server's any more.
    """
    order = order_of(services, job, options)
    key = _key_index(services.settings, order.owner.payer)
    return replace(order, owner=replace(order.owner, key=key))


def _key_index(settings: Settings, payer: str) -> int | None:
    if not payer:
        return None
    index = key_named(settings.access.api_keys, payer)
    if index is None:
        raise UnauthorizedError("The API key that handed the job in is none of this server's now")
    return index


async def call_parts(job: JobRuntime, report: Report) -> AsyncGenerator[object, None]:
    """Yield the output of a call that runs, or has ended.

    Args:
        job: the call.
        report: takes its progress.

    Raises:
        CuestreamError: the call failed.
    """
    async with aclosing(job.log.until_closed()) as events:
        async for event in events:
            if isinstance(event, Progress):
                await report(progress_payload(event))
            elif isinstance(event, OutputPart):
                yield await asyncio.to_thread(json.loads, event.json)
    await job.wait_for_result()
