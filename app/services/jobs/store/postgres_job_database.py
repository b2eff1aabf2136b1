"""A database of jobs in PostgreSQL, whose queue is procrastinate's.

Each running or waiting job has a row of procrastinate's: it says which worker has it, and the
worker's signs of life, by the clock of the database, say whether it lives. The lease is the row's,
the fence is ours: both change in one transaction with what they guard.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from procrastinate.sql import queries
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from app.domain.errors import JobExpiredError, StoreUnavailableError
from app.domain.events import Done, Failed, OutputPart
from app.services.jobs.store.encoded_events import encoded_events
from app.services.jobs.store.event_codec import encode_event
from app.services.jobs.store.job_database import DatabaseListener
from app.services.jobs.store.job_rows import (
    MOST_READERS,
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
    NEXT,
    QUEUE,
    SERVED,
    Connection,
    due_s,
    finish,
    known_job,
    queue_again,
    register,
    write_events,
)
from app.services.jobs.store.postgres_tables import ROW, make_tables
from app.services.jobs.stored_edits import StoredEdits
from app.settings import JobStoreSettings
from app.system.thread_groups import ThreadGroup

log = structlog.get_logger()

T = TypeVar("T")
_Row = tuple[Any, ...]

_TASK = "cuestream.job"
_ANSWER_S = 5.0
_START_S = 60.0
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
        self._lease_s = settings.job_lease_s
        self._name = uuid.uuid4().hex
        self._worker_id = 0
        self._channel = f"{self._schema}_jobs"
        self._listener = PostgresListener(url, self._channel, self._name)
        self._encoder = ThreadGroup("job-events", 1)

    async def open(self, listener: DatabaseListener) -> None:
        """See `JobDatabase`."""
        await self.pool.open()
        await self.wait_for_database()
        await self.run(lambda connection: make_tables(connection, self._schema))
        self._worker_id = await self.run(register)
        await self._listener.open(listener)

    async def close(self) -> None:
        """See `JobDatabase`."""
        await self._listener.close()
        try:
            await self.run(self._unregister)
        except StoreUnavailableError as error:  # its signs of life end
            log.warning("a worker is not unregistered", reason=error.message)
        await self.pool.close()

    async def insert(self, job: NewJob) -> str:
        """See `JobDatabase`."""
        try:
            await self.run(lambda connection: self._insert(connection, job))
        except UniqueViolation:
            return await self.run(lambda connection: known_job(connection, job))
        return job.id

    async def append(self, batch: Sequence[Appended]) -> Sequence[str]:
        """See `JobDatabase`."""
        encoded = [await self._encoded(each) for each in batch]
        return await self.run(lambda connection: self._append(connection, batch, encoded))

    async def claim(self, *, calls: bool) -> JobRow | float | None:
        """See `JobDatabase`."""
        return await self.run(lambda connection: self._claim(connection, calls))

    async def take_over(self, held: Collection[str]) -> None:
        """See `JobDatabase`."""
        await self.run(lambda connection: self._take_over(connection, list(held)))

    async def give_back(self, job_id: str, fence: int) -> None:
        """See `JobDatabase`."""

        async def give_back(connection: Connection) -> None:
            found = await connection.execute(
                """UPDATE jobs SET state = 'queued', worker = NULL, attempts = attempts - 1
                WHERE id = %s AND fence = %s AND state = 'running' RETURNING queue_id""",
                [job_id, fence],
            )
            row = await found.fetchone()
            if row is not None:
                await queue_again(connection, row[0])
                await self._notify(connection, {"work": 1})

        await self.run(give_back)

    async def end_queued(self, job_id: str, event: Sequence[StoredEvent], code: str) -> bool:
        """See `JobDatabase`."""

        async def end(connection: Connection) -> bool:
            return await self._end_queued(connection, job_id, event, code)

        return await self.run(end)

    async def job(self, job_id: str) -> JobRow | None:
        """See `JobDatabase`."""
        rows = await self.rows("WHERE id = %(id)s", {"id": job_id})
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
        query = """SELECT id, caller, extract(epoch FROM clock_timestamp() -
                greatest(ended_at, edited_at))::float8, bytes, edited_at IS NOT NULL
            FROM jobs LEFT JOIN (SELECT job_id, max(saved_at) AS edited_at FROM edits
                GROUP BY job_id) AS edited ON job_id = id
            WHERE ended_at IS NOT NULL ORDER BY ended_at, place"""
        return [EndedRow(*row) for row in await self.fetch(query, [])]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """See `JobDatabase`."""

        async def remove(connection: Connection) -> None:
            ids = list(job_ids)
            await connection.execute("DELETE FROM events WHERE job_id = ANY(%s)", [ids])
            await connection.execute("DELETE FROM reads WHERE job_id = ANY(%s)", [ids])
            await connection.execute("DELETE FROM edits WHERE job_id = ANY(%s)", [ids])
            await connection.execute("DELETE FROM jobs WHERE id = ANY(%s)", [ids])
            await connection.execute(
                "DELETE FROM shares WHERE NOT owner IN (SELECT owner FROM jobs)"
            )

        await self.run(remove)

    async def save_callers(self, job_id: str, callers: bytes) -> None:
        """See `JobDatabase`."""
        await self.fetch(
            "UPDATE jobs SET callers = %s WHERE id = %s RETURNING id", [callers, job_id]
        )

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobDatabase`."""
        values = {"job": job_id, "reader": reader, "place": place, "most": MOST_READERS}
        # A snapshot of the table from before the statement tells the place until now.
        found = await self.fetch(
            """WITH known AS (
                SELECT place FROM reads WHERE job_id = %(job)s AND reader = %(reader)s FOR UPDATE
            ), moved AS (
                INSERT INTO reads SELECT id, %(reader)s, %(place)s FROM jobs WHERE id = %(job)s
                    AND (EXISTS (SELECT 1 FROM known)
                        OR (SELECT count(*) FROM reads WHERE job_id = %(job)s) < %(most)s)
                ON CONFLICT (job_id, reader) DO UPDATE
                    SET place = greatest(reads.place, excluded.place)
            )
            SELECT place FROM known""",
            values,
        )
        return int(found[0][0]) if found else 0

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

    async def tell(self, job_id: str, message: Message) -> None:
        """See `JobDatabase`."""
        content = {"job": job_id, "message": dict(message)}
        await self.run(lambda connection: self._notify(connection, content))

    async def _notify(self, connection: Connection, content: Mapping[str, object]) -> None:
        payload = json.dumps({**content, "from": self._name})
        await connection.execute("SELECT pg_notify(%s, %s)", [self._channel, payload])

    async def _insert(self, connection: Connection, job: NewJob) -> None:
        is_queued, is_running = job.state == "queued", job.state == "running"
        queue_id = None
        if is_queued or is_running:
            row = await connection.execute(
                """INSERT INTO procrastinate_jobs
                    (queue_name, task_name, priority, args, status, worker_id, scheduled_at)
                VALUES (%s, %s, %s, %s, %s, %s, CASE WHEN %s > 0 THEN
                    clock_timestamp() + make_interval(secs => %s) END) RETURNING id""",
                (
                    *(QUEUE, _TASK, job.priority, Jsonb({"job": job.id})),
                    *("todo" if is_queued else "doing", None if is_queued else self._worker_id),
                    *(job.delay_s, job.delay_s),
                ),
            )
            (queue_id,) = await row.fetchone() or (None,)
        columns = {
            **job.columns,
            "worker": self._name if is_running else None,
            "queue_id": queue_id,
            "fence": int(is_running),
            "attempts": int(is_running),
        }
        marks = ", ".join(["%s"] * len(columns))
        await connection.execute(
            f"""INSERT INTO jobs ({", ".join(columns)}, expires_at, ended_at)
            VALUES ({marks}, clock_timestamp() + make_interval(secs => %s),
                CASE WHEN %s THEN clock_timestamp() END)""".encode(),  # noqa: S608 - our own names
            [*columns.values(), job.ttl_s, not (is_queued or is_running)],
        )
        await write_events(connection, job.id, 0, job.events)
        if is_queued:
            await self._notify(connection, {"work": 1})

    async def _encoded(self, appended: Appended) -> EncodedEvents:
        """Return events as they are stored; many, or a result, are encoded in a thread."""
        large = len(appended.events) > _LARGE_EVENTS or isinstance(
            appended.events[-1], Done | OutputPart
        )
        if large:
            return await self._encoder.run(encoded_events, appended.events)
        return encoded_events(appended.events)

    async def _append(
        self, connection: Connection, batch: Sequence[Appended], encoded: Sequence[EncodedEvents]
    ) -> list[str]:
        lost = []
        for each, new in sorted(zip(batch, encoded, strict=True), key=lambda pair: pair[0].job_id):
            if not await self._append_one(connection, each, new):
                lost.append(each.job_id)
        return lost

    async def _append_one(self, connection: Connection, each: Appended, new: EncodedEvents) -> bool:
        """Add events to one log; return False where the lease has ended."""
        ended, until = new.state != "running", each.after + len(new.events)
        changed = await connection.execute(
            """UPDATE jobs SET events = %s, bytes = bytes + %s, progress = coalesce(%s, progress),
                state = %s, code = %s, title = coalesce(%s, title),
                ended_at = CASE WHEN %s THEN clock_timestamp() END,
                worker = CASE WHEN %s THEN NULL ELSE worker END
            WHERE id = %s AND fence = %s AND events = %s AND state = 'running'
            RETURNING queue_id""",
            (
                *(until, new.weight_bytes, new.progress, new.state, new.code, new.title or None),
                *(ended, ended, each.job_id, each.fence, each.after),
            ),
        )
        row = await changed.fetchone()
        if row is None:
            query = "SELECT 1 FROM jobs WHERE id = %s AND fence = %s AND events >= %s"
            known = await connection.execute(query, [each.job_id, each.fence, until])
            return await known.fetchone() is not None
        await write_events(connection, each.job_id, each.after, new.events)
        if ended:
            await finish(connection, row[0])
        await self._notify(connection, {"events": each.job_id})
        return True

    async def _claim(self, connection: Connection, calls: bool) -> JobRow | float | None:
        while True:
            values = {"queue": QUEUE, "worker": self._worker_id, "calls": calls}
            queue_row = await (await connection.execute(NEXT, values)).fetchone()
            if queue_row is None:
                return await due_s(connection)
            changed = await connection.execute(
                f"""UPDATE jobs SET state = 'running', worker = %s, fence = fence + 1,
                    attempts = attempts + 1 WHERE queue_id = %s AND ended_at IS NULL
                    AND coalesce(expires_at > clock_timestamp(), true)
                RETURNING {ROW}""".encode(),  # noqa: S608 - our own texts
                [self._name, queue_row[0]],
            )
            row = await changed.fetchone()
            if row is not None:
                await connection.execute(SERVED, [row[0]])
                return JobRow(*row)
            if not await self._expire(connection, queue_row[0]):
                await finish(connection, queue_row[0])

    async def _take_over(self, connection: Connection, held: list[str]) -> None:
        await self._give_sign(connection)
        query = "SELECT pg_try_advisory_xact_lock(%s)"
        (is_first,) = await (await connection.execute(query, [_TAKING_OVER])).fetchone() or (False,)
        if not is_first:
            return
        freed = await connection.execute(
            """UPDATE jobs SET state = 'queued', worker = NULL WHERE worker = %s
                AND state = 'running' AND NOT id = ANY(%s) RETURNING queue_id""",
            [self._name, held],
        )
        again = [row[0] for row in await freed.fetchall()]
        # After a time without the database the others' signs of life are old for that reason.
        if time.monotonic() >= self.trusted_from_s:
            again += await self._stalled(connection)
        for queue_id in again:
            await queue_again(connection, queue_id)
        expired = await connection.execute(
            "SELECT queue_id FROM jobs WHERE state = 'queued' AND expires_at <= clock_timestamp()"
        )
        for (queue_id,) in await expired.fetchall():
            await self._expire(connection, queue_id)
        if again:
            await self._notify(connection, {"work": 1})

    async def register_again(self, connection: Connection) -> None:
        """See `PostgresConnections`."""
        await self._give_sign(connection)

    async def _give_sign(self, connection: Connection) -> None:
        """Give a sign of life; where the others took this worker for dead, be a new one."""
        alive = await connection.execute(
            "SELECT 1 FROM procrastinate_workers WHERE id = %s", [self._worker_id]
        )
        if await alive.fetchone() is not None:
            await connection.execute(queries["update_heartbeat"], {"worker_id": self._worker_id})
            return
        self._worker_id = await register(connection)
        await connection.execute(
            """UPDATE procrastinate_jobs SET worker_id = %s WHERE status = 'doing'
                AND id IN (SELECT queue_id FROM jobs WHERE worker = %s AND state = 'running')""",
            [self._worker_id, self._name],
        )

    async def _stalled(self, connection: Connection) -> list[int]:
        """Take the leases of dead workers; return the jobs' numbers in the queue."""
        values = {"queue": QUEUE, "task_name": None, "seconds_since_heartbeat": self._lease_s}
        found = await connection.execute(queries["select_stalled_jobs_by_heartbeat"], values)
        stalled = [row[0] for row in await found.fetchall()]
        if not stalled:
            return []
        freed = await connection.execute(
            """UPDATE jobs SET state = 'queued', worker = NULL
                WHERE queue_id = ANY(%s) AND state = 'running' RETURNING queue_id""",
            [stalled],
        )
        await connection.execute(
            queries["prune_stalled_workers"], {"seconds_since_heartbeat": self._lease_s}
        )
        log.info("taking over jobs of dead workers", jobs=len(stalled))
        return [row[0] for row in await freed.fetchall()]

    async def _expire(self, connection: Connection, queue_id: int) -> bool:
        """End a job that waited too long; return whether there is one."""
        query = "SELECT id FROM jobs WHERE queue_id = %s AND ended_at IS NULL"
        row = await (await connection.execute(query, [queue_id])).fetchone()
        if row is None:
            return False
        error = JobExpiredError("The job waited in the queue longer than it was to")
        event = encode_event(Failed(error.message, error.code, error.retryable))
        return await self._end_queued(connection, row[0], [event], error.code)

    async def _end_queued(
        self, connection: Connection, job_id: str, events: Sequence[StoredEvent], code: str
    ) -> bool:
        changed = await connection.execute(
            """UPDATE jobs SET state = 'failed', code = %s, ended_at = clock_timestamp(),
                events = events + %s, fence = fence + 1
            WHERE id = %s AND state = 'queued' RETURNING events, queue_id""",
            [code, len(events), job_id],
        )
        row = await changed.fetchone()
        if row is None:
            return False
        await write_events(connection, job_id, row[0] - len(events), events)
        await finish(connection, row[1])
        await self._notify(connection, {"events": job_id})
        return True

    async def _unregister(self, connection: Connection) -> None:
        await connection.execute(queries["unregister_worker"], {"worker_id": self._worker_id})
