"""A database of jobs in PostgreSQL, whose queue is procrastinate's.

Each running or waiting job has a row of procrastinate's: it says which worker has it, and the
worker's signs of life, by the clock of the database, say whether it lives. The lease is the row's,
the fence is ours: both change in one transaction with what they guard.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
import structlog
from procrastinate.sql import queries
from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

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
from app.services.jobs.store.postgres_listener import PostgresListener
from app.services.jobs.store.postgres_tables import ROW, make_tables
from app.settings import JobStoreSettings
from app.system.thread_groups import ThreadGroup

log = structlog.get_logger()

T = TypeVar("T")
_Row = tuple[Any, ...]
_Connection = AsyncConnection[_Row]

_QUEUE = "cuestream"
_TASK = "cuestream.job"
_ANSWER_S = 5.0
_START_S = 60.0
_RESUMED_PRIORITY = 1000
"""Jobs that were begun go first."""

_TAKING_OVER = 7_303_150_015
"""Advisory lock: one worker at a time looks for dead ones."""

_NEXT = """
    UPDATE procrastinate_jobs SET status = 'doing', worker_id = %(worker)s WHERE id = (
        SELECT waiting.id FROM procrastinate_jobs AS waiting
            JOIN jobs ON jobs.queue_id = waiting.id AND jobs.ended_at IS NULL
            LEFT JOIN (SELECT owner, count(*) AS jobs FROM jobs
                WHERE state = 'running' AND is_call = %(calls)s GROUP BY owner) AS held
                ON held.owner = jobs.owner
            LEFT JOIN shares ON shares.owner = jobs.owner
        WHERE waiting.status = 'todo' AND waiting.queue_name = %(queue)s
            AND jobs.is_call = %(calls)s
            AND (waiting.scheduled_at IS NULL OR waiting.scheduled_at <= now())
        ORDER BY waiting.priority DESC, coalesce(held.jobs, 0), coalesce(shares.served, 0),
            waiting.id
        LIMIT 1 FOR UPDATE OF waiting SKIP LOCKED
    ) RETURNING id"""
"""What procrastinate's own ``fetch_job`` does, with owners in turn."""

_SERVED = """
    INSERT INTO shares SELECT owner, nextval('shares_served') FROM jobs WHERE id = %s
    ON CONFLICT (owner) DO UPDATE SET served = excluded.served"""

_LARGE_EVENTS = 20
"""So many events at once are encoded in a thread."""


