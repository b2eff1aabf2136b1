"""The interface of a store of job records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.events import Failed
from app.services.jobs.job_summary import JobSummary
from app.services.jobs.record import JobRecord
from app.services.jobs.stored_edits import StoredEdits

Message = Mapping[str, str | int | None]
"""What a process tells the one that works on a job."""

FORGET: Message = {"do": "forget"}
"""Tells every process that a job's record was removed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Answer to a worker that asks for a job.

    Attributes:
        record: a job that is this process's from now on; None where none is due.
        due_s: seconds until a waiting job is due; None where none waits.
    """

    record: JobRecord | None = None
    due_s: float | None = None


class StoreHost(Protocol):
    """Callbacks of a store in the process that it belongs to; called in the event loop."""

    def work_arrived(self) -> None:
        """Note that a job may wait for a worker."""
        ...

    def lease_lost(self, record: JobRecord) -> None:
        """Note that another process works on a job that this one had."""
        ...

    def expired(self, job_id: str) -> None:
        """Tell that this process has ended a job that waited in the queue too long."""
        ...

    def message_received(self, job_id: str, message: Message) -> None:
        """Take a message of another process about a job."""
        ...


class JobStore(Protocol):
    """Records of jobs, by id and by request, and the queue of those that wait.

    The methods are asynchronous, so that a store may be a database. Those that write raise
    `StorageError` where it cannot.

    Attributes:
        outlives: whether another process goes on with a job when this one has ended.
    """

    outlives: bool

    async def open(self, host: StoreHost) -> None:
        """Open the store.

        Args:
            host: gets the callbacks from now on.
        """
        ...

    async def close(self) -> None:
        """Write what is not written and close the store."""
        ...

    async def flush(self) -> None:
        """Wait until every event so far is written."""
        ...

    async def add(self, record: JobRecord) -> None:
        """Store the record of a new job: of one that this process begins, or that has ended."""
        ...

    async def enqueue(self, record: JobRecord) -> JobRecord:
        """Store the record of a new job that waits in the queue.

        Returns:
            The record, or that of its owner's earlier job with the same idempotency key.
        """
        ...

    async def claim(self, *, calls: bool = False) -> Claim:
        """Lease the next job that is due: one from the queue, or one whose worker died.

        Of equal priority the next one is that of the owner who has fewest running, and of those
        the one who was served longest ago.

        Args:
            calls: whether a call is wanted, or another job; see `QueueOptions.is_call`.
        """
        ...

    async def give_back(self, record: JobRecord) -> None:
        """End the lease on a job that has not ended, so that another process goes on with it."""
        ...

    async def end_queued(self, job_id: str, failed: Failed) -> bool:
        """End a job that still waits in the queue; return whether it did."""
        ...

    async def get(self, job_id: str) -> JobRecord | None:
        """Return a record by its id; None where the store has none.

        The record of a job that another process works on grows as events come.
        """
        ...

    async def with_key(self, owner: str, idempotency_key: str) -> JobRecord | None:
        """Return the record of an owner's job by its idempotency key; None where he has none."""
        ...

    async def equal(self, request_key: str) -> Sequence[JobRecord]:
        """Return the records of equal requests, the oldest first.

        Args:
            request_key: see `JobRequest.key`.
        """
        ...

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobSummary]:
        """Return an owner's jobs, the newest first.

        Args:
            owner: see `JobRecord.owner`.
            limit: no more than so many.
            before: id of the job after which to go on; None from the newest on.
        """
        ...

    async def waiting(self, owner: str) -> tuple[int, int]:
        """Return how many jobs wait in the queue, and how many of one owner."""
        ...

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """Return what an owner has made of a job's cues; version 0 where nothing was written."""
        ...

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """Store an owner's edits of a job's cues; they go with the job.

        Args:
            job_id: of a job that has ended.
            owner: whose edits they are.
            content: see `encode_edits`; None for the job's own cues again.
            versions: those that may be replaced; None for any.

        Returns:
            The new version; None where another one than those is stored.

        Raises:
            JobNotFoundError: the store has no such job (any more).
        """
        ...

    async def remove_ended(
        self,
        retention_s: float,
        limit: int,
        limit_bytes: int,
        edited_retention_s: float | None = None,
    ) -> Sequence[str]:
        """Remove records of jobs that have ended.

        Args:
            retention_s: age after the end from which a record goes.
            edited_retention_s: age after the last edit from which the record of a job with edits
                goes; as for others unless given.
            limit: ended jobs that stay at most; the oldest of whoever has most go first.
            limit_bytes: memory that ended jobs hold at most. The oldest jobs of the owner whose
                jobs hold most go first; the one that ended last stays whatever it holds.

        Returns:
            Ids of the removed records.
        """
        ...

    async def remove(self, job_id: str) -> None:
        """Remove the record of a job that has ended, with all that belongs to it."""
        ...

    def save_callers(self, record: JobRecord) -> None:
        """Store what a record says of its callers, soon."""
        ...

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """Note how much of a job's output a reader has got, whichever process he asked.

        Args:
            job_id: of the job.
            reader: name of the reader.
            place: number of the parts that he has got now.

        Returns:
            Their number before; 0 where the job has as many readers as are remembered.
        """
        ...

    async def send_message(self, job_id: str, message: Message) -> None:
        """Send a message to the process that works on a job; none where no process does."""
        ...
