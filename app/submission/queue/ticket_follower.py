"""Following the jobs of the queue to their ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Protocol

from app.container import Services
from app.domain.errors import (
    CuestreamError,
    DrainingError,
    JobCancelledError,
    JobExpiredError,
)
from app.services.jobs.runtime import JobRuntime
from app.submission.envelopes.envelope import Payload, Report
from app.submission.envelopes.job_output import error_text, json_bytes, settled
from app.submission.envelopes.subtitle_envelope import followed_parts
from app.submission.queue.stored_calls import call_parts
from app.submission.queue.stored_orders import delivery_of, end_status, formats_of, is_call
from app.submission.queue.ticket import Ticket, TicketStatus


class EndsTicket(Protocol):
    """Ends a ticket, unless it has ended."""

    def __call__(self, ticket: Ticket, status: TicketStatus, *reason: str | None) -> None:
        """End it.

        Args:
            ticket: of the job.
            status: its last.
            reason: message and code of the failure.
        """


class TicketFollower:
    """Follows jobs of the store for their tickets, each to its end.

    Args:
        services: of the process.
        end: called with each job's end.
        changed: called with each part of an output.
        expired_here: whether this process ended a job that waited too long, by its id.
    """

    def __init__(
        self,
        services: Services,
        end: EndsTicket,
        changed: Callable[[], None],
        expired_here: Callable[[str], bool],
    ) -> None:
        self._services = services
        self._end = end
        self._changed = changed
        self._expired_here = expired_here
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    def follow(self, ticket: Ticket, job: JobRuntime) -> None:
        """Follow a job; what was followed for the same ticket is not known here any more."""
        task = asyncio.create_task(self._followed(ticket, job), name=f"followed-{ticket.id}")
        self._tasks[ticket.id] = task
        task.add_done_callback(lambda done: self._unfollowed(ticket.id, done))

    def stop(self, ticket_id: str) -> bool:
        """Follow the job of a ticket no more; return whether it was followed."""
        if (task := self._tasks.get(ticket_id)) is None:
            return False
        task.cancel()
        return True

    def close(self) -> list[asyncio.Task[None]]:
        """Follow no job any more; return the tasks that end with that."""
        self._closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        return tasks

    def _unfollowed(self, ticket_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(ticket_id) is task:  # else the job was begun anew
            del self._tasks[ticket_id]

    async def _followed(self, ticket: Ticket, job: JobRuntime) -> None:
        async def report(progress: Payload) -> None:
            ticket.progress = progress
            if progress["stage"] != "waiting" and ticket.status == "IN_QUEUE":
                ticket.start()

        job.pin()
        try:
            async with aclosing(self._parts(job, report)) as parts:
                async for part in parts:
                    self._add(ticket, part)
        except DrainingError as error:
            if not self._closing:  # else another process goes on with it
                self._end(ticket, "FAILED", error.message, error.code)
        except CuestreamError as error:
            ticket.reported_elsewhere |= self._is_failure_reported(ticket, job, error)
            self._end(ticket, end_status(error), error_text(error.message), error.code)
        else:
            ticket.reported_elsewhere |= job.task is None
            self._complete(ticket, job)
        finally:
            job.unpin()

    def _is_failure_reported(self, ticket: Ticket, job: JobRuntime, error: CuestreamError) -> bool:
        """Whether another process tells a job's webhook that it failed."""
        if ticket.attempts > 0:
            return job.task is None
        if error.code == JobExpiredError.code:
            return not self._expired_here(job.id)
        # Who cancels a job that waits tells its end, also where this follower comes first.
        return error.code == JobCancelledError.code

    def _parts(self, job: JobRuntime, report: Report) -> AsyncGenerator[object, None]:
        if is_call(job):
            return call_parts(job, report)
        delivery = delivery_of(self._services, job)
        return followed_parts(job, formats_of(job), report, delivery)

    def _complete(self, ticket: Ticket, job: JobRuntime) -> None:
        if not is_call(job):
            ticket.output = ticket.values
            self._end(ticket, "COMPLETED")
            return
        outcome = settled(ticket.envelope, ticket.values)
        ticket.output = outcome.output
        self._end(ticket, "COMPLETED" if outcome.error is None else "FAILED", outcome.error)

    def _add(self, ticket: Ticket, value: object) -> None:
        ticket.values.append(value)
        ticket.value_bytes += json_bytes(value)
        self._changed()
