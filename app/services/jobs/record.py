"""One job: its request, its event log and the task that writes it."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from app.domain.errors import CuestreamError, JobCancelledError
from app.domain.events import Done, Failed, MediaOpened, Result
from app.domain.request import JobRequest, UploadedFile
from app.gpu.work_context import WorkContext
from app.services.jobs.event_log import EventLog
from app.services.playback.playback import Playback

_FIRST_READER_S = 10.0
"""How long a new job waits for its first reader, however short the grace time: the answer that
reads it begins only once the media is open."""


class Job:
    """A job lives as long as somebody reads it, and a grace time longer.

    Attributes:
        id: unguessable; whoever knows it may read the job.
        context: shown to the queue with every piece of its work.
        playback: who watches, and may jump.
        created_s: monotonic time of admission.
        ended_s: monotonic time of its end, or None while it runs.
    """

    def __init__(self, request: JobRequest, grace_s: float) -> None:
        self.id = uuid.uuid4().hex
        self.request = request
        self.log = EventLog()
        self.context = WorkContext(self.id, request.caller, request.audience, request.position_ms)
        self.playback = Playback(self.context)
        self.created_s = time.monotonic()
        self.ended_s: float | None = None
        self.failure: CuestreamError | None = None
        self.task: asyncio.Task[None] | None = None
        self._readers = 0
        self._grace_s = grace_s
        self._timer: asyncio.TimerHandle | None = None
        self._lease: asyncio.TimerHandle | None = None

    @property
    def cancelled(self) -> threading.Event:
        """Set when its work must stop, for threads that cannot be cancelled."""
        return self.context.cancelled

    @property
    def running(self) -> bool:
        """Whether more events will come."""
        return not self.log.closed

    @property
    def age_s(self) -> float:
        """Since admission."""
        return time.monotonic() - self.created_s

    @property
    def result(self) -> Result | None:
        """What it made, once it has succeeded."""
        return self.log.last.result if isinstance(self.log.last, Done) else None

    def start(self, work: Callable[[Job], asyncio.Task[None]]) -> None:
        """Begin to work; a job that nobody ever reads is cancelled after a while."""
        self.task = work(self)
        self.task.add_done_callback(lambda _: self._end())
        self._wait_for_readers(max(self._grace_s, _FIRST_READER_S))

    def attach(self) -> None:
        """A reader came."""
        self._readers += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def detach(self, grace_s: float | None = None) -> None:
        """A reader left; after the last one the job goes on for the grace time only.

        Args:
            grace_s: instead of the usual grace time.
        """
        self._readers -= 1
        if self._readers == 0 and self.running:
            self._wait_for_readers(self._grace_s if grace_s is None else grace_s)

    def read_for(self, lease_s: float) -> None:
        """Count a reader that only looks in now and then.

        Args:
            lease_s: how long it counts from now on, instead of what an earlier call said; 0 for
                a reader that will not look in again.
        """
        if self._lease is None:
            self.attach()
        else:
            self._lease.cancel()
        loop = asyncio.get_running_loop()
        self._lease = loop.call_later(lease_s, self._end_lease)

    def fail(self, error: CuestreamError) -> None:
        """Record the end of a job that failed."""
        self.failure = error
        self.log.append(Failed(error.message, error.code, error.retryable))

    def cancel(self) -> None:
        """Stop the work now: the task, and what threads and engines do for it."""
        self.cancelled.set()
        if self.task is not None:
            self.task.cancel()

    async def opened(self, wait_s: float) -> None:
        """Wait until the media is open, but not longer than ``wait_s``.

        Raises:
            CuestreamError: the job failed before its media was open.
        """
        arrived = asyncio.Event()
        stop = self.log.listen(arrived.set)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not (self.log.closed or self._is_open()):
                    arrived.clear()
                    await arrived.wait()
        stop()
        if self.failure is not None and not self._is_open():
            raise self.failure

    async def ended(self) -> Result:
        """Wait for the end.

        Raises:
            CuestreamError: the job failed.
        """
        arrived = asyncio.Event()
        stop = self.log.listen(arrived.set)
        try:
            while not self.log.closed:
                arrived.clear()
                await arrived.wait()
        finally:
            stop()
        if self.result is None:
            raise self.failure or JobCancelledError("The job was cancelled")
        return self.result

    def _is_open(self) -> bool:
        return any(isinstance(event, MediaOpened | Done) for _, event in self.log.after(0)[:8])

    def _end_lease(self) -> None:
        self._lease = None
        self.detach(0.0)

    def _wait_for_readers(self, grace_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(grace_s, self.cancel)

    def _end(self) -> None:
        self.ended_s = time.monotonic()
        for timer in (self._timer, self._lease):
            if timer is not None:
                timer.cancel()
        if self.running:
            self.fail(JobCancelledError("The job was cancelled"))
        if isinstance(self.request.source, UploadedFile):
            self.request.source.path.unlink(missing_ok=True)
