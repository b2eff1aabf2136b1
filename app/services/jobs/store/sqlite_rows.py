"""Statements on jobs and their event logs in SQLite, within a transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from app.services.jobs.store.encoded_events import encoded_events
from app.services.jobs.store.job_rows import (
    MOST_READERS,
    Appended,
    EncodedEvents,
    JobRow,
    NewJob,
    StoredEvent,
)
from app.services.jobs.store.sqlite_tables import ROW

_TABLES_OF_JOBS = (("events", "job_id"), ("reads", "job_id"), ("edits", "job_id"), ("jobs", "id"))
"""Tables with rows of a job, and their columns with its id."""


def read_jobs(connection: Connection, where: str, values: Mapping[str, object]) -> list[JobRow]:
    """Return the jobs that a clause finds, in its order."""
    sql = f"SELECT {ROW} FROM jobs {where}"  # noqa: S608 - our own texts
    found = connection.execute(sql, {**values, "now": time.time()}).fetchall()
    return [JobRow(*row) for row in found]


def insert_job(connection: Connection, job: NewJob, worker: str) -> str:
    """Insert a job; one that runs is leased to a worker.

    Returns:
        Its id, or that of its owner's earlier job with the same idempotency key.
    """
    if job.idempotency_key is not None:
        sql = "SELECT id FROM jobs WHERE owner = ? AND idempotency_key = ?"
        known = connection.execute(sql, (job.owner, job.idempotency_key)).fetchone()
        if known:
            return str(known[0])
    now, begun = time.time(), int(job.state == "running")
    row = {
        **job.columns,
        "worker": worker if begun else None,
        "fence": begun,
        "attempts": begun,
        "priority": job.priority,
        "created_at": now,
        "due_at": now + job.delay_s,
        "expires_at": None if job.ttl_s is None else now + job.ttl_s,
        "ended_at": now if job.state in ("done", "failed") else None,
    }
    marks = ", ".join("?" * len(row))
    sql = f"INSERT INTO jobs ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - our own names
    connection.execute(sql, tuple(row.values()))
    write_events(connection, job.id, 0, job.events)
    return job.id


def write_events(
    connection: Connection, job_id: str, after: int, events: Sequence[StoredEvent]
) -> None:
    """Add events to a job's log after a number."""
    connection.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?)",
        [(job_id, after + n, kind, data) for n, (kind, data) in enumerate(events, start=1)],
    )


def append_events(connection: Connection, batch: Sequence[Appended]) -> list[str]:
    """Add events to logs; return the ids of jobs whose lease has ended, to which none was added."""
    lost = []
    for each in batch:
        new = encoded_events(each.events)
        if _change_row(connection, each, new):
            write_events(connection, each.job_id, each.after, new.events)
        else:
            lost.append(each.job_id)
    return lost


def _change_row(connection: Connection, appended: Appended, new: EncodedEvents) -> bool:
    """Change a job's row as new events do; return False where the lease has ended."""
    ended = new.state != "running"
    changed = connection.execute(
        """UPDATE jobs SET events = events + ?, bytes = bytes + ?,
            progress = ifnull(?, progress), state = ?, code = ?, title = ifnull(?, title),
            ended_at = ?, worker = iif(?, NULL, worker)
        WHERE id = ? AND fence = ? AND events = ? AND state = 'running'""",
        (
            *(len(new.events), new.weight_bytes, new.progress, new.state, new.code),
            *(new.title or None, time.time() if ended else None, ended),
            *(appended.job_id, appended.fence, appended.after),
        ),
    )
    return changed.rowcount == 1


def advance_reader(connection: Connection, job_id: str, reader: str, place: int) -> int:
    """Note how much of a job's output a reader has; see `JobStore.advance`."""
    sql = "SELECT place FROM reads WHERE job_id = ? AND reader = ?"
    before = connection.execute(sql, (job_id, reader)).fetchone()
    count = "SELECT count(*) FROM reads WHERE job_id = ?"
    (readers,) = connection.execute(count, (job_id,)).fetchone()
    if before or readers < MOST_READERS:
        connection.execute(
            """INSERT INTO reads SELECT id, ?, ? FROM jobs WHERE id = ?
                ON CONFLICT DO UPDATE SET place = max(place, excluded.place)""",
            (reader, place, job_id),
        )
    return int(before[0]) if before else 0


def remove_jobs(connection: Connection, job_ids: Sequence[str]) -> None:
    """Remove jobs with all that belongs to them."""
    ids = [(job_id,) for job_id in job_ids]
    for table, column in _TABLES_OF_JOBS:
        connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)  # noqa: S608 - ours
    connection.execute("DELETE FROM shares WHERE owner NOT IN (SELECT owner FROM jobs)")
