"""Statements on the queue of jobs in SQLite, within a transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from sqlite3 import Connection

from app.services.jobs.store.encoded_events import expired_event
from app.services.jobs.store.job_rows import RESUMED_PRIORITY, JobRow, StoredEvent
from app.services.jobs.store.local_workers import LocalWorkers
from app.services.jobs.store.sqlite_rows import read_jobs, write_events


def claim_job(connection: Connection, worker: str, calls: bool) -> JobRow | float | None:
    """Lease the job that is due next to a worker; see `JobDatabase.claim`."""
    now = time.time()
    due = connection.execute(
        """SELECT jobs.id, jobs.owner FROM jobs
            LEFT JOIN (SELECT owner, count(*) AS jobs FROM jobs
                WHERE state = 'running' AND is_call = ? GROUP BY owner) AS held
                ON held.owner = jobs.owner
            LEFT JOIN shares ON shares.owner = jobs.owner
        WHERE state = 'queued' AND is_call = ? AND due_at <= ? AND ifnull(expires_at > ?, 1)
        ORDER BY priority DESC, ifnull(held.jobs, 0), ifnull(served, 0), place LIMIT 1""",
        (calls, calls, now, now),
    ).fetchone()
    if due is None:
        sql = "SELECT min(due_at) FROM jobs WHERE state = 'queued' AND due_at > ?"
        (at,) = connection.execute(sql, (now,)).fetchone()
        return None if at is None else max(0.0, float(at) - now)
    job_id, owner = due
    connection.execute(
        """INSERT INTO shares SELECT ?, ifnull(max(served), 0) + 1 FROM shares WHERE true
            ON CONFLICT (owner) DO UPDATE SET served = excluded.served""",
        (owner,),
    )
    connection.execute(
        """UPDATE jobs SET state = 'running', worker = ?, fence = fence + 1,
            attempts = attempts + 1 WHERE id = ?""",
        (worker, job_id),
    )
    return read_jobs(connection, "WHERE id = :id", {"id": job_id})[0]


def queue_again(connection: Connection, job_id: str, fence: int) -> None:
    """Put a job into the queue again whose lease has a fence."""
    connection.execute(
        """UPDATE jobs SET state = 'queued', worker = NULL, attempts = attempts - 1,
            priority = max(priority, ?) WHERE id = ? AND fence = ? AND state = 'running'""",
        (RESUMED_PRIORITY, job_id, fence),
    )


def queue_jobs_of_dead_workers(connection: Connection, workers: LocalWorkers) -> None:
    """Put the jobs of processes that have died into the queue again."""
    names = connection.execute("SELECT DISTINCT worker FROM jobs WHERE state = 'running'")
    for name in [str(row[0]) for row in names]:
        if not workers.is_alive(name):
            connection.execute(
                """UPDATE jobs SET state = 'queued', worker = NULL,
                    priority = max(priority, ?) WHERE worker = ? AND state = 'running'""",
                (RESUMED_PRIORITY, name),
            )
    workers.remove_dead()


def end_expired(connection: Connection) -> list[str]:
    """End jobs that waited in the queue too long; return their ids."""
    sql = "SELECT id FROM jobs WHERE state = 'queued' AND expires_at <= ?"
    expired = [str(row[0]) for row in connection.execute(sql, (time.time(),))]
    event, code = expired_event()
    for job_id in expired:
        end_queued(connection, job_id, [event], code)
    return expired


def end_queued(
    connection: Connection, job_id: str, events: Sequence[StoredEvent], code: str
) -> bool:
    """End a job that still waits in the queue; return whether it did."""
    sql = "SELECT events FROM jobs WHERE id = ? AND state = 'queued'"
    found = connection.execute(sql, (job_id,)).fetchone()
    if found is None:
        return False
    connection.execute(
        """UPDATE jobs SET state = 'failed', code = ?, ended_at = ?, events = events + ?,
            fence = fence + 1 WHERE id = ?""",
        (code, time.time(), len(events), job_id),
    )
    write_events(connection, job_id, int(found[0]), events)
    return True
