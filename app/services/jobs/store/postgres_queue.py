"""Statements on the queue of jobs in PostgreSQL: procrastinate's rows beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from procrastinate.sql import queries
from psycopg import AsyncConnection

from app.services.jobs.store.job_rows import NewJob, StoredEvent

Connection = AsyncConnection[tuple[Any, ...]]

QUEUE = "cuestream"
RESUMED_PRIORITY = 1000
"""Jobs that were begun go first."""

NEXT = """
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

SERVED = """
    INSERT INTO shares SELECT owner, nextval('shares_served') FROM jobs WHERE id = %s
    ON CONFLICT (owner) DO UPDATE SET served = excluded.served"""


async def register(connection: Connection) -> int:
    """Make this process a worker; return its number."""
    found = await connection.execute(queries["register_worker"])
    (worker_id,) = await found.fetchone() or (0,)
    return int(worker_id)


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


async def finish(connection: Connection, queue_id: int) -> None:
    """Take a job out of the queue."""
    await connection.execute(
        """SELECT procrastinate_finish_job_v1(id, 'succeeded', true) FROM procrastinate_jobs
            WHERE id = %s""",
        [queue_id],
    )


async def queue_again(connection: Connection, queue_id: int) -> None:
    """Put a job whose worker has left into the queue again."""
    await connection.execute(
        """SELECT procrastinate_retry_job_v2(id, clock_timestamp(), greatest(priority, %s), %s,
            NULL) FROM procrastinate_jobs WHERE id = %s AND status = 'doing'""",
        [RESUMED_PRIORITY, QUEUE, queue_id],
    )


async def due_s(connection: Connection) -> float | None:
    """Return the seconds until a job that waits is due; None where none is."""
    found = await connection.execute(
        """SELECT extract(epoch FROM min(scheduled_at) - now())::float8 FROM procrastinate_jobs
            WHERE status = 'todo' AND scheduled_at > now()"""
    )
    (due_s,) = await found.fetchone() or (None,)
    return None if due_s is None else float(due_s)
