"""Rows of a database of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.events import Event
from app.services.jobs.record import JobState

MOST_READERS = 100
"""Readers of one job's output whose places are remembered."""

RESUMED_PRIORITY = 1000
"""Of jobs that a worker has left, which go first."""

StoredEvent = tuple[str, bytes]
"""Kind and fields of an event, as `event_codec` writes them."""


def row_columns(age_s: str, ended_age_s: str) -> str:
    """Return the columns of a `JobRow`, in order.

    Args:
        age_s: the database's expression of a job's age in seconds.
        ended_age_s: the same since its end.
    """
    return f"""id, request, queue, secrets, callers, state, fence, attempts, {age_s},
        {ended_age_s}, events, title, kind, progress, code"""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is not in the database yet.

    Attributes:
        request: see `encode_request`.
        request_key: see `JobRequest.key`.
        owner: who may list and cancel it, and whose share of the kept jobs it takes.
        caller: who pays.
        queue: how it waits, see `encode_value`; None for a job that was begun as it came.
        secrets: encrypted; None for none.
        state: queued, running, or its end.
        events: the first ones.
        delay_s: it is due after so many seconds.
        ttl_s: it expires after so many seconds; None for never.
        is_call: see `QueueOptions.is_call`.
    """

    id: str
    request: bytes
    request_key: str
    owner: str
    caller: str
    title: str
    kind: str
    state: JobState
    events: Sequence[StoredEvent]
    weight_bytes: int
    queue: bytes | None = None
    secrets: bytes | None = None
    callers: bytes = b""
    progress: bytes | None = None
    priority: int = 0
    delay_s: float = 0.0
    ttl_s: float | None = None
    idempotency_key: str | None = None
    is_call: bool = False

    @property
    def columns(self) -> dict[str, object]:
        """The columns that every database has, but for owners and times."""
        same = (
            *("id", "request", "request_key", "owner", "caller", "title", "kind", "state", "queue"),
            *("secrets", "callers", "progress", "idempotency_key", "is_call"),
        )
        values: dict[str, object] = {name: getattr(self, name) for name in same}
        return {**values, "events": len(self.events), "bytes": self.weight_bytes}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job of the database.

    Attributes:
        age_s: since it came.
        ended_age_s: since its end; None before it.
        events: their number.
        progress: the latest one.
        code: of the error that ended it.
    """

    id: str
    request: bytes
    queue: bytes | None
    secrets: bytes | None
    callers: bytes
    state: JobState
    fence: int
    attempts: int
    age_s: float
    ended_age_s: float | None
    events: int
    title: str
    kind: str
    progress: bytes | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Appended:
    """Events that are to be added to a job's log.

    Attributes:
        fence: of the lease under which they were made.
        after: how many events are stored before them.
    """

    job_id: str
    fence: int
    after: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class EncodedEvents:
    """Events as the database has them, with what they change in their job's row.

    Attributes:
        weight_bytes: of all of them.
        progress: the latest one among them; None for none.
        state: of the job after them.
        title: of the source, where they say it; empty otherwise.
        code: of the error, where one ends the job.
    """

    events: Sequence[StoredEvent]
    weight_bytes: int
    progress: bytes | None
    state: JobState
    title: str
    code: str | None


@dataclass(frozen=True, slots=True)
class EndedRow:
    """What decides how long an ended job is kept.

    Attributes:
        age_s: since its end, or since the last edit of its cues.
        owner: whose jobs are counted and weighed together.
        edited: whether somebody has edited its cues.
    """

    id: str
    owner: str
    age_s: float
    weight_bytes: int
    edited: bool = False
