"""The interface of a database of jobs, below the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from app.services.jobs.store.job_rows import (
    Appended,
    EndedRow,
    JobRow,
    NewJob,
    StoredEvent,
)
from app.services.jobs.store.job_store import Message
from app.services.jobs.stored_edits import StoredEdits


class DatabaseListener(Protocol):
    """Callbacks of a database in its store; called in the event loop."""

    def events_written(self, job_id: str) -> None:
        """Note that another process has written events of a job."""
        ...

    def work_arrived(self) -> None:
        """Note that a job may wait for a worker."""
        ...

    def message_received(self, job_id: str, message: Message) -> None:
        """Take a message of another process about a job."""
        ...

    def expired(self, job_id: str) -> None:
        """Tell that this process has ended a job that waited too long."""
        ...

    def reconnected(self) -> None:
        """Note that messages may have been missed."""
        ...


class JobDatabase(Protocol):
    """Rows of jobs and their events.

    A process is an owner: it holds leases on jobs, and the database knows when it has died. Every
    method raises `StoreUnavailableError` where the database does not answer or cannot write.
    """

    async def open(self, listener: DatabaseListener) -> None:
        """Connect, make the tables where they are missing, and become an owner."""
        ...

    async def close(self) -> None:
        """Stop being an owner and disconnect."""
        ...

    async def insert(self, job: NewJob) -> str:
        """Insert a job; one that runs is leased to this process under fence 1.

        Returns:
            Its id, or that of its owner's earlier job with the same idempotency key.
        """
        ...

    async def append(self, batch: Sequence[Appended]) -> Sequence[str]:
        """Add events to logs; the last one may end its job.

        What was added before, by a call whose answer was lost, is not added once more.

        Returns:
            Ids of jobs whose lease has ended, to which nothing was added.
        """
        ...

    async def claim(self, *, calls: bool) -> JobRow | float | None:
        """Lease the job that is due next; see `JobStore.claim`.

        Returns:
            The job; else the seconds until one is due; else None.
        """
        ...

    async def take_over(self, held: Collection[str]) -> None:
        """Give a sign of life, queue jobs of dead owners, end those that expired in the queue.

        Args:
            held: ids of all jobs that this process works on. A lease of its own on any other one is
                the rest of a call whose answer was lost.
        """
        ...

    async def give_back(self, job_id: str, fence: int) -> None:
        """Put a job into the queue again, whose lease this process has."""
        ...

    async def end_queued(self, job_id: str, event: Sequence[StoredEvent], code: str) -> bool:
        """End a job that still waits in the queue; return whether it did."""
        ...

    async def job(self, job_id: str) -> JobRow | None:
        """Return a job."""
        ...

    async def with_key(self, owner: str, idempotency_key: str) -> JobRow | None:
        """Return an owner's job by its idempotency key."""
        ...

    async def events(self, job_id: str, after: int) -> Sequence[StoredEvent]:
        """Return the events of a job after a number."""
        ...

    async def equal(self, request_key: str) -> Sequence[JobRow]:
        """Return running jobs of equal requests, the oldest first, then the last one done."""
        ...

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobRow]:
        """Return an owner's jobs; see `JobStore.listed`."""
        ...

    async def waiting(self, owner: str) -> tuple[int, int]:
        """Return how many jobs wait in the queue, and how many of one owner."""
        ...

    async def ended(self) -> Sequence[EndedRow]:
        """Return all ended jobs, the one that ended first comes first."""
        ...

    async def remove(self, job_ids: Sequence[str]) -> None:
        """Remove ended jobs with their events."""
        ...

    async def save_callers(self, job_id: str, callers: bytes) -> None:
        """Store what a job knows of its callers."""
        ...

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """Note how much of its output a reader has got; see `JobStore.advance`."""
        ...

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """Return an owner's edits of a job; see `JobStore.edits`."""
        ...

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """Store an owner's edits of a job; see `JobStore.save_edits`."""
        ...

    async def send_message(self, job_id: str, message: Message) -> None:
        """Send a message about a job to the other processes."""
        ...
