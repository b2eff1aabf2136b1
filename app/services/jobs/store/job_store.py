"""The interface of a store of job records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.services.jobs.record import JobRecord


class JobStore(Protocol):
    """Records of jobs, by id and by request.

    The methods are asynchronous, so that a store may be a database.
    """

    async def add(self, record: JobRecord) -> None:
        """Store the record of a new job."""
        ...

    async def get(self, job_id: str) -> JobRecord | None:
        """Return a record by its id; None where the store has none."""
        ...

    async def equal(self, request_key: str) -> Sequence[JobRecord]:
        """Return the records of equal requests, the oldest first.

        Args:
            request_key: see `JobRequest.key`.
        """
        ...

    async def remove_ended(self, retention_s: float, limit: int, limit_bytes: int) -> Sequence[str]:
        """Remove records of jobs that have ended.

        Args:
            retention_s: age after the end from which a record goes.
            limit: ended jobs that stay at most; the oldest go first.
            limit_bytes: memory that ended jobs hold at most. The oldest jobs of the caller whose
                jobs hold most go first; the one that ended last stays whatever it holds.

        Returns:
            Ids of the removed records.
        """
        ...
