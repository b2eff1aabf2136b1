"""The queue: takes orders, works on them in turn, keeps what came of them for a while."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from app.container import Services
from app.domain.errors import (
    BadRequestError,
    CuestreamError,
    DrainingError,
    ExecutionTimeoutError,
    IdempotencyConflictError,
    JobNotFoundError,
    OverloadedError,
)
from app.services.jobs.runtime import JobRuntime
from app.submission.envelopes.envelope import AsgiRoutes, EnvelopeJob, Payload
from app.submission.envelopes.job_output import checked_outputs, error_text, json_bytes, settled
from app.submission.envelopes.subtitle_envelope import followed_parts
from app.submission.file_delivery import s3_config
from app.submission.queue.stored_orders import (
    delivery_of,
    end_status,
    enqueue,
    formats_of,
    restored,
)
from app.submission.queue.ticket import JobOrder, Ticket, TicketStatus

_RETRY_AFTER_S = 15
_READ_S = 10.0
"""How long it may take to read a job that has ended from the store."""

_LEAVING = "The server is shutting down"


class JobQueue:
    """The jobs of `/run` and `/runsync` in this process.

    Args:
        services: of the process.
        routes: our own HTTP routes, for jobs that call one.
        ended: called with every job that has ended.
    """

    def __init__(
        self, services: Services, routes: AsgiRoutes, ended: Callable[[Ticket], None]
    ) -> None:
        self._services = services
        self._settings = services.settings.queue
        self._routes = routes
        self._on_end = ended
        self._tickets: dict[str, Ticket] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._keys: dict[tuple[str, str, str], str] = {}
        self._totals: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._closing = False

    async def get(self, ticket_id: str) -> Ticket:
        """Return a job by its id, whichever process took it.

        Raises:
            JobNotFoundError: there is none, or it was removed.
        """
        if (ticket := self._tickets.get(ticket_id)) is not None:
            return ticket
        job = await self._services.runner.get(ticket_id)
        if (ticket := self._tickets.get(ticket_id)) is not None:
            return ticket
        if (ticket := restored(self._services, job)) is None:
            raise JobNotFoundError("No such job; it may have ended long ago or run elsewhere")
        ticket.told_elsewhere = True
        if job.running and not job.record.queued:
            ticket.start()
        self._keep(ticket)
        self._follow(ticket, job)
        if not job.running:
            await self.wait(ticket, _READ_S)
        return ticket

    def begun(self, job: JobRuntime) -> None:
        """Take note of a job that this process begins from the store's queue: it tells the end."""
        known = (each for each in self._tickets.values() if each.job_id == job.id)
        if (ticket := next(known, None)) is not None:
            ticket.told_elsewhere = False
        elif (ticket := restored(self._services, job)) is not None:
            self._keep(ticket)
            self._follow(ticket, job)

    def subtitle_job(self, job_id: str) -> str:
        """Return the id of the subtitle job that works for one of the queue; else the id itself."""
        ticket = self._tickets.get(job_id)
        return job_id if ticket is None or ticket.job_id is None else ticket.job_id

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
        if (known := self._known(order)) is not None:
            return known
        ticket = Ticket(order, json_bytes(order.input))
        if (own_store := s3_config(order.s3_config)) is not None:
            self._services.files.check(own_store)
        self._make_room(ticket)
        # Workers with a part among several say of an empty input what they miss.
        is_empty = not order.input and self._services.settings.role != "all"
        if ticket.envelope.kind == "subtitles" and not is_empty:
            return await self._enqueue(ticket)
        self._keep(ticket)
        self._pump()
        return ticket

    async def _enqueue(self, ticket: Ticket) -> Ticket:
        """Put subtitles into the store's queue, whose jobs any process may begin."""
        job = await enqueue(self._services, ticket.order)
        if (known := self._tickets.get(job.id)) is not None:
            known.order, known.input_bytes = ticket.order, ticket.input_bytes
            return known
        ticket.id = ticket.job_id = job.id
        self._keep(ticket)
        self._follow(ticket, job)
        return ticket

    def _keep(self, ticket: Ticket) -> None:
        self._tickets[ticket.id] = ticket
        if ticket.order.idempotency_key:
            self._keys[_key_of(ticket.order)] = ticket.id
        self._remove_after(ticket, ticket.order.ttl_s)

    def _follow(self, ticket: Ticket, job: JobRuntime) -> None:
        task = asyncio.create_task(self._followed(ticket, job), name=f"followed-{ticket.id}")
        self._followers[ticket.id] = task
        task.add_done_callback(lambda _: self._followers.pop(ticket.id, None))

    async def _followed(self, ticket: Ticket, job: JobRuntime) -> None:
        """Follow a job of the store to its end."""

        async def report(progress: Payload) -> None:
            ticket.progress = progress
            if progress["stage"] != "waiting" and ticket.status == "IN_QUEUE":
                ticket.start()

        job.attach()
        try:
            delivery = delivery_of(self._services, job)
            following = followed_parts(job, formats_of(job), report, delivery)
            async with aclosing(following) as parts:
                async for part in parts:
                    self._add(ticket, part)
        except DrainingError as error:
            if not self._closing:  # else another process goes on with it
                self._end(ticket, "FAILED", error.message, error.code)
        except CuestreamError as error:
            ticket.told_elsewhere |= job.task is None and ticket.attempts > 0
            self._end(ticket, end_status(error), error_text(error.message), error.code)
        else:
            ticket.told_elsewhere |= job.task is None
            ticket.output = ticket.values
            self._end(ticket, "COMPLETED")
        finally:
            job.detach()

    def _add(self, ticket: Ticket, value: object) -> None:
        ticket.values.append(value)
        ticket.value_bytes += json_bytes(value)
        self._tell()

    async def cancel(self, ticket: Ticket) -> None:
        """Cancel a job: one that waits never starts; nothing where it has ended."""
        if ticket.ended:
            return
        if ticket.id in self._followers and ticket.job_id is not None:
            job = await self._services.runner.get(ticket.job_id)
            await self._services.runner.cancel(job, ticket.order.owner.name)
        self._end(ticket, "CANCELLED")
        if (task := self._tasks.get(ticket.id)) is not None:
            task.cancel()

    async def retry(self, ticket: Ticket) -> None:
        """Return a failed job to the queue, under its id and with its input.

        Raises:
            BadRequestError: it has not failed, or its input is not here any more.
            OverloadedError: the queue is full.
        """
        if ticket.status not in {"FAILED", "TIMED_OUT"}:
            raise BadRequestError("Only a job that failed or timed out can be retried")
        if self._closing:
            raise DrainingError(_LEAVING, _RETRY_AFTER_S)
        job = None
        if ticket.envelope.kind == "subtitles":
            if not ticket.order.input:
                raise BadRequestError("The job came to another worker; hand it in again")
            job = await enqueue(self._services, replace(ticket.order, idempotency_key=""))
        ticket.again()
        self._totals["retried"] += 1
        self._remove_after(ticket, ticket.order.ttl_s)
        if job is not None:
            self._drop(job.id)
            ticket.job_id = job.id
            self._follow(ticket, job)
        self._pump()

    async def purge(self, endpoint: str, owner: str) -> int:
        """Cancel what an owner has waiting at an endpoint; return how many jobs that were."""
        waiting = [
            ticket
            for ticket in self._waiting()
            if ticket.order.endpoint == endpoint and ticket.order.owner.name == owner
        ]
        for ticket in waiting:
            await self.cancel(ticket)
        return len(waiting)

    def health(self) -> Payload:
        """Return the counts of a queue's health page."""
        ready = self._services.readiness.state == "ready"
        busy = bool(self._tasks or self._services.runner.running)
        return {
            "status": "ok",
            "jobs": {
                "completed": self._totals["COMPLETED"],
                "failed": self._totals["FAILED"] + self._totals["TIMED_OUT"],
                "inProgress": sum(e.status == "IN_PROGRESS" for e in self._tickets.values()),
                "inQueue": len(self._waiting()),
                "retried": self._totals["retried"],
            },
            "workers": {
                "idle": int(ready and not busy),
                "initializing": int(not ready),
                "ready": int(ready),
                "running": int(ready and busy),
                "throttled": 0,
                "unhealthy": int(self._services.readiness.state in {"failed", "stalled"}),
            },
        }

    async def wait(self, ticket: Ticket, limit_s: float, *, unread_by: str | None = None) -> None:
        """Wait until a job has ended.

        Args:
            ticket: the job.
            limit_s: longest wait.
            unread_by: also return as soon as there is something that this reader has not read.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + limit_s
        while not ticket.ended and not (unread_by is not None and ticket.has_unread(unread_by)):
            try:
                async with asyncio.timeout_at(deadline_s):
                    await self._changed.wait()
            except TimeoutError:
                return

    async def close(self) -> None:
        """Stop every job, since the server leaves."""
        self._closing = True
        for timer in self._timers.values():
            timer.cancel()
        for ticket in list(self._tickets.values()):
            if not ticket.ended and ticket.id not in self._followers:
                self._end(ticket, "FAILED", _LEAVING, DrainingError.code)
        tasks = [*self._tasks.values(), *self._followers.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _known(self, order: JobOrder) -> Ticket | None:
        """Return the job of an earlier order under the same key.

        Raises:
            IdempotencyConflictError: that was another order.
        """
        ticket = self._tickets.get(self._keys.get(_key_of(order), ""))
        if not order.idempotency_key or ticket is None:
            return None
        if ticket.order.input != order.input or ticket.order.webhook != order.webhook:
            raise IdempotencyConflictError("Another job came under this Idempotency-Key")
        return ticket

    def _waiting(self) -> list[Ticket]:
        return [each for each in self._tickets.values() if each.status == "IN_QUEUE"]

    def _pump(self) -> None:
        """Begin what there are places for: the oldest of those whose owner has not his share."""
        limits = self._services.settings.jobs
        begun = Counter(self._tickets[each].order.owner.name for each in self._tasks)
        for ticket in self._waiting():
            if ticket.id in self._followers:
                continue
            if len(self._tasks) >= limits.max_jobs or self._closing:
                break
            owner = ticket.order.owner.name
            if ticket.id in self._tasks or begun[owner] >= limits.caller_share:
                continue
            begun[owner] += 1
            ticket.start()
            task = asyncio.create_task(self._run(ticket), name=f"queued-{ticket.id}")
            self._tasks[ticket.id] = task
            task.add_done_callback(partial(self._task_ended, ticket))
        self._tell()

    async def _run(self, ticket: Ticket) -> None:
        order, envelope = ticket.order, ticket.envelope
        limit_bytes = self._settings.max_output_mb * 2**20
        try:
            async with asyncio.timeout(order.execution_timeout_s) as limit:
                async for value in checked_outputs(envelope, self._job(ticket), limit_bytes):
                    self._add(ticket, value)
        except TimeoutError:
            if not limit.expired():
                raise
            timeout = ExecutionTimeoutError(
                f"The job ran longer than {order.execution_timeout_s:.0f} s"
            )
            self._end(ticket, "TIMED_OUT", timeout.message, timeout.code)
        except CuestreamError as error:
            self._end(ticket, "FAILED", error_text(error.message), error.code)
        else:
            outcome = settled(envelope, ticket.values)
            ticket.output = outcome.output
            self._end(ticket, "COMPLETED" if outcome.error is None else "FAILED", outcome.error)

    def _job(self, ticket: Ticket) -> EnvelopeJob:
        async def report(progress: Payload) -> None:
            ticket.progress = progress

        def follow(job_id: str) -> None:
            ticket.job_id = job_id

        owner = ticket.order.owner
        return EnvelopeJob(
            id=ticket.id,
            input=ticket.order.input,
            services=self._services,
            caller=owner.payer,
            holder=owner.name,
            key=owner.key,
            routes=self._routes,
            report=report,
            follow=follow,
            s3_config=ticket.order.s3_config,
            base_url=ticket.order.base_url,
        )

    def _end(self, ticket: Ticket, status: TicketStatus, *reason: str | None) -> None:
        if ticket.ended:
            return
        ticket.end(status, *reason)
        self._totals[status] += 1
        if not self._closing:
            self._remove_after(ticket, ticket.order.retention_s)
        if not ticket.told_elsewhere:
            self._on_end(ticket)
        self._tell()

    def _task_ended(self, ticket: Ticket, _: asyncio.Task[None]) -> None:
        self._tasks.pop(ticket.id, None)
        self._end(ticket, "CANCELLED")
        self._pump()

    def _tell(self) -> None:
        """Wake everybody who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _remove_after(self, ticket: Ticket, after_s: float) -> None:
        if (timer := self._timers.pop(ticket.id, None)) is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[ticket.id] = loop.call_later(after_s, self._remove, ticket)

    def _remove(self, ticket: Ticket) -> None:
        """Forget a job; its work stops."""
        self._tickets.pop(ticket.id, None)
        self._keys.pop(_key_of(ticket.order), None)
        if (timer := self._timers.pop(ticket.id, None)) is not None:
            timer.cancel()
        for tasks in (self._tasks, self._followers):
            if (task := tasks.get(ticket.id)) is not None:
                ticket.end("CANCELLED")
                task.cancel()

    def _drop(self, ticket_id: str) -> None:
        """Forget a ticket of a job that another ticket stands for, without a word to anybody."""
        self._tickets.pop(ticket_id, None)
        if (timer := self._timers.pop(ticket_id, None)) is not None:
            timer.cancel()
        if (task := self._followers.get(ticket_id)) is not None:
            task.cancel()

    def _make_room(self, ticket: Ticket) -> None:
        """Remove the oldest ended jobs until there is room for one more.

        Raises:
            OverloadedError: there is none.
        """
        limit = self._settings.max_kept_mb * 2**20
        held = sum(each.bytes for each in self._tickets.values()) + ticket.bytes
        ended = [each for each in self._tickets.values() if each.ended]
        ended.sort(key=lambda each: each.ended_s or 0.0)
        for each in ended:
            if held <= limit and len(self._tickets) < 2 * self._settings.max_queued:
                break
            held -= each.bytes
            self._remove(each)
        unfinished = len(self._tickets) - sum(each.ended for each in self._tickets.values())
        if held > limit or unfinished >= self._settings.max_queued:
            raise OverloadedError("The queue is full", retry_after_s=_RETRY_AFTER_S)


def _key_of(order: JobOrder) -> tuple[str, str, str]:
    return (order.owner.name, order.endpoint, order.idempotency_key)
