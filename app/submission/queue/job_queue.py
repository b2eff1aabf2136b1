"""The queue: takes orders, follows their jobs to the end, keeps what came of them for a while."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace

import structlog

from app.container import Services
from app.domain.errors import (
    BadRequestError,
    CuestreamError,
    DrainingError,
    JobNotFoundError,
)
from app.services.jobs.runtime import JobRuntime
from app.submission.envelopes.envelope import AsgiRoutes, Payload
from app.submission.envelopes.job_output import json_bytes
from app.submission.file_delivery import s3_config
from app.submission.queue.call_work import CallWork
from app.submission.queue.queue_health import queue_health
from app.submission.queue.stored_calls import enqueue_call
from app.submission.queue.stored_orders import (
    KIND,
    enqueue,
    restored,
    retention_of,
    retry_key,
    ticket_id_of,
)
from app.submission.queue.ticket import JobOrder, Ticket, TicketStatus
from app.submission.queue.ticket_changes import TicketChanges
from app.submission.queue.ticket_follower import TicketFollower
from app.submission.queue.ticket_store import TicketStore

log = structlog.get_logger()

_RETRY_AFTER_S = 15
_LISTED = 200
_RETRIED = frozenset({"FAILED", "TIMED_OUT"})
"""States of jobs that may be done again."""
_READ_S = 10.0
"""How long it may take to read a job that has ended from the store."""

_LEAVING = "The server is shutting down"
_UNKNOWN = "No such job; it may have ended long ago or run elsewhere"


class JobQueue:
    """The jobs of `/run` and `/runsync`, as this process knows them.

    All of them wait in the store's queue, which outlives the process.

    Args:
        services: of the process.
        routes: our own HTTP routes, for jobs that call one.
        ended: called with every job that has ended.
    """

    def __init__(
        self, services: Services, routes: AsgiRoutes, ended: Callable[[Ticket], None]
    ) -> None:
        self._services = services
        self._on_end = ended
        self._tickets = TicketStore(services.settings.queue, self._removed, self._time_is_over)
        self._totals: Counter[str] = Counter()
        self._changes = TicketChanges()
        self._closing = False
        self._helpers: dict[str, str] = {}
        self._expired_here: set[str] = set()
        self._follower = TicketFollower(
            services, self._end, self._changes.notify, self._expired_here.__contains__
        )
        self._expiring: set[asyncio.Task[None]] = set()
        self.calls = CallWork(services, routes, self._helpers.__setitem__)

    async def get(self, ticket_id: str) -> Ticket:
        """Return a job by its id, whichever process took it.

        Raises:
            JobNotFoundError: there is none, or it was removed.
        """
        if (ticket := await self.find(ticket_id)) is None:
            raise JobNotFoundError(_UNKNOWN)
        return ticket

    async def find(self, ticket_id: str) -> Ticket | None:
        """Return a job by its id; None where it came by another door.

        Raises:
            JobNotFoundError: there is none, or it was removed.
        """
        if (ticket := self._tickets.get(ticket_id)) is not None:
            await self._follow_retries(ticket)
            return ticket
        job = await self._services.runner.get(ticket_id)
        if (ticket := self._tickets.get(ticket_id)) is not None:
            return ticket
        if (ticket := restored(self._services, job)) is None:
            return None
        if self._is_over(job):
            raise JobNotFoundError(_UNKNOWN)
        ticket.reported_elsewhere = True
        if job.running and not job.record.queued:
            ticket.start()
        self._keep(ticket, job)
        if not job.running:
            await self.wait(ticket, _READ_S)
        await self._follow_retries(ticket)
        return ticket

    async def _follow_retries(self, ticket: Ticket) -> None:
        """Follow the job by which this process, or another one, does a failed one again."""
        runner, owner = self._services.runner, ticket.order.owner.name
        while ticket.status in _RETRIED and ticket.job_id is not None:
            job = await runner.with_key(owner, retry_key(ticket.job_id))
            if job is None:
                return
            self._go_on(ticket, job)
            if not job.running:
                await self.wait(ticket, _READ_S)

    def _go_on(self, ticket: Ticket, job: JobRuntime) -> None:
        """Follow the job that does a failed one again, under the ticket of that one."""
        if ticket.status not in _RETRIED or ticket.job_id == job.id:
            return  # it is followed already
        ticket.again()
        ticket.job_id, ticket.reported_elsewhere = job.id, True
        self._tickets.expire_after(ticket, max(0.0, ticket.order.ttl_s - job.record.age_s))
        self._follower.follow(ticket, job)
        self._changes.notify()

    def begun(self, job: JobRuntime) -> None:
        """Take note of a job that this process begins from the store's queue: it tells the end.

        One that was cancelled while it was being claimed has ended already.
        """
        if (known := self._tickets.get(ticket_id_of(job))) is not None:
            self._go_on(known, job)
            known.reported_elsewhere &= known.ended
        elif (ticket := restored(self._services, job)) is not None:
            self._keep(ticket, job)

    def expired(self, job_id: str) -> None:
        """Take note of a job that this process ended, since it waited too long: it tells the end.

        Another process may have handed it in, and may be gone.
        """
        self._expired_here.add(job_id)
        ticket = self._ticket_of(job_id)
        if ticket is None:
            self._expire_later(self._follow_expired(job_id))
        else:
            self._tell_end(ticket)

    def _tell_end(self, ticket: Ticket) -> None:
        """Tell a ticket's end from here, also where it was seen before this was known."""
        if ticket.reported_elsewhere:
            ticket.reported_elsewhere = False
            if ticket.ended:
                self._on_end(ticket)

    def _ticket_of(self, job_id: str) -> Ticket | None:
        return next((each for each in self._tickets if each.job_id == job_id), None)

    def subtitle_job(self, job_id: str) -> str:
        """Return the id of the subtitle job that works for one of the queue; else the id itself."""
        ticket = self._tickets.get(job_id)
        if ticket is None or ticket.job_id is None:
            return job_id
        return self._helpers.get(ticket.job_id, ticket.job_id)

    async def submit(self, order: JobOrder) -> Ticket:
        """Take an order; the same one under the same key once more is the same job.

        Raises:
            BadRequestError: the input is no job that could be done.
            IdempotencyConflictError: another order came under its key.
            OverloadedError: the queue is full.
            DrainingError: the server is shutting down.
        """
        if self._closing:
            raise DrainingError(_LEAVING, _RETRY_AFTER_S)
        if (known := self._tickets.known(order)) is not None:
            return known
        ticket = Ticket(order, json_bytes(order.input))
        if (own_store := s3_config(order.s3_config)) is not None:
            self._services.files.check(own_store)
        self._tickets.make_room(ticket)
        job = await self._enqueue(ticket, order)
        if (taken := self._tickets.get(job.id)) is not None:
            taken.order, taken.input_bytes = ticket.order, ticket.input_bytes
            return taken
        ticket.id = ticket.job_id = job.id
        self._keep(ticket, job)
        return ticket

    async def _enqueue(self, ticket: Ticket, order: JobOrder) -> JobRuntime:
        """Put a job into the store's queue, whose jobs any process may begin."""
        # Workers with a part among several say of an empty input what they miss.
        is_empty = not order.input and self._services.settings.role != "all"
        if ticket.envelope.kind == "subtitles" and not is_empty:
            return await enqueue(self._services, order)
        return await enqueue_call(self._services, order)

    def _keep(self, ticket: Ticket, job: JobRuntime) -> None:
        self._tickets.keep(ticket, job.record.age_s)
        self._follower.follow(ticket, job)

    def _time_is_over(self, ticket: Ticket) -> None:
        """End a job that waits still; the process that works on one ends it itself."""
        self._expire_later(self._expire(ticket))

    def _expire_later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="expired-job")
        self._expiring.add(task)
        task.add_done_callback(self._expiring.discard)

    async def _expire(self, ticket: Ticket) -> None:
        try:
            job = await self._services.runner.get(ticket.job_id or ticket.id)
            if await self._services.runner.expire(job):
                self.expired(job.id)
        except CuestreamError as error:  # the store ends it at its next look
            log.warning("a job's time is over", job_id=ticket.id, reason=error.message)

    async def _follow_expired(self, job_id: str) -> None:
        try:
            job = await self._services.runner.get(job_id)
        except CuestreamError as error:
            log.warning("an expired job cannot be read", job_id=job_id, reason=error.message)
            return
        if (ticket := restored(self._services, job)) is not None:
            self._keep(ticket, job)

    async def cancel(self, ticket: Ticket) -> None:
        """Cancel a job: one that waits never starts; nothing where it has ended.

        The end of one that waits is told from here: the process that took it may be gone. That of
        another one is told by the process that works on it.
        """
        if ticket.ended:
            return
        if ticket.job_id is not None:
            job = await self._services.runner.get(ticket.job_id)
            if await self._services.runner.cancel(job, ticket.order.owner.name):
                self._tell_end(ticket)
            else:
                ticket.reported_elsewhere |= job.running and job.link is not None
        self._end(ticket, "CANCELLED")
        self._follower.stop(ticket.id)

    async def withdraw(self, job_id: str, owner: str) -> None:
        """Cancel what an owner has in the queue and a subtitle job works for.

        The queue reads such a job itself: it would go on for the queue alone after its owner left.

        Args:
            job_id: id of the subtitle job.
            owner: who cancelled it; orders of others stay.
        """
        with suppress(JobNotFoundError):  # else it came to another process
            await self.find(job_id)
        for ticket in self._tickets:
            if ticket.order.owner.name == owner and self.subtitle_job(ticket.id) == job_id:
                await self.cancel(ticket)

    async def retry(self, ticket: Ticket) -> None:
        """Return a failed job to the queue, under its id and with its input.

        Raises:
            BadRequestError: it has not failed, or its input is not here any more.
            OverloadedError: the queue is full.
        """
        if ticket.status not in _RETRIED:
            raise BadRequestError("Only a job that failed or timed out can be retried")
        if self._closing:
            raise DrainingError(_LEAVING, _RETRY_AFTER_S)
        if ticket.envelope.kind == "subtitles" and not ticket.order.input:
            raise BadRequestError("The job came to another worker; hand it in again")
        failed_id = ticket.job_id or ticket.id
        job = await self._enqueue(
            ticket,
            replace(ticket.order, idempotency_key="", ticket_id=ticket.id, failed_job_id=failed_id),
        )
        self._go_on(ticket, job)
        ticket.reported_elsewhere &= ticket.ended
        self._totals["retried"] += 1

    async def purge(self, endpoint: str, owner: str) -> int:
        """Cancel what an owner has waiting at an endpoint; return how many jobs that were.

        Raises:
            StorageError: the store does not answer.
        """
        await self._find_waiting(owner)
        waiting = [
            ticket
            for ticket in self._tickets.waiting()
            if ticket.order.endpoint == endpoint and ticket.order.owner.name == owner
        ]
        for ticket in waiting:
            await self.cancel(ticket)
        return len(waiting)

    async def _find_waiting(self, owner: str) -> None:
        """Get the tickets of an owner's jobs that wait and that came to other processes."""
        known = {ticket.job_id for ticket in self._tickets}
        before: str | None = None
        while page := await self._services.runner.listed(owner, _LISTED, before):
            before = page[-1].id
            for job in page:
                if job.state == "queued" and job.kind == KIND and job.id not in known:
                    with suppress(JobNotFoundError):  # it has ended meanwhile
                        await self.find(job.id)

    def health(self) -> Payload:
        """Return the counts of a queue's health page."""
        return queue_health(self._services, self._tickets, self._totals)

    async def unread(self, ticket: Ticket, reader: str) -> list[object]:
        """Return the parts that a reader has not got yet, from whichever process; count them.

        Raises:
            StorageError: the store does not answer.
        """
        seen, job_id = len(ticket.values), ticket.job_id or ticket.id
        place = await self._services.runner.advance(job_id, reader, seen)
        ticket.note_read(reader, max(place, seen))
        return ticket.values[place:seen]

    async def wait(self, ticket: Ticket, limit_s: float, *, unread_by: str | None = None) -> None:
        """Wait until a job has ended; see `TicketChanges.wait`."""
        await self._changes.wait(ticket, limit_s, unread_by)

    def leave(self) -> None:
        """Let nobody wait any more, since the server leaves and its jobs are given back."""
        self._changes.leave()

    async def close(self) -> None:
        """Follow no job any more, since the server leaves."""
        self._closing = True
        self._tickets.close()
        following, expiring = self._follower.close(), list(self._expiring)
        for task in expiring:
            task.cancel()
        await asyncio.gather(*following, *expiring, return_exceptions=True)

    def _is_over(self, job: JobRuntime) -> bool:
        """Whether the output of a job can be read no more."""
        options, ended_s = job.record.queue, job.record.ended_s
        if options is None or ended_s is None:
            return False
        return time.monotonic() - ended_s > retention_of(self._services, options)

    def _end(self, ticket: Ticket, status: TicketStatus, *reason: str | None) -> None:
        if ticket.ended:
            return
        ticket.end(status, *reason)
        self._totals[status] += 1
        if not self._closing:
            self._tickets.remove_after(ticket, ticket.order.retention_s)
        if not ticket.reported_elsewhere:
            self._on_end(ticket)
        self._changes.notify()

    def _removed(self, ticket: Ticket) -> None:
        """Stop the work of a job that is forgotten."""
        self._helpers.pop(ticket.job_id or "", None)
        self._expired_here.discard(ticket.job_id or "")
        if self._follower.stop(ticket.id):
            ticket.end("CANCELLED")
