"""A store of job records in memory."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from app.services.jobs.record import JobRecord

_FRAME_BYTES = 2000
"""Of a record whose result belongs to another one too."""


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

    async def remove_ended(self, retention_s: float, limit: int, limit_bytes: int) -> Sequence[str]:
        """See `JobStore`."""
        now_s = time.monotonic()
        ended = sorted((r.ended_s, r.id) for r in self._records.values() if r.ended_s is not None)
        surplus = max(0, len(ended) - limit)
        removed = [
            job_id
            for place, (ended_s, job_id) in enumerate(ended)
            if place < surplus or now_s - ended_s > retention_s
        ]
        gone = set(removed)
        kept = [self._records[job_id] for _, job_id in ended if job_id not in gone]
        removed += [record.id for record in _too_heavy(kept, limit_bytes)]
        for job_id in removed:
            del self._records[job_id], self._request_keys[job_id]
        return removed


def _too_heavy(kept: Sequence[JobRecord], limit_bytes: int) -> list[JobRecord]:
    """Return the records that must go; a result that several jobs share weighs once.

    Args:
        kept: the oldest first.
        limit_bytes: see `JobStore.remove_ended`.
    """
    bytes_of = _bytes_by_record(kept)
    held: Counter[str] = Counter()
    waiting: dict[str, deque[JobRecord]] = defaultdict(deque)
    for record in kept:
        held[record.request.caller] += bytes_of[record.id]
        waiting[record.request.caller].append(record)
    gone: list[JobRecord] = []
    while held.total() > limit_bytes and len(gone) < len(kept) - 1:
        caller = max(held, key=lambda name: (bool(waiting[name]), held[name]))
        record = waiting[caller].popleft()
        if record is kept[-1]:
            held[caller] = 0
            continue
        held[caller] -= bytes_of[record.id]
        gone.append(record)
    return gone


def _bytes_by_record(records: Sequence[JobRecord]) -> dict[str, int]:
    """Return what each record alone holds: the newest of those that share a result holds it."""
    found: dict[str, int] = {}
    results: set[int] = set()
    for record in reversed(records):
        shared = record.result is not None and id(record.result) in results
        found[record.id] = _FRAME_BYTES if shared else record.bytes
        results.add(id(record.result))
    return found
