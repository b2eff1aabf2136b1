"""A job in the queue, with what its caller asked for beside the input."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.submission.envelopes.envelope import Envelope, Payload
from app.submission.envelopes.envelope_table import envelope_of

TicketStatus = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"]
"""Source: RunPod's documentation of job states."""


_MOST_READERS = 100


@dataclass(frozen=True, slots=True)
class TicketOwner:
    """Whose job it is.

    Attributes:
        name: as `caller_name` has it.
        payer: as `caller_of` has it.
        key: index of his API key; None without one.
    """

    name: str
    payer: str = ""
    key: int | None = None


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What a caller asks for.

    Attributes:
        input: the envelope.
        endpoint: name of the endpoint that it was sent to; empty without one.
        owner: who asks.
        execution_timeout_s: how long the job may run.
        ttl_s: how long it may exist in all.
        retention_s: how long its output can be read.
        webhook: address that is notified of the end.
        s3_config: access to the caller's object storage; holds a secret.
        base_url: address of the server as the caller knows it, for links to stored files.
        idempotency_key: the same order once more is the same job; empty without one.
        ticket_id: of the ticket whose job failed and is done again; empty for a new one.
        failed_job_id: of that job.
    """

    input: Mapping[str, Any]
    endpoint: str
    owner: TicketOwner
    execution_timeout_s: float
    ttl_s: float
    retention_s: float
    webhook: str | None = None
    s3_config: Mapping[str, Any] | None = field(default=None, repr=False)
    base_url: str | None = None
    idempotency_key: str = ""
    ticket_id: str = ""
    failed_job_id: str = ""

    def is_same(self, other: JobOrder) -> bool:
        """Whether another order asks for the same: its body is, however it is written.

        Which route it came by, and under which of the server's names, makes no difference.
        """
        ours, theirs = self._body(), other._body()
        # To Python 1, 1.0 and true are equal, and to JSON they are not.
        return ours == theirs and _sorted_json(ours) == _sorted_json(theirs)

    def _body(self) -> list[object]:
        store = None if self.s3_config is None else dict(self.s3_config)
        limits = [float(self.execution_timeout_s), float(self.ttl_s)]
        return [dict(self.input), self.webhook, store, *limits]


def _sorted_json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@dataclass(slots=True, eq=False)
class Ticket:
    """A job of the queue.

    Times are monotonic, so that a clock that is set makes no job older or younger.

    Attributes:
        order: what was asked for.
        input_bytes: size of the input.
        id: unguessable; who knows it may read the job.
        status: where it stands.
        values: what it yielded so far.
        value_bytes: their size.
        output: of a job that has ended.
        error: why it failed.
        code: stable name of the error; None where its handler named none.
        progress: the last that it reported.
        job_id: of the subtitle job that does the work; None before it is known.
        attempts: how often it was begun.
        reported_elsewhere: whether another process, which worked on it, tells its webhook.
        read: how many parts each reader of its stream has got.
    """

    order: JobOrder
    input_bytes: int
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: TicketStatus = "IN_QUEUE"
    created_s: float = field(default_factory=time.monotonic)
    started_s: float | None = None
    ended_s: float | None = None
    values: list[object] = field(default_factory=list)
    value_bytes: int = 0
    output: object = None
    error: str | None = None
    code: str | None = None
    progress: Payload | None = None
    job_id: str | None = None
    attempts: int = 0
    reported_elsewhere: bool = False
    read: dict[str, int] = field(default_factory=dict)

    @property
    def envelope(self) -> Envelope:
        """Row of the input."""
        return envelope_of(self.order.input)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in {"IN_QUEUE", "IN_PROGRESS"}

    @property
    def bytes(self) -> int:
        """Memory that it holds, about; Python's values take some times their JSON."""
        return 2000 + 3 * (self.input_bytes + self.value_bytes)

    def start(self) -> None:
        """Begin anew."""
        self.status, self.started_s = "IN_PROGRESS", time.monotonic()
        self.attempts += 1

    def end(self, status: TicketStatus, error: str | None = None, code: str | None = None) -> None:
        """End with a status; nothing changes once it has ended."""
        if self.ended:
            return
        self.status, self.error, self.code = status, error, code
        self.ended_s = time.monotonic()

    def again(self) -> None:
        """Return to the queue as a job that never began."""
        self.status, self.created_s = "IN_QUEUE", time.monotonic()
        self.reported_elsewhere = False
        self.started_s = self.ended_s = self.output = self.error = self.code = None
        self.values, self.value_bytes, self.progress, self.job_id = [], 0, None, None
        self.read.clear()

    def has_unread(self, reader: str) -> bool:
        """Whether there are parts that a reader has not got yet."""
        return self.read.get(reader, 0) < len(self.values)

    def note_read(self, reader: str, place: int) -> None:
        """Note how many parts a reader has got, here or from another process."""
        if reader in self.read or len(self.read) < _MOST_READERS:
            self.read[reader] = place

    def frame(self) -> Payload:
        """Return the job as a queue reports it, without its output."""
        frame: Payload = {"id": self.id, "status": self.status}
        if self.started_s is not None:
            frame["delayTime"] = round((self.started_s - self.created_s) * 1000)
        if self.started_s is not None and self.ended_s is not None:
            frame["executionTime"] = round((self.ended_s - self.started_s) * 1000)
        if self.error is not None:
            frame["error"] = self.error
        if self.code is not None:
            frame["code"] = self.code
        return frame

    def report(self) -> Payload:
        """Return the job as a queue reports it."""
        frame = self.frame()
        if self.ended and self.output is not None:
            frame["output"] = self.output
        return frame
