"""A store of job records in a database that outlives the process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Coroutine, Sequence
from weakref import WeakValueDictionary

import structlog

from app.domain.errors import StorageError
from app.domain.events import Failed, Progress
from app.services.jobs.caller_notes import CallerNotes
from app.services.jobs.job_summary import JobSummary
from app.services.jobs.record import JobRecord
from app.services.jobs.store.encoded_events import recent_bytes
from app.services.jobs.store.event_codec import (
    decode_event,
    decode_value,
    encode_event,
)
from app.services.jobs.store.event_writer import NOT_STORED, EventWriter
from app.services.jobs.store.job_database import JobDatabase
from app.services.jobs.store.job_row_codec import JobRowCodec, summary_of
from app.services.jobs.store.job_rows import JobRow
from app.services.jobs.store.job_store import FORGET, Claim, Message, StoreHost
from app.services.jobs.store.kept_jobs import surplus_jobs
from app.services.jobs.store.kept_uploads import KeptUploads
from app.services.jobs.store.secret_box import SecretBox
from app.services.jobs.stored_edits import StoredEdits
from app.services.jobs.uploads_of_jobs import discard_upload

log = structlog.get_logger()

_SWEEP_S = 1.0
"""Least time between two looks for ended jobs that go."""


class DurableJobStore:
    """See `JobStore`.

    A record that this process knows is one object: what the database tells of it is added to it.

    Args:
        database: of the rows.
        uploads: keeps files that came with requests.
        box: encrypts secrets of doors.
        lease_s: see `JOB_LEASE_S`.
    """

    outlives = True

    def __init__(
        self, database: JobDatabase, uploads: KeptUploads, box: SecretBox, lease_s: float
    ) -> None:
        self._database = database
        self._uploads = uploads
        self._codec = JobRowCodec(box)
        self._tick_s = lease_s / 3
        self._writer = EventWriter(
            database, self._lost, lambda record: discard_upload(record.request)
        )
        self._records: WeakValueDictionary[str, JobRecord] = WeakValueDictionary()
        self._host: StoreHost | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._catching_up: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._behind: set[str] = set()
        self._swept_s = 0.0
        self._leasing = asyncio.Lock()

    async def open(self, host: StoreHost) -> None:
        """See `JobStore`."""
        self._host = host
        await self._database.open(self)
        await self._database.take_over(())
        self._writer.start()
        self._ticker = asyncio.create_task(self._tick(), name="job-leases")
        await self._uploads.sweep(self._is_known)

    async def close(self) -> None:
        """See `JobStore`."""
        await self._writer.close()
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._database.close()

    async def flush(self) -> None:
        """See `JobStore`."""
        await self._writer.flush()

    async def add(self, record: JobRecord) -> None:
        """See `JobStore`.

        A job that cannot be stored runs in memory, and its log says so.
        """
        self._records[record.id] = record
        try:
            if record.running:
                record.stored = True
                record.request = await self._uploads.keep(record.id, record.request, copy=False)
            async with self._leasing:
                # A replay has all cues of a finished job.
                new = await asyncio.to_thread(self._codec.row_of, record)
                await self._database.insert(new)
                if record.running:
                    record.fence = record.attempts = 1
                    self._writer.watch(record)
        except StorageError as error:
            record.stored = False
            log.error("a job is not stored", job_id=record.id, reason=error.message)
            record.log.append(NOT_STORED)

    async def enqueue(self, record: JobRecord) -> JobRecord:
        """See `JobStore`."""
        record.queued = record.stored = True
        record.request = await self._uploads.keep(record.id, record.request, copy=True)
        self._records[record.id] = record
        new = await asyncio.to_thread(self._codec.row_of, record)  # a call may have a large input
        job_id = await self._database.insert(new)
        if job_id != record.id:
            known = await self.get(job_id)
            if known is None:
                raise StorageError("The job with this idempotency key has just been removed")
            return known
        self.work_arrived()
        return record

    async def claim(self, *, calls: bool = False) -> Claim:
        """See `JobStore`."""
        async with self._leasing:
            found = await self._database.claim(calls=calls)
            if not isinstance(found, JobRow):
                return Claim(due_s=found)
            record = self._record(found)
            await self._catch_up(record)
            record.fence, record.attempts = found.fence, found.attempts
            record.queued, record.stopping = False, False
            self._writer.watch(record)
            return Claim(record)

    async def give_back(self, record: JobRecord) -> None:
        """See `JobStore`."""
        await self._writer.flush()
        if self._writer.holds(record.id):
            self._writer.drop(record)
            await self._database.give_back(record.id, record.fence)

    async def end_queued(self, job_id: str, failed: Failed) -> bool:
        """See `JobStore`."""
        ended = await self._database.end_queued(job_id, [encode_event(failed)], failed.code)
        record = self._records.get(job_id)
        if ended and record is not None:
            await self._catch_up(record)
            discard_upload(record.request)
        return ended

    async def get(self, job_id: str) -> JobRecord | None:
        """See `JobStore`."""
        record = self._records.get(job_id)
        if record is not None:
            async with self._catch_up_lock(job_id):
                return record  # with all that a claim may be reading: who resumes counts on it
        row = await self._database.job(job_id)
        return None if row is None else await self._loaded(row)

    async def with_key(self, owner: str, idempotency_key: str) -> JobRecord | None:
        """See `JobStore`."""
        row = await self._database.with_key(owner, idempotency_key)
        return None if row is None else await self._loaded(row)

    async def equal(self, request_key: str) -> Sequence[JobRecord]:
        """See `JobStore`."""
        rows = await self._database.equal(request_key)
        return [await self._loaded(row) for row in rows]

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobSummary]:
        """See `JobStore`."""
        rows = await self._database.listed(owner, limit, before)
        return [summary_of(row) for row in rows]

    async def waiting(self, owner: str) -> tuple[int, int]:
        """See `JobStore`."""
        return await self._database.waiting(owner)

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """See `JobStore`."""
        return await self._database.edits(job_id, owner)

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """See `JobStore`."""
        return await self._database.save_edits(job_id, owner, content, versions)

    async def remove_ended(
        self,
        retention_s: float,
        limit: int,
        limit_bytes: int,
        edited_retention_s: float | None = None,
    ) -> Sequence[str]:
        """See `JobStore`."""
        now = time.monotonic()
        if now - self._swept_s < _SWEEP_S:
            return ()
        self._swept_s = now
        try:
            ended = await self._database.ended()
            room = max(0, limit_bytes - recent_bytes())
            gone = surplus_jobs(ended, retention_s, limit, room, edited_retention_s)
            if gone:
                await self._database.remove(gone)
            await self._uploads.remove({job.id for job in ended})
        except StorageError as error:
            log.warning("ended jobs are not removed", reason=error.message)
            return ()
        for job_id in gone:
            self._records.pop(job_id, None)
        return gone

    async def remove(self, job_id: str) -> None:
        """See `JobStore`."""
        await self.flush()
        await self._database.remove([job_id])
        self._records.pop(job_id, None)
        await self._database.send_message(job_id, FORGET)

    def save_callers(self, record: JobRecord) -> None:
        """See `JobStore`."""
        self._spawn(self._database.save_callers(record.id, self._codec.encoded_notes(record)))

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobStore`."""
        return await self._database.advance(job_id, reader, place)

    async def send_message(self, job_id: str, message: Message) -> None:
        """See `JobStore`."""
        await self._database.send_message(job_id, message)

    def events_written(self, job_id: str) -> None:
        """See `DatabaseListener`."""
        record = self._records.get(job_id)
        if record is None or not record.running or self._writer.holds(job_id):
            return
        if job_id not in self._behind:
            self._behind.add(job_id)
            self._spawn(self._follow(record))

    def work_arrived(self) -> None:
        """See `DatabaseListener`."""
        if self._host is not None:
            self._host.work_arrived()

    def message_received(self, job_id: str, message: Message) -> None:
        """See `DatabaseListener`."""
        if message == FORGET:
            self._records.pop(job_id, None)
        if self._host is not None:
            self._host.message_received(job_id, message)

    def expired(self, job_id: str) -> None:
        """See `DatabaseListener`."""
        self.events_written(job_id)
        if self._host is not None:
            self._host.expired(job_id)

    def reconnected(self) -> None:
        """See `DatabaseListener`."""
        for job_id in list(self._records):
            self.events_written(job_id)
        for job_id in self._writer.held:
            self._spawn(self._apply_missed_cancels(job_id))
        self.work_arrived()

    def _lost(self, record: JobRecord) -> None:
        """Read the log of a job from now on that another process works on."""
        record.log.follow(())
        if self._host is not None:
            self._host.lease_lost(record)
        self._spawn(self._catch_up(record))

    async def _tick(self) -> None:
        """Take over jobs of dead processes, again and again."""
        while True:
            await asyncio.sleep(self._tick_s)
            try:
                async with self._leasing:
                    await self._database.take_over(self._writer.held)
                self.work_arrived()
            except StorageError as error:
                log.warning("leases cannot be looked at", reason=error.message)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _logged(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except StorageError as error:
            log.warning("the store of jobs fails", reason=error.message)

    async def _follow(self, record: JobRecord) -> None:
        """Read what another process has written; what comes meanwhile is read once more."""
        async with self._catch_up_lock(record.id):
            self._behind.discard(record.id)
        await self._catch_up(record)

    async def _catch_up(self, record: JobRecord) -> None:
        """Add the events of a record that are in the database alone."""
        async with self._catch_up_lock(record.id):
            stored = await self._database.events(record.id, len(record.log))
            if self._writer.holds(record.id):
                return
            if stored:
                events = [decode_event(kind, data) for kind, data in stored]
                record.queued = record.queued and all(
                    isinstance(event, Progress) and event.stage == "waiting" for event in events
                )
                record.log.follow(events)
            if record.log.closed and record.ended_s is None:
                record.ended_s = time.monotonic()

    def _catch_up_lock(self, job_id: str) -> asyncio.Lock:
        """Return what one at a time holds while a job's events are read; it goes with its users."""
        return self._catching_up.setdefault(job_id, asyncio.Lock())

    async def _apply_missed_cancels(self, job_id: str) -> None:
        """Pass cancels on whose messages were missed: they are stored with the job."""
        record, row = self._records.get(job_id), await self._database.job(job_id)
        if record is None or row is None or self._host is None:
            return
        notes: CallerNotes = decode_value(CallerNotes, row.callers)
        for caller in notes.left - record.callers.left:
            self._host.message_received(job_id, {"do": "leave", "caller": caller})

    async def _is_known(self, job_id: str) -> bool:
        return await self._database.job(job_id) is not None

    async def _loaded(self, row: JobRow) -> JobRecord:
        """Return the record of a row with its events."""
        record = self._record(row)
        if not self._writer.holds(record.id) and len(record.log) < row.events:
            await self._catch_up(record)
        return record

    def _record(self, row: JobRow) -> JobRecord:
        """Return the one record of a row, without new events."""
        known = self._records.get(row.id)
        if known is not None:
            return known
        record = self._codec.record_of(row)
        self._records[row.id] = record
        return record
