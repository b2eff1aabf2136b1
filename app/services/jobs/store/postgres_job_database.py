"""A database of jobs in PostgreSQL, whose queue is procrastinate's.

Each running or waiting job has a row of procrastinate's: it says which worker has it, and the
worker's signs of life, by the clock of the database, say whether it lives. The lease is the row's,
the fence is ours: both change in one transaction with what they guard.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import structlog
from psycopg.errors import UniqueViolation

from app.domain.errors import StoreUnavailableError
from app.domain.events import Done, OutputPart
from app.services.jobs.store.encoded_events import encoded_events
from app.services.jobs.store.job_database import DatabaseListener
from app.services.jobs.store.job_rows import (
    Appended,
    EncodedEvents,
    EndedRow,
    JobRow,
    NewJob,
    StoredEvent,
)
from app.services.jobs.store.job_store import Message
from app.services.jobs.store.postgres_connections import PostgresConnections
from app.services.jobs.store.postgres_edits import read_edits, write_edits
from app.services.jobs.store.postgres_listener import PostgresListener
from app.services.jobs.store.postgres_queue import (
    claim_job,
    end_expired,
    end_queued,
    give_back,
    queue_again,
)
from app.services.jobs.store.postgres_rows import (
    advance_reader,
    append_events,
    insert_job,
    known_job,
    remove_jobs,
)
from app.services.jobs.store.postgres_tables import Connection, make_tables
from app.services.jobs.store.postgres_worker import PostgresWorker
from app.services.jobs.stored_edits import StoredEdits
from app.settings import JobStoreSettings
from app.system.thread_groups import ThreadGroup

log = structlog.get_logger()

_TAKING_OVER = 7_303_150_015
"""Advisory lock: one worker at a time looks for dead ones."""

_LARGE_EVENTS = 20
"""So many events at once are encoded in a thread."""


class PostgresJobDatabase(PostgresConnections):
    """See `JobDatabase`.

    Args:
        url: of the database.
        settings: schema, connections, lease.
    """

    def __init__(self, url: str, settings: JobStoreSettings) -> None:
        super().__init__(url, settings)
        self._schema = settings.database_schema
        channel = f"{self._schema}_jobs"
        self._worker = PostgresWorker(channel, settings.job_lease_s)
        self._listener = PostgresListener(url, channel, self._worker.name)
        self._host: DatabaseListener | None = None
        self._encoder = ThreadGroup("job-events", 1)

    async def open(self, listener: DatabaseListener) -> None:
        """See `JobDatabase`."""
        self._host = listener
        await self.pool.open()
        await self.wait_for_database()
        await self.run(lambda connection: make_tables(connection, self._schema))
        await self.run(self._worker.register)
        await self._listener.open(listener)

    async def close(self) -> None:
        """See `JobDatabase`."""
        await self._listener.close()
        try:
            await self.run(self._worker.unregister)
        except StoreUnavailableError as error:  # its signs of life end
            log.warning("a worker is not unregistered", reason=error.message)
        await self.pool.close()

    async def insert(self, job: NewJob) -> str:
        """See `JobDatabase`."""
        try:
            await self.run(lambda connection: insert_job(connection, self._worker, job))
        except UniqueViolation:
            return await self.run(lambda connection: known_job(connection, job))
        return job.id

    async def append(self, batch: Sequence[Appended]) -> Sequence[str]:
        """See `JobDatabase`."""
        encoded = [await self._encoded(each) for each in batch]
        return await self.run(
            lambda connection: append_events(connection, self._worker, batch, encoded)
        )

    async def claim(self, *, calls: bool) -> JobRow | float | None:
        """See `JobDatabase`."""
        expired: set[str] = set()
        found = await self.run(
            lambda connection: claim_job(connection, self._worker, calls, expired)
        )
        self._tell_expired(expired)
        return found

    async def take_over(self, held: Collection[str]) -> None:
        """See `JobDatabase`."""
        expired: set[str] = set()
        await self.run(lambda connection: self._take_over(connection, list(held), expired))
        self._tell_expired(expired)

    async def give_back(self, job_id: str, fence: int) -> None:
        """See `JobDatabase`."""
        await self.run(lambda connection: give_back(connection, self._worker, job_id, fence))

    async def end_queued(self, job_id: str, event: Sequence[StoredEvent], code: str) -> bool:
        """See `JobDatabase`."""
        return await self.run(
            lambda connection: end_queued(connection, self._worker, job_id, event, code)
        )

    async def job(self, job_id: str) -> JobRow | None:
        """See `JobDatabase`."""
        rows = await self.rows("WHERE id = %(id)s", {"id": job_id})
        return rows[0] if rows else None

    async def with_key(self, owner: str, idempotency_key: str) -> JobRow | None:
        """See `JobDatabase`."""
        where = "WHERE owner = %(owner)s AND idempotency_key = %(key)s"
        rows = await self.rows(where, {"owner": owner, "key": idempotency_key})
        return rows[0] if rows else None

    async def events(self, job_id: str, after: int) -> Sequence[StoredEvent]:
        """See `JobDatabase`."""
        query = "SELECT kind, fields FROM events WHERE job_id = %s AND seq > %s ORDER BY seq"
        return [(kind, fields) for kind, fields in await self.fetch(query, [job_id, after])]

    async def equal(self, request_key: str) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        running = "WHERE request_key = %(key)s AND state = 'running' ORDER BY place LIMIT 100"
        done = "WHERE request_key = %(key)s AND state = 'done' ORDER BY place DESC LIMIT 1"
        key = {"key": request_key}
        return [*await self.rows(running, key), *await self.rows(done, key)]

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        where = """WHERE owner = %(owner)s AND (%(before)s::text IS NULL OR place < (SELECT place
            FROM jobs WHERE id = %(before)s AND owner = %(owner)s))
            ORDER BY place DESC LIMIT %(limit)s"""
        return await self.rows(where, {"owner": owner, "before": before, "limit": limit})

    async def waiting(self, owner: str) -> tuple[int, int]:
        """See `JobDatabase`."""
        query = """SELECT count(*), count(*) FILTER (WHERE owner = %s) FROM jobs
            WHERE state = 'queued'"""
        ((waiting, own),) = await self.fetch(query, [owner])
        return waiting, own

    async def ended(self) -> Sequence[EndedRow]:
        """See `JobDatabase`."""
        query = """SELECT id, owner, extract(epoch FROM clock_timestamp() -
                greatest(ended_at, edited_at))::float8, bytes, edited_at IS NOT NULL
            FROM jobs LEFT JOIN (SELECT job_id, max(saved_at) AS edited_at FROM edits
                GROUP BY job_id) AS edited ON job_id = id
            WHERE ended_at IS NOT NULL ORDER BY ended_at, place"""
        return [EndedRow(*row) for row in await self.fetch(query, [])]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """See `JobDatabase`."""
        await self.run(lambda connection: remove_jobs(connection, job_ids))

    async def save_callers(self, job_id: str, callers: bytes) -> None:
        """See `JobDatabase`."""
        await self.fetch(
            "UPDATE jobs SET callers = %s WHERE id = %s RETURNING id", [callers, job_id]
        )

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobDatabase`."""
        return await self.run(lambda connection: advance_reader(connection, job_id, reader, place))

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """See `JobDatabase`."""
        return await self.run(lambda connection: read_edits(connection, job_id, owner))

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """See `JobDatabase`."""
        return await self.run(
            lambda connection: write_edits(connection, job_id, owner, content, versions)
        )

    async def send_message(self, job_id: str, message: Message) -> None:
        """See `JobDatabase`."""
        content = {"job": job_id, "message": dict(message)}
        await self.run(lambda connection: self._worker.notify(connection, content))

    async def register_again(self, connection: Connection) -> None:
        """See `PostgresConnections`."""
        await self._worker.give_sign(connection)

    async def _encoded(self, appended: Appended) -> EncodedEvents:
        """Return events as they are stored; many, or a result, are encoded in a thread."""
        large = len(appended.events) > _LARGE_EVENTS or isinstance(
            appended.events[-1], Done | OutputPart
        )
        if large:
            return await self._encoder.run(encoded_events, appended.events)
        return encoded_events(appended.events)

    def _tell_expired(self, job_ids: set[str]) -> None:
        """Tell this process of jobs that it ended: it does not read its own notifications."""
        for job_id in job_ids:
            if self._host is not None:
                self._host.expired(job_id)

    async def _take_over(self, connection: Connection, held: list[str], expired: set[str]) -> None:
        await self._worker.give_sign(connection)
        query = "SELECT pg_try_advisory_xact_lock(%s)"
        (is_first,) = await (await connection.execute(query, [_TAKING_OVER])).fetchone() or (False,)
        if not is_first:
            return
        again = await self._worker.end_other_leases(connection, held)
        # After a time without the database the others' signs of life are old for that reason.
        if time.monotonic() >= self.trusted_from_s:
            again += await self._worker.end_leases_of_dead_workers(connection)
        for queue_id in again:
            await queue_again(connection, queue_id)
        await end_expired(connection, self._worker, expired)
        if again:
            await self._worker.notify(connection, {"work": 1})
