"""Statements on jobs and their event logs in PostgreSQL, within a transaction.

A job that waits or runs has a row of procrastinate's beside ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from app.services.jobs.store.job_rows import (
    MOST_READERS,
    Appended,
    EncodedEvents,
    NewJob,
    StoredEvent,
)
from app.services.jobs.store.postgres_tables import QUEUE, Connection
from app.services.jobs.store.postgres_worker import PostgresWorker

_TASK = "cuestream.job"


async def insert_job(connection: Connection, worker: PostgresWorker, job: NewJob) -> None:
    """Insert a job; one that runs is leased to the worker.

    Raises:
        UniqueViolation: it is there already, see `known_job`.
    """
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
                *("todo" if is_queued else "doing", None if is_queued else worker.row_id),
                *(job.delay_s, job.delay_s),
            ),
        )
        (queue_id,) = await row.fetchone() or (None,)
    columns = {
        **job.columns,
        "worker": worker.name if is_running else None,
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
        await worker.notify(connection, {"work": 1})


async def known_job(connection: Connection, job: NewJob) -> str:
    """Return the id of the job that is there already."""
    query = "SELECT id FROM jobs WHERE id = %s OR (owner = %s AND idempotency_key = %s)"
    found = await connection.execute(query, [job.id, job.owner, job.idempotency_key])
    (job_id,) = await found.fetchone() or (job.id,)
    return str(job_id)


async def write_events(
    connection: Connection, job_id: str, after: int, events: Sequence[StoredEvent]
) -> None:
    """Add events to a job's log after a number."""
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


async def append_events(
    connection: Connection,
    worker: PostgresWorker,
    batch: Sequence[Appended],
    encoded: Sequence[EncodedEvents],
) -> list[str]:
    """Add events to logs; return the ids of jobs whose lease has ended, to which none was added."""
    lost = []
    for each, new in sorted(zip(batch, encoded, strict=True), key=lambda pair: pair[0].job_id):
        if not await _append_one(connection, worker, each, new):
            lost.append(each.job_id)
    return lost


async def _append_one(
    connection: Connection, worker: PostgresWorker, each: Appended, new: EncodedEvents
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
    await write_events(connection, each.job_id, each.after, new.events)
    if ended:
        await finish(connection, row[0])
    await worker.notify(connection, {"events": each.job_id})
    return True


async def finish(connection: Connection, queue_id: int) -> None:
    """Take a job out of the queue."""
    await connection.execute(
        """SELECT procrastinate_finish_job_v1(id, 'succeeded', true) FROM procrastinate_jobs
            WHERE id = %s""",
        [queue_id],
    )


async def advance_reader(connection: Connection, job_id: str, reader: str, place: int) -> int:
    """Note how much of a job's output a reader has; see `JobStore.advance`."""
    values = {"job": job_id, "reader": reader, "place": place, "most": MOST_READERS}
    # A snapshot of the table from before the statement tells the place until now.
    found = await connection.execute(
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
    row = await found.fetchone()
    return int(row[0]) if row else 0


async def remove_jobs(connection: Connection, job_ids: Sequence[str]) -> None:
    """Remove jobs with all that belongs to them."""
    ids = list(job_ids)
    await connection.execute("DELETE FROM events WHERE job_id = ANY(%s)", [ids])
    await connection.execute("DELETE FROM reads WHERE job_id = ANY(%s)", [ids])
    await connection.execute("DELETE FROM edits WHERE job_id = ANY(%s)", [ids])
    await connection.execute("DELETE FROM jobs WHERE id = ANY(%s)", [ids])
    await connection.execute("DELETE FROM shares WHERE NOT owner IN (SELECT owner FROM jobs)")
