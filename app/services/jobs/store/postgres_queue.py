"""Statements on the queue of jobs in PostgreSQL, within a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from app.services.jobs.store.encoded_events import expired_event
from app.services.jobs.store.job_rows import RESUMED_PRIORITY, JobRow, StoredEvent
from app.services.jobs.store.postgres_rows import finish, write_events
from app.services.jobs.store.postgres_tables import QUEUE, ROW, Connection
from app.services.jobs.store.postgres_worker import PostgresWorker

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


async def claim_job(
    connection: Connection, worker: PostgresWorker, calls: bool, expired: set[str]
) -> JobRow | float | None:
    """Lease the job that is due next to the worker; see `JobDatabase.claim`.

    Args:
        connection: to the database, in a transaction.
        worker: this process.
        calls: whether a call is wanted.
        expired: the ids of jobs that waited too long, and end here, are added to it.
    """
    while True:
        values = {"queue": QUEUE, "worker": worker.row_id, "calls": calls}
        queue_row = await (await connection.execute(_NEXT, values)).fetchone()
        if queue_row is None:
            return await _due_s(connection)
        changed = await connection.execute(
            f"""UPDATE jobs SET state = 'running', worker = %s, fence = fence + 1,
                attempts = attempts + 1 WHERE queue_id = %s AND ended_at IS NULL
                AND coalesce(expires_at > clock_timestamp(), true)
            RETURNING {ROW}""".encode(),  # noqa: S608 - our own texts
            [worker.name, queue_row[0]],
        )
        row = await changed.fetchone()
        if row is not None:
            await connection.execute(_SERVED, [row[0]])
            return JobRow(*row)
        if not await _expire(connection, worker, queue_row[0], expired):
            await finish(connection, queue_row[0])


async def _due_s(connection: Connection) -> float | None:
    """Return the seconds until a job that waits is due; None where none is."""
    found = await connection.execute(
        """SELECT extract(epoch FROM min(scheduled_at) - now())::float8 FROM procrastinate_jobs
            WHERE status = 'todo' AND scheduled_at > now()"""
    )
    (due_s,) = await found.fetchone() or (None,)
    return None if due_s is None else float(due_s)


async def queue_again(connection: Connection, queue_id: int) -> None:
    """Put a job whose worker has left into the queue again."""
    await connection.execute(
        """SELECT procrastinate_retry_job_v2(id, clock_timestamp(), greatest(priority, %s), %s,
            NULL) FROM procrastinate_jobs WHERE id = %s AND status = 'doing'""",
        [RESUMED_PRIORITY, QUEUE, queue_id],
    )


async def give_back(
    connection: Connection, worker: PostgresWorker, job_id: str, fence: int
) -> None:
    """Put a job into the queue again whose lease has a fence."""
    found = await connection.execute(
        """UPDATE jobs SET state = 'queued', worker = NULL, attempts = attempts - 1
        WHERE id = %s AND fence = %s AND state = 'running' RETURNING queue_id""",
        [job_id, fence],
    )
    row = await found.fetchone()
    if row is not None:
        await queue_again(connection, row[0])
        await worker.notify(connection, {"work": 1})


async def end_expired(connection: Connection, worker: PostgresWorker, expired: set[str]) -> None:
    """End jobs that waited in the queue too long, and add their ids."""
    waiting = await connection.execute(
        "SELECT queue_id FROM jobs WHERE state = 'queued' AND expires_at <= clock_timestamp()"
    )
    for (queue_id,) in await waiting.fetchall():
        await _expire(connection, worker, queue_id, expired)


async def _expire(
    connection: Connection, worker: PostgresWorker, queue_id: int, expired: set[str]
) -> bool:
    """End a job that waited too long, and add its id; return whether there is one."""
    query = "SELECT id FROM jobs WHERE queue_id = %s AND ended_at IS NULL"
    row = await (await connection.execute(query, [queue_id])).fetchone()
    if row is None:
        return False
    event, code = expired_event()
    if not await end_queued(connection, worker, row[0], [event], code):
        return False
    expired.add(row[0])
    return True


async def end_queued(
    connection: Connection,
    worker: PostgresWorker,
    job_id: str,
    events: Sequence[StoredEvent],
    code: str,
) -> bool:
    """End a job that still waits in the queue; return whether it did."""
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
    await worker.notify(connection, {"events": job_id})
    return True