class PostgresJobDatabase:
    """See `JobDatabase`.

    Args:
        url: of the database.
        settings: schema, connections, lease.
    """

    def __init__(self, url: str, settings: JobStoreSettings) -> None:
        self._url = url
        self._schema = settings.database_schema
        self._lease_s = settings.job_lease_s
        self._name = uuid.uuid4().hex
        self._worker_id = 0
        self._channel = f"{self._schema}_jobs"
        self._listener = PostgresListener(url, self._channel, self._name)
        self._encoder = ThreadGroup("job-events", 1)
        self._trusted_from_s = 0.0
        self._pool: AsyncConnectionPool[_Connection] = AsyncConnectionPool(
            url,
            kwargs={"options": f"-c search_path={self._schema}", "autocommit": True},
            min_size=1,
            max_size=settings.database_connections,
            timeout=_ANSWER_S,
            open=False,
        )

    async def open(self, listener: DatabaseListener) -> None:
        """See `JobDatabase`."""
        await self._pool.open()
        await self._wait_for_database()
        await self._run(lambda connection: make_tables(connection, self._schema))
        self._worker_id = await self._run(_register)
        await self._listener.open(listener)

    async def close(self) -> None:
        """See `JobDatabase`."""
        await self._listener.close()
        try:
            await self._run(self._unregister)
        except StoreUnavailableError as error:  # its signs of life end
            log.warning("a worker is not unregistered", reason=error.message)
        await self._pool.close()

    async def insert(self, job: NewJob) -> str:
        """See `JobDatabase`."""
        try:
            await self._run(lambda connection: self._insert(connection, job))
        except UniqueViolation:
            return await self._run(lambda connection: _known(connection, job))
        return job.id

    async def append(self, batch: Sequence[Appended]) -> Sequence[str]:
        """See `JobDatabase`."""
        encoded = [await self._encoded(each) for each in batch]
        return await self._run(lambda connection: self._append(connection, batch, encoded))

    async def claim(self, *, calls: bool) -> JobRow | float | None:
        """See `JobDatabase`."""
        return await self._run(lambda connection: self._claim(connection, calls))

    async def take_over(self, held: Collection[str]) -> None:
        """See `JobDatabase`."""
        await self._run(lambda connection: self._take_over(connection, list(held)))

    async def give_back(self, job_id: str, fence: int) -> None:
        """See `JobDatabase`."""

        async def give_back(connection: _Connection) -> None:
            found = await connection.execute(
                """UPDATE jobs SET state = 'queued', worker = NULL, attempts = attempts - 1
                WHERE id = %s AND fence = %s AND state = 'running' RETURNING queue_id""",
                [job_id, fence],
            )
            row = await found.fetchone()
            if row is not None:
                await _queue_again(connection, row[0])
                await self._notify(connection, {"work": 1})

        await self._run(give_back)

    async def end_queued(self, job_id: str, event: Sequence[StoredEvent], code: str) -> bool:
        """See `JobDatabase`."""

        async def end(connection: _Connection) -> bool:
            return await self._end_queued(connection, job_id, event, code)

        return await self._run(end)

    async def job(self, job_id: str) -> JobRow | None:
        """See `JobDatabase`."""
        rows = await self._rows("WHERE id = %(id)s", {"id": job_id})
        return rows[0] if rows else None

    async def events(self, job_id: str, after: int) -> Sequence[StoredEvent]:
        """See `JobDatabase`."""
        query = "SELECT kind, fields FROM events WHERE job_id = %s AND seq > %s ORDER BY seq"
        return [(kind, fields) for kind, fields in await self._fetch(query, [job_id, after])]

    async def equal(self, request_key: str) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        running = "WHERE request_key = %(key)s AND state = 'running' ORDER BY place LIMIT 100"
        done = "WHERE request_key = %(key)s AND state = 'done' ORDER BY place DESC LIMIT 1"
        key = {"key": request_key}
        return [*await self._rows(running, key), *await self._rows(done, key)]

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        where = """WHERE owner = %(owner)s AND (%(before)s::text IS NULL OR place < (SELECT place
            FROM jobs WHERE id = %(before)s AND owner = %(owner)s))
            ORDER BY place DESC LIMIT %(limit)s"""
        return await self._rows(where, {"owner": owner, "before": before, "limit": limit})

    async def waiting(self, owner: str) -> tuple[int, int]:
        """See `JobDatabase`."""
        query = """SELECT count(*), count(*) FILTER (WHERE owner = %s) FROM jobs
            WHERE state = 'queued'"""
        ((waiting, own),) = await self._fetch(query, [owner])
        return waiting, own

    async def ended(self) -> Sequence[EndedRow]:
        """See `JobDatabase`."""
        query = """SELECT id, caller, extract(epoch FROM clock_timestamp() - ended_at)::float8,
            bytes FROM jobs WHERE ended_at IS NOT NULL ORDER BY ended_at, place"""
        return [EndedRow(*row) for row in await self._fetch(query, [])]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """See `JobDatabase`."""

        async def remove(connection: _Connection) -> None:
            ids = list(job_ids)
            await connection.execute("DELETE FROM events WHERE job_id = ANY(%s)", [ids])
            await connection.execute("DELETE FROM reads WHERE job_id = ANY(%s)", [ids])
            await connection.execute("DELETE FROM jobs WHERE id = ANY(%s)", [ids])
            await connection.execute(
                "DELETE FROM shares WHERE NOT owner IN (SELECT owner FROM jobs)"
            )

        await self._run(remove)

    async def save_callers(self, job_id: str, callers: bytes) -> None:
        """See `JobDatabase`."""
        await self._fetch(
            "UPDATE jobs SET callers = %s WHERE id = %s RETURNING id", [callers, job_id]
        )

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobDatabase`."""
        values = {"job": job_id, "reader": reader, "place": place, "most": MOST_READERS}
        # A snapshot of the table from before the statement tells the place until now.
        found = await self._fetch(
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

    async def tell(self, job_id: str, message: Message) -> None:
        """See `JobDatabase`."""
        content = {"job": job_id, "message": dict(message)}
        await self._run(lambda connection: self._notify(connection, content))

    async def _wait_for_database(self) -> None:
        """Wait for a database that starts beside the server.

        Raises:
            StoreUnavailableError: it does not answer for a minute.
        """
        try:
            await self._pool.wait(_START_S)
        except PoolTimeout as error:
            raise StoreUnavailableError(
                f"The database at DATABASE_URL does not answer within {_START_S:.0f} s"
            ) from error

    async def _run(self, work: Callable[[_Connection], Awaitable[T]]) -> T:
        """Do some work in one transaction; once more where the connection was lost.

        Raises:
            StoreUnavailableError: the database does not answer.
        """
        for is_last in (False, True):
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    return await work(connection)
            except UniqueViolation:
                raise
            except ForeignKeyViolation as error:
                # The others took this worker for dead, and its leases with it.
                if is_last:
                    raise StoreUnavailableError("This worker is not registered") from error
                await self._run(self._give_sign)
            except (psycopg.Error, OSError) as error:
                self._trusted_from_s = time.monotonic() + self._lease_s
                if is_last or not isinstance(error, psycopg.OperationalError):
                    log.warning("the database of jobs fails", reason=str(error)[:200])
                    raise StoreUnavailableError("The database of jobs does not answer") from error
                await self._pool.check()
        raise AssertionError

    async def _fetch(
        self, query: str, values: Sequence[object] | Mapping[str, object]
    ) -> list[_Row]:
        async def fetch(connection: _Connection) -> list[_Row]:
            return await (await connection.execute(query.encode(), values)).fetchall()

        return await self._run(fetch)

    async def _rows(self, where: str, values: Mapping[str, object]) -> list[JobRow]:
        query = f"SELECT {ROW} FROM jobs {where}"  # noqa: S608 - our own texts

        async def fetch(connection: _Connection) -> list[JobRow]:
            found = await connection.execute(query.encode(), values)
            return [JobRow(*row) for row in await found.fetchall()]

        return await self._run(fetch)

    async def _notify(self, connection: _Connection, content: Mapping[str, object]) -> None:
        payload = json.dumps({**content, "from": self._name})
        await connection.execute("SELECT pg_notify(%s, %s)", [self._channel, payload])

    async def _insert(self, connection: _Connection, job: NewJob) -> None:
        is_queued, is_running = job.state == "queued", job.state == "running"
        queue_id = None
        if is_queued or is_running:
            row = await connection.execute(
                """INSERT INTO procrastinate_jobs
                    (queue_name, task_name, priority, args, status, worker_id, scheduled_at)
                VALUES (%s, %s, %s, %s, %s, %s, CASE WHEN %s > 0 THEN
                    clock_timestamp() + make_interval(secs => %s) END) RETURNING id""",
                (
                    *(_QUEUE, _TASK, job.priority, Jsonb({"job": job.id})),
                    *("todo" if is_queued else "doing", None if is_queued else self._worker_id),
                    *(job.delay_s, job.delay_s),
                ),
            )
            (queue_id,) = await row.fetchone() or (None,)
        await connection.execute(
            """INSERT INTO jobs (id, request, request_key, owner, caller, title, kind, queue,
                secrets, callers, state, worker, queue_id, fence, attempts, events, bytes, progress,
                idempotency_key, is_call, expires_at, ended_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
                clock_timestamp() + make_interval(secs => %s),
                CASE WHEN %s THEN clock_timestamp() END)""",
            (
                *(job.id, job.request, job.request_key, job.owner, job.caller, job.title),
                *(job.kind, job.queue, job.secrets, job.callers, job.state),
                *(self._name if is_running else None, queue_id, int(is_running), int(is_running)),
                *(len(job.events), job.weight_bytes, job.progress, job.idempotency_key),
                *(job.is_call, job.ttl_s),
                not (is_queued or is_running),
            ),
        )
        await _write_events(connection, job.id, 0, job.events)
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
        self, connection: _Connection, batch: Sequence[Appended], encoded: Sequence[EncodedEvents]
    ) -> list[str]:
        lost = []
        for each, new in sorted(zip(batch, encoded, strict=True), key=lambda pair: pair[0].job_id):
            if not await self._append_one(connection, each, new):
                lost.append(each.job_id)
        return lost

    async def _append_one(
        self, connection: _Connection, each: Appended, new: EncodedEvents
    ) -> bool:
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
        await _write_events(connection, each.job_id, each.after, new.events)
        if ended:
            await _finish(connection, row[0])
        await self._notify(connection, {"events": each.job_id})
        return True

    async def _claim(self, connection: _Connection, calls: bool) -> JobRow | float | None:
        while True:
            values = {"queue": _QUEUE, "worker": self._worker_id, "calls": calls}
            queue_row = await (await connection.execute(_NEXT, values)).fetchone()
            if queue_row is None:
                return await _due_s(connection)
            changed = await connection.execute(
                f"""UPDATE jobs SET state = 'running', worker = %s, fence = fence + 1,
                    attempts = attempts + 1 WHERE queue_id = %s AND ended_at IS NULL
                    AND coalesce(expires_at > clock_timestamp(), true)
                RETURNING {ROW}""".encode(),  # noqa: S608 - our own texts
                [self._name, queue_row[0]],
            )
            row = await changed.fetchone()
            if row is not None:
                await connection.execute(_SERVED, [row[0]])
                return JobRow(*row)
            if not await self._expire(connection, queue_row[0]):
                await _finish(connection, queue_row[0])

    async def _take_over(self, connection: _Connection, held: list[str]) -> None:
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
        if time.monotonic() >= self._trusted_from_s:
            again += await self._stalled(connection)
        for queue_id in again:
            await _queue_again(connection, queue_id)
        expired = await connection.execute(
            "SELECT queue_id FROM jobs WHERE state = 'queued' AND expires_at <= clock_timestamp()"
        )
        for (queue_id,) in await expired.fetchall():
            await self._expire(connection, queue_id)
        if again:
            await self._notify(connection, {"work": 1})

    async def _give_sign(self, connection: _Connection) -> None:
        """Give a sign of life; where the others took this worker for dead, be a new one."""
        alive = await connection.execute(
            "SELECT 1 FROM procrastinate_workers WHERE id = %s", [self._worker_id]
        )
        if await alive.fetchone() is not None:
            await connection.execute(queries["update_heartbeat"], {"worker_id": self._worker_id})
            return
        self._worker_id = await _register(connection)
        await connection.execute(
            """UPDATE procrastinate_jobs SET worker_id = %s WHERE status = 'doing'
                AND id IN (SELECT queue_id FROM jobs WHERE worker = %s AND state = 'running')""",
            [self._worker_id, self._name],
        )

    async def _stalled(self, connection: _Connection) -> list[int]:
        """Take the leases of dead workers; return the jobs' numbers in the queue."""
        values = {"queue": _QUEUE, "task_name": None, "seconds_since_heartbeat": self._lease_s}
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

    async def _expire(self, connection: _Connection, queue_id: int) -> bool:
        """End a job that waited too long; return whether there is one."""
        query = "SELECT id FROM jobs WHERE queue_id = %s AND ended_at IS NULL"
        row = await (await connection.execute(query, [queue_id])).fetchone()
        if row is None:
            return False
        error = JobExpiredError("The job waited in the queue longer than it was to")
        event = encode_event(Failed(error.message, error.code, error.retryable))
        return await self._end_queued(connection, row[0], [event], error.code)

    async def _end_queued(
        self, connection: _Connection, job_id: str, events: Sequence[StoredEvent], code: str
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
        await _write_events(connection, job_id, row[0] - len(events), events)
        await _finish(connection, row[1])
        await self._notify(connection, {"events": job_id})
        return True

    async def _unregister(self, connection: _Connection) -> None:
        await connection.execute(queries["unregister_worker"], {"worker_id": self._worker_id})


async def _register(connection: _Connection) -> int:
    found = await connection.execute(queries["register_worker"])
    (worker_id,) = await found.fetchone() or (0,)
    return int(worker_id)


async def _known(connection: _Connection, job: NewJob) -> str:
    """Return the id of the job that is there already."""
    query = "SELECT id FROM jobs WHERE id = %s OR (owner = %s AND idempotency_key = %s)"
    found = await connection.execute(query, [job.id, job.owner, job.idempotency_key])
    (job_id,) = await found.fetchone() or (job.id,)
    return str(job_id)


async def _write_events(
    connection: _Connection, job_id: str, after: int, events: Sequence[StoredEvent]
) -> None:
    if not events:
        return
    await connection.execute(
        """INSERT INTO events SELECT %s, e.seq, e.kind, e.fields
            FROM unnest(%s::integer[], %s::text[], %s::bytea[]) AS e (seq, kind, fields)""",
        (
            *(job_id, list(range(after + 1, after + 1 + len(events)))),
            *([kind for kind, _ in events], [fields for _, fields in events]),
        ),
    )


async def _finish(connection: _Connection, queue_id: int) -> None:
    """Take a job out of the queue."""
    await connection.execute(
        """SELECT procrastinate_finish_job_v1(id, 'succeeded', true) FROM procrastinate_jobs
            WHERE id = %s""",
        [queue_id],
    )


async def _queue_again(connection: _Connection, queue_id: int) -> None:
    """Put a job whose worker has left into the queue again."""
    await connection.execute(
        """SELECT procrastinate_retry_job_v2(id, clock_timestamp(), greatest(priority, %s), %s,
            NULL) FROM procrastinate_jobs WHERE id = %s AND status = 'doing'""",
        [_RESUMED_PRIORITY, _QUEUE, queue_id],
    )


async def _due_s(connection: _Connection) -> float | None:
    """Return the seconds until a job that waits is due; None where none is."""
    found = await connection.execute(
        """SELECT extract(epoch FROM min(scheduled_at) - now())::float8 FROM procrastinate_jobs
            WHERE status = 'todo' AND scheduled_at > now()"""
    )
    (due_s,) = await found.fetchone() or (None,)
    return None if due_s is None else float(due_s)
