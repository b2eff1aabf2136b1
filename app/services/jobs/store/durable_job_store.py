"""A store of job records in a database that outlives the process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

import structlog

from app.domain.errors import StorageError
from app.domain.events import Failed, Progress
from app.services.jobs.caller_notes import CallerNotes
from app.services.jobs.event_log import EventLog
from app.services.jobs.job_summary import JobSummary, title_of
from app.services.jobs.queue_options import QueueOptions
from app.services.jobs.record import JobRecord
from app.services.jobs.store.encoded_events import encoded_events, recent_bytes
from app.services.jobs.store.event_codec import (
    decode_event,
    decode_value,
    encode_event,
    encode_value,
)
from app.services.jobs.store.event_writer import NOT_STORED, EventWriter
from app.services.jobs.store.job_database import JobDatabase
from app.services.jobs.store.job_rows import JobRow, NewJob
from app.services.jobs.store.job_store import Claim, Message, StoreHost
from app.services.jobs.store.kept_jobs import surplus_jobs
from app.services.jobs.store.kept_uploads import KeptUploads
from app.services.jobs.store.request_codec import decode_request, encode_request
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
        self._box = box
        self._tick_s = lease_s / 3
        self._writer = EventWriter(
            database, self._lost, lambda record: discard_upload(record.request)
        )
        self._records: WeakValueDictionary[str, JobRecord] = WeakValueDictionary()
        self._host: StoreHost | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._catching_up: dict[str, asyncio.Lock] = {}
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
                new = await asyncio.to_thread(self._new, record)
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
        new = await asyncio.to_thread(self._new, record)  # a call may have a large input
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
            return record
        row = await self._database.job(job_id)
        return None if row is None else await self._loaded(row)

    async def equal(self, request_key: str) -> Sequence[JobRecord]:
        """See `JobStore`."""
        rows = await self._database.equal(request_key)
        return [await self._loaded(row) for row in rows]

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobSummary]:
        """See `JobStore`."""
        rows = await self._database.listed(owner, limit, before)
        return [_summary(row) for row in rows]

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

    def save_callers(self, record: JobRecord) -> None:
        """See `JobStore`."""
        self._spawn(self._database.save_callers(record.id, self._encoded_notes(record)))

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobStore`."""
        return await self._database.advance(job_id, reader, place)

    async def tell(self, job_id: str, message: Message) -> None:
        """See `JobStore`."""
        await self._database.tell(job_id, message)

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

    def told(self, job_id: str, message: Message) -> None:
        """See `DatabaseListener`."""
        if self._host is not None:
            self._host.told(job_id, message)

    def reconnected(self) -> None:
        """See `DatabaseListener`."""
        for job_id in list(self._records):
            self.events_written(job_id)
        for job_id in self._writer.held:
            self._spawn(self._see_who_left(job_id))
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
        lock = self._catching_up.setdefault(record.id, asyncio.Lock())
        async with lock:
            self._behind.discard(record.id)
        await self._catch_up(record)

    async def _catch_up(self, record: JobRecord) -> None:
        """Add the events of a record that are in the database alone."""
        lock = self._catching_up.setdefault(record.id, asyncio.Lock())
        try:
            async with lock:
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
        finally:
            if not lock.locked():
                self._catching_up.pop(record.id, None)

    async def _see_who_left(self, job_id: str) -> None:
        """Tell of cancels whose messages were missed: they are stored with the job."""
        record, row = self._records.get(job_id), await self._database.job(job_id)
        if record is None or row is None or self._host is None:
            return
        notes: CallerNotes = decode_value(CallerNotes, row.callers)
        for caller in notes.left - record.callers.left:
            self._host.told(job_id, {"do": "leave", "caller": caller})

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
        now = time.monotonic()
        record = JobRecord(
            decode_request(row.request),
            row.id,
            EventLog(),
            now - row.age_s,
            None if row.ended_age_s is None else now - row.ended_age_s,
            queue=self._options(row),
            queued=row.state == "queued",
            callers=self._notes(row),
            fence=row.fence,
            attempts=row.attempts,
            stored=True,
        )
        self._records[row.id] = record
        return record

    def _encoded_notes(self, record: JobRecord) -> bytes:
        """Return what a record says of its callers, their stores encrypted."""
        stores = {
            caller: self._box.seal_text(record.id, text)
            for caller, text in record.callers.stores.items()
        }
        return encode_value(replace(record.callers, stores=stores))

    def _notes(self, row: JobRow) -> CallerNotes:
        notes: CallerNotes = decode_value(CallerNotes, row.callers)
        notes.stores = {
            caller: self._box.open_text(row.id, text) for caller, text in notes.stores.items()
        }
        return notes

    def _options(self, row: JobRow) -> QueueOptions | None:
        if row.queue is None:
            return None
        options: QueueOptions = decode_value(QueueOptions, row.queue)
        return replace(options, secrets=self._box.open(row.id, row.secrets))

    def _new(self, record: JobRecord) -> NewJob:
        """Return the row of a new record."""
        queue = record.queue
        events = encoded_events(record.log.beyond(0))
        bare = None if queue is None else encode_value(replace(queue, secrets={}))
        secrets = self._box.seal(record.id, queue.secrets) if queue else None
        return NewJob(
            id=record.id,
            request=encode_request(record.request),
            request_key=record.request.key,
            owner=record.owner,
            caller=record.request.caller,
            title=title_of(record),
            kind=queue.kind if queue else "",
            state="queued" if record.queued else events.state,
            events=events.events,
            weight_bytes=events.weight_bytes + len(secrets or b""),
            queue=bare,
            secrets=secrets,
            callers=self._encoded_notes(record),
            progress=events.progress,
            priority=queue.priority if queue else 0,
            delay_s=queue.delay_s if queue else 0.0,
            ttl_s=queue.ttl_s if queue else None,
            idempotency_key=queue.idempotency_key if queue else None,
            is_call=queue.is_call if queue else False,
        )


def _summary(row: JobRow) -> JobSummary:
    now = time.time()
    ended = row.ended_age_s
    return JobSummary(
        id=row.id,
        state=row.state,
        created_ms=round((now - row.age_s) * 1000),
        ended_ms=None if ended is None else round((now - ended) * 1000),
        title=row.title,
        progress=None if row.progress is None else decode_value(Progress, row.progress),
        kind=row.kind,
        code=row.code,
    )
