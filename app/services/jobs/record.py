"""The record of a job: request, state, event log."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Literal

from app.domain.events import Done, Failed, Progress, Result
from app.domain.request import JobRequest
from app.services.jobs.caller_notes import CallerNotes
from app.services.jobs.event_log import EventLog
from app.services.jobs.job_weight import options_bytes, request_bytes
from app.services.jobs.queue_options import QueueOptions

JobState = Literal["queued", "running", "stopping", "done", "failed"]


@dataclass(slots=True, eq=False, weakref_slot=True)
class JobRecord:
    """A job as data, apart from the task that works on it.

    Everything here can be stored and read back; what belongs to one process is in `JobRuntime`.

    Attributes:
        request: what the job was submitted with.
        id: unguessable; a client that knows it may read the job.
        log: the events so far.
        created_s: monotonic time of admission.
        ended_s: monotonic time of the end; None while the job runs.
        stopping: whether the work was cancelled; the log may still be open for a moment.
        queue: how it waits in the queue; None for a job that was begun as it came.
        queued: whether it waits in the queue.
        callers: what its callers asked for and who of them left.
        fence: number of the lease under which it is worked on. It grows with each one, so that a
            worker whose lease has ended writes nothing any more.
        attempts: how often it was begun.
        stored: whether a store keeps what the job needs, and removes it once the end is stored.
    """

    request: JobRequest
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    log: EventLog = field(default_factory=EventLog)
    created_s: float = field(default_factory=time.monotonic)
    ended_s: float | None = None
    stopping: bool = False
    queue: QueueOptions | None = None
    queued: bool = False
    callers: CallerNotes = field(default_factory=CallerNotes)
    fence: int = 0
    attempts: int = 0
    stored: bool = False
    _fixed_bytes: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Weigh what never changes."""
        self._fixed_bytes = request_bytes(self.request) + options_bytes(self.queue)

    @property
    def owner(self) -> str:
        """Who may list and cancel the job; no secret."""
        return (self.queue.owner if self.queue else "") or self.request.holder

    @property
    def running(self) -> bool:
        """Whether more events will come."""
        return not self.log.closed

    @property
    def state(self) -> JobState:
        """Where the job stands."""
        last = self.log.last
        if isinstance(last, Done):
            return "done"
        if isinstance(last, Failed):
            return "failed"
        if self.queued:
            return "queued"
        return "stopping" if self.stopping else "running"

    @property
    def result(self) -> Result | None:
        """The result, once the job has succeeded."""
        return self.log.last.result if isinstance(self.log.last, Done) else None

    @property
    def failure(self) -> Failed | None:
        """The event that ended the job, if it failed."""
        return self.log.last if isinstance(self.log.last, Failed) else None

    @property
    def progress(self) -> Progress | None:
        """The latest progress event."""
        return self.log.latest(Progress)

    @property
    def bytes(self) -> int:
        """Memory that the record holds, about."""
        return self._fixed_bytes + self.log.bytes

    @property
    def age_s(self) -> float:
        """Seconds since admission."""
        return time.monotonic() - self.created_s
