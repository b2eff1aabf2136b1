"""The runtime of a job in this process: task, readers, lease."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress

from app.domain.errors import CuestreamError, JobCancelledError
from app.domain.events import Done, Failed, MediaOpened, Result
from app.domain.request import JobRequest
from app.gpu.work_context import WorkContext
from app.services.jobs.event_log import EventLog
from app.services.jobs.job_callers import JobCallers
from app.services.jobs.owner_link import OwnerLink
from app.services.jobs.record import JobRecord
from app.services.jobs.stored_error import stored_error
from app.services.jobs.uploads_of_jobs import discard_upload
from app.services.playback.playback import Playback

_FIRST_READER_S = 10.0
"""How long a new job waits for its first reader, however short the grace time: the response that
reads it begins only once the media is open."""


class JobRuntime:
    """A job in this process: it runs while it has readers, and for a grace time longer.

    Args:
        record: of the job.
        grace_s: how long the job goes on without a reader.

    Attributes:
        context: scheduling state of its work on the device.
        playback: position of its viewer, and the ranges that are done.
        task: works on the job; None for a job that this process only reads.
        callers: what each of its callers asked for and holds.
        link: to the process that works on it; None where this one does, or none.
    """

    def __init__(self, record: JobRecord, grace_s: float) -> None:
        request = record.request
        self.record = record
        self.context = WorkContext(record.id, request.caller, request.audience, request.position_ms)
        self.playback = Playback(self.context)
        self.task: asyncio.Task[None] | None = None
        self._failure: CuestreamError | None = None
        self._cancel_reason: CuestreamError | None = None
        self._readers = 0
        self._pins = 0
        self._grace_s = grace_s
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: set[asyncio.Event] = set()
        self._handed_over: CuestreamError | None = None
        self.callers = self._new_callers()
        self.link: OwnerLink | None = None

    def _new_callers(self) -> JobCallers:
        """Return the callers; they do not keep the job, which may weigh megabytes, in memory."""
        here = weakref.ref(self)

        def attach() -> None:
            if (job := here()) is not None:
                job.attach()

        def detach(grace_s: float | None = None) -> None:
            if (job := here()) is not None:
                job.detach(grace_s)

        return JobCallers(attach, lambda: detach(0.0), detach, self.record.callers)

    @property
    def id(self) -> str:
        """Id of the job."""
        return self.record.id

    @property
    def request(self) -> JobRequest:
        """Request of the job."""
        return self.record.request

    @property
    def log(self) -> EventLog:
        """Event log of the job."""
        return self.record.log

    @property
    def running(self) -> bool:
        """Whether more events will come."""
        return self.record.running

    @property
    def working(self) -> bool:
        """Whether this process works on the job, or has its last events still to store."""
        return self.task is not None and not self.log.closed

    @property
    def handed_over(self) -> bool:
        """Whether another process goes on with the job, or will."""
        return self._handed_over is not None

    @property
    def readers(self) -> int:
        """Number of its readers in this process; another process's count as one."""
        return self._readers

    @property
    def pinned(self) -> bool:
        """Whether a door follows the job for its owner."""
        return self._pins > 0

    @property
    def result(self) -> Result | None:
        """The result, once the job has succeeded."""
        return self.record.result

    @property
    def failure(self) -> Failed | None:
        """The event that ended the job, if it failed."""
        return self.record.failure

    @property
    def cancelled(self) -> threading.Event:
        """Set when the work must stop, for threads that cannot be cancelled."""
        return self.context.cancelled

    def start(self, work: Callable[[JobRuntime], asyncio.Task[None]]) -> None:
        """Start the task; a job that no client ever reads is cancelled after a while.

        One from the queue runs on without readers.
        """
        if self.link is not None and self._readers:
            self.link.release(self.id)
        self.link = None
        self._handed_over = None
        self.task = work(self)
        self.task.add_done_callback(lambda _: self._task_ended())
        if self.record.queue is None and not self._readers:
            self._cancel_after(self._first_reader_s)

    def attach(self) -> None:
        """Count a reader."""
        self._readers += 1
        self._stop_timer()
        if self.link is not None and self._readers == 1:
            self.link.hold(self.id)

    def detach(self, grace_s: float | None = None) -> None:
        """Uncount a reader; after the last one the job goes on for the grace time only.

        Args:
            grace_s: instead of the usual grace time.
        """
        self._readers -= 1
        if self._readers == 0 and self.link is not None:
            self.link.release(self.id)
            return
        if self._readers or not self.working or self.log.sealed:
            return
        if self.record.queue is None:
            grace_s = self._grace_s if grace_s is None else grace_s
            if grace_s > 0:
                self._cancel_after(grace_s)
            else:
                self.cancel()
        elif self.callers.has_left(self.record.owner):
            self.cancel()  # its owner cancelled it while somebody still read it

    def pin(self) -> None:
        """Stay in memory for a door that follows the job for its owner.

        That is no reader, who would hold the work after the owner has left, in this process or in
        the one that works on it.
        """
        self._pins += 1

    def unpin(self) -> None:
        """End `pin`."""
        self._pins -= 1

    def await_reader(self) -> None:
        """Uncount a reader whose next one is about to come, however short the grace time."""
        self.detach(self._first_reader_s)

    @property
    def _first_reader_s(self) -> float:
        return max(self._grace_s, _FIRST_READER_S)

    def fail(self, error: CuestreamError) -> None:
        """Record that the job failed; nothing where it has ended already."""
        if self.log.sealed:
            return
        self._failure = error
        self.log.append(Failed(error.message, error.code, error.retryable))

    def cancel(self, reason: CuestreamError | None = None) -> None:
        """Stop the work now: the task, and threads and engines that work for it.

        Args:
            reason: error of the job; that it has no reader any more unless given.
        """
        self._cancel_reason = self._cancel_reason or reason
        self.stop_work()
        if self.task is not None:
            self.task.cancel()

    def hand_over(self, reason: CuestreamError, link: OwnerLink | None) -> None:
        """Stop the work without an end of the job, since another process goes on with it.

        Args:
            reason: for those who wait for the result in this process.
            link: to that process; None where this process leaves.
        """
        task, self.task, self.link = self.task, None, link
        self._handed_over = reason
        self.cancelled.set()
        self._stop_timer()
        if link is not None:
            # The work may come back to this process later, with a signal of its own.
            self.context = WorkContext(
                self.id, self.request.caller, self.context.audience, self.context.position_ms
            )
            self.playback = Playback(self.context)
            if self._readers:
                link.hold(self.id)
        if task is not None:
            task.cancel()
        for waiter in self._waiters:
            waiter.set()

    def stop_work(self) -> None:
        """Withdraw what waits for the device, and stop threads that work for the job."""
        self.record.stopping = True
        self.cancelled.set()

    @property
    def cancel_reason(self) -> CuestreamError:
        """Why the job was cancelled."""
        return self._cancel_reason or JobCancelledError("Nobody was reading any more")

    async def wait_until_open(self, limit_s: float) -> None:
        """Wait until the media is open.

        Args:
            limit_s: longest wait; the media may still be opening afterwards.

        Raises:
            CuestreamError: the job failed before its media was open.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._wait_for(lambda: self.log.closed or self._is_open())
        if self.failure is not None and not self._is_open():
            raise self._reason

    async def wait_for_result(self) -> Result:
        """Wait for the end.

        Raises:
            CuestreamError: the job failed.
        """
        await self._wait_for(lambda: self.log.closed)
        if self.result is None:
            raise self._reason
        return self.result

    @property
    def _reason(self) -> CuestreamError:
        """Why there is no result."""
        if self._failure is not None:
            return self._failure
        if self.failure is not None:
            return stored_error(self.failure)
        return self._handed_over or JobCancelledError("The job was cancelled")

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition, or until this process knows no more of the job."""
        arrived = asyncio.Event()
        stop = self.log.listen(arrived.set)
        self._waiters.add(arrived)
        try:
            while not condition() and (self._handed_over is None or self.link is not None):
                arrived.clear()
                await arrived.wait()
        finally:
            self._waiters.discard(arrived)
            stop()

    def _is_open(self) -> bool:
        return any(isinstance(event, MediaOpened | Done) for _, event in self.log.after(0, 8))

    def _cancel_after(self, grace_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(grace_s, self.cancel)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _task_ended(self) -> None:
        if self.task is None or not self.task.done():
            return  # another process goes on with the job
        self.record.ended_s = time.monotonic()
        self._stop_timer()
        self.callers.end_leases()
        self.fail(self._cancel_reason or JobCancelledError("The job was cancelled"))
        if not self.record.stored:
            discard_upload(self.request)
