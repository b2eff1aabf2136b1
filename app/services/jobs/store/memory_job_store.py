"""A store of job records in memory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence

from app.domain.events import Failed
from app.services.jobs.job_summary import JobSummary, summary_of
from app.services.jobs.record import JobRecord
from app.services.jobs.store.job_rows import MOST_READERS, EndedRow
from app.services.jobs.store.job_store import Claim, Message, StoreHost
from app.services.jobs.store.kept_jobs import surplus_jobs
from app.services.jobs.stored_edits import UNEDITED, StoredEdits, job_removed
from app.services.jobs.uploads_of_jobs import discard_upload

_FRAME_BYTES = 2000
"""Of a record whose result belongs to another one too."""


class MemoryJobStore:
    """Records of one process; they are lost with it."""

    outlives = False

    def __init__(self) -> None:
        self._host: StoreHost | None = None
        self._records: dict[str, JobRecord] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._edits: dict[str, dict[str, StoredEdits]] = {}
        self._edited_s: dict[str, float] = {}
        self._served: dict[str, int] = {}
        self._request_keys: dict[str, str] = {}  # hashes of whole requests, sent captions included

    async def add(self, record: JobRecord) -> None:
        """See `JobStore`."""
        self._records[record.id] = record
        self._request_keys[record.id] = record.request.key

    async def open(self, host: StoreHost) -> None:
        """See `JobStore`."""
        self._host = host

    async def close(self) -> None:
        """See `JobStore`."""

    async def flush(self) -> None:
        """See `JobStore`."""

    async def enqueue(self, record: JobRecord) -> JobRecord:
        """See `JobStore`."""
        key = record.queue.idempotency_key if record.queue else None
        if key and (other := await self.with_key(record.owner, key)) is not None:
            return other
        record.queued = True
        await self.add(record)
        if self._host is not None:
            self._host.work_arrived()
        return record

    async def claim(self, *, calls: bool = False) -> Claim:
        """See `JobStore`."""
        ours = [r for r in self._records.values() if _is_call(r) == calls]
        waiting = [r for r in ours if r.queue is not None and r.queued]
        due_s = {r.id: r.queue.delay_s - r.age_s for r in waiting if r.queue is not None}
        due = [record for record in waiting if due_s[record.id] <= 0]
        if not due:
            return Claim(due_s=min(due_s.values(), default=None))
        held = Counter(r.owner for r in ours if r.running and not r.queued)

        def turn(each: JobRecord) -> tuple[int, int, int]:
            priority = each.queue.priority if each.queue else 0
            return -priority, held[each.owner], self._served.get(each.owner, 0)

        record = min(due, key=turn)
        self._served[record.owner] = max(self._served.values(), default=0) + 1
        record.queued = False
        record.fence += 1
        record.attempts += 1
        return Claim(record)

    async def give_back(self, record: JobRecord) -> None:
        """See `JobStore`."""
        record.queued = True

    async def end_queued(self, job_id: str, failed: Failed) -> bool:
        """See `JobStore`."""
        record = self._records.get(job_id)
        if record is None or not record.queued:
            return False
        record.queued = False
        record.log.append(failed)
        record.ended_s = time.monotonic()
        discard_upload(record.request)
        return True

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobSummary]:
        """See `JobStore`."""
        own = [record for record in reversed(self._records.values()) if record.owner == owner]
        ids = [record.id for record in own]
        begin = ids.index(before) + 1 if before in ids else len(ids) if before else 0
        return [summary_of(record) for record in own[begin : begin + limit]]

    async def waiting(self, owner: str) -> tuple[int, int]:
        """See `JobStore`."""
        owners = [record.owner for record in self._records.values() if record.queued]
        return len(owners), owners.count(owner)

    def save_callers(self, record: JobRecord) -> None:
        """See `JobStore`."""

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobStore`."""
        places = self._places.setdefault(job_id, {})
        before = places.get(reader, 0)
        if reader in places or len(places) < MOST_READERS:
            places[reader] = max(before, place)
        return before

    async def send_message(self, job_id: str, message: Message) -> None:
        """See `JobStore`."""

    async def get(self, job_id: str) -> JobRecord | None:
        """See `JobStore`."""
        return self._records.get(job_id)

    async def with_key(self, owner: str, idempotency_key: str) -> JobRecord | None:
        """See `JobStore`."""
        for record in self._records.values():
            known = record.queue.idempotency_key if record.queue else None
            if known == idempotency_key and record.owner == owner:
                return record
        return None

    async def equal(self, request_key: str) -> Sequence[JobRecord]:
        """See `JobStore`."""
        return [self._records[i] for i, key in self._request_keys.items() if key == request_key]

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """See `JobStore`."""
        return self._edits.get(job_id, {}).get(owner, UNEDITED)

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """See `JobStore`."""
        if job_id not in self._records:
            raise job_removed()
        new = (await self.edits(job_id, owner)).replaced(content, versions)
        if new is None:
            return None
        self._edits.setdefault(job_id, {})[owner] = new
        self._edited_s[job_id] = time.monotonic()
        return new.version

    async def remove_ended(
        self,
        retention_s: float,
        limit: int,
        limit_bytes: int,
        edited_retention_s: float | None = None,
    ) -> Sequence[str]:
        """See `JobStore`."""
        now_s = time.monotonic()
        ended = sorted((r for r in self._records.values() if r.ended_s is not None), key=_end)
        weights = _bytes_by_record(ended)
        rows = [self._ended_row(r, now_s, weights[r.id]) for r in ended]
        removed = surplus_jobs(rows, retention_s, limit, limit_bytes, edited_retention_s)
        for job_id in removed:
            await self.remove(job_id)
        if removed:
            owners = {record.owner for record in self._records.values()}
            self._served = {k: v for k, v in self._served.items() if k in owners}
        return removed

    async def remove(self, job_id: str) -> None:
        """See `JobStore`."""
        self._records.pop(job_id, None)
        self._request_keys.pop(job_id, None)
        self._places.pop(job_id, None)
        self._edits.pop(job_id, None)
        self._edited_s.pop(job_id, None)

    def _ended_row(self, record: JobRecord, now_s: float, weight_bytes: int) -> EndedRow:
        edits = self._edits.get(record.id, {}).values()
        weight_bytes += sum(len(each.content or b"") for each in edits)
        last_s = max(_end(record)[0], self._edited_s.get(record.id, 0.0))
        return EndedRow(record.id, record.owner, now_s - last_s, weight_bytes, bool(edits))


def _is_call(record: JobRecord) -> bool:
    return record.queue is not None and record.queue.is_call


def _end(record: JobRecord) -> tuple[float, str]:
    return record.ended_s or 0.0, record.id


def _bytes_by_record(records: Sequence[JobRecord]) -> dict[str, int]:
    """Return what each record alone holds: the newest of those that share a result holds it."""
    found: dict[str, int] = {}
    results: set[int] = set()
    for record in reversed(records):
        shared = record.result is not None and id(record.result) in results
        found[record.id] = _FRAME_BYTES if shared else record.bytes
        results.add(id(record.result))
    return found
