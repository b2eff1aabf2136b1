"""A store of job records in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

from app.services.jobs.record import JobRecord


class MemoryJobStore:
    """Records of one process; they are lost with it."""

    def __init__(self) -> None:
        self._records: dict[str, JobRecord] = {}
        self._request_keys: dict[str, str] = {}  # hashes of whole requests, sent captions included

    async def add(self, record: JobRecord) -> None:
        """See `JobStore`."""
        self._records[record.id] = record
        self._request_keys[record.id] = record.request.key

    async def get(self, job_id: str) -> JobRecord | None:
        """See `JobStore`."""
        return self._records.get(job_id)

    async def equal(self, request_key: str) -> Sequence[JobRecord]:
        """See `JobStore`."""
        return [self._records[i] for i, key in self._request_keys.items() if key == request_key]

    async def remove_ended(self, retention_s: float, limit: int) -> Sequence[str]:
        """See `JobStore`."""
        now_s = time.monotonic()
        ended = sorted((r.ended_s, r.id) for r in self._records.values() if r.ended_s is not None)
        surplus = max(0, len(ended) - limit)
        removed = [
            job_id
            for place, (ended_s, job_id) in enumerate(ended)
            if place < surplus or now_s - ended_s > retention_s
        ]
        for job_id in removed:
            del self._records[job_id], self._request_keys[job_id]
        return removed
