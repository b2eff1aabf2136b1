"""The work on calls: jobs of the queue that have others work for them, or wait for something."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from app.container import Services
from app.domain.errors import InternalError, JobInterruptedError
from app.domain.events import Done, OutputPart, Progress, Result
from app.services.jobs.job_work import run_to_an_end
from app.services.jobs.runtime import JobRuntime
from app.submission.envelopes.envelope import AsgiRoutes, Envelope, EnvelopeJob
from app.submission.envelopes.envelope_table import envelope_of
from app.submission.envelopes.job_output import checked_outputs
from app.submission.queue.stored_calls import call_order
from app.submission.queue.ticket import JobOrder

_NOTHING = Result((), False, "und", 0, 0, {})
"""The result of a call, whose output is in events of its own."""

_BEGUN = Progress("checking", "Working on the call", 5)


class CallWork:
    """Works on calls, each in a task of its own.

    Args:
        services: of the process.
        routes: our own HTTP routes, for calls of one.
        follow: takes the id of a call, and that of a subtitle job that works for it.
    """

    def __init__(
        self, services: Services, routes: AsgiRoutes, follow: Callable[[str, str], None]
    ) -> None:
        self._services = services
        self._routes = routes
        self._follow = follow

    def begin(self, job: JobRuntime) -> asyncio.Task[None]:
        """Begin to work on a call."""
        return asyncio.create_task(run_to_an_end(job, self._work(job)), name=f"call-{job.id}")

    async def _work(self, job: JobRuntime) -> None:
        """Append the output to the log, and the end; what an earlier worker stored stays.

        Raises:
            JobInterruptedError: an earlier worker began it, and it must not be done twice.
        """
        events = [event for _, event in job.log.after(0)]
        stored = sum(isinstance(event, OutputPart) for event in events)
        options = job.record.queue
        if options is None:
            raise InternalError("Internal server error")
        order = call_order(self._services, job, options)
        envelope = envelope_of(order.input)
        if not (envelope.answer is not None and stored):
            if _BEGUN in events and not envelope.repeats(order.input):
                raise JobInterruptedError(
                    "Its worker ended while it was under way: it may have been done, in part or "
                    "as a whole, and is not repeated"
                )
            job.log.append(_BEGUN)
            await self._call(job, order, envelope, stored)
        job.log.append(Done(_NOTHING))

    async def _call(
        self, job: JobRuntime, order: JobOrder, envelope: Envelope, stored: int
    ) -> None:
        limit_bytes = self._services.settings.queue.max_output_mb * 2**20
        number = 0
        async for value in checked_outputs(envelope, self._envelope_job(job, order), limit_bytes):
            number += 1
            if number > stored:
                job.log.append(OutputPart(await asyncio.to_thread(json.dumps, value)))

    def _envelope_job(self, job: JobRuntime, order: JobOrder) -> EnvelopeJob:
        def follow(job_id: str) -> None:
            self._follow(job.id, job_id)

        def note(progress: Progress) -> None:
            # The store writes every event, so there is one for each per cent.
            before = job.record.progress
            if before is None or _place(before) != _place(progress):
                job.log.append(progress)

        return EnvelopeJob(
            id=job.id,
            input=order.input,
            services=self._services,
            caller=order.owner.payer,
            holder=order.owner.name,
            key=order.owner.key,
            routes=self._routes,
            note=note,
            follow=follow,
            s3_config=order.s3_config,
            base_url=order.base_url,
        )


def _place(progress: Progress) -> tuple[str, int, int]:
    return progress.stage, progress.step, progress.percent
