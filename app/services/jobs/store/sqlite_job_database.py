"""A database of jobs in a file of SQLite, for the processes of one machine."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection

from app.services.jobs.store.job_database import DatabaseListener
from app.services.jobs.store.job_rows import Appended, EndedRow, JobRow, NewJob, StoredEvent
from app.services.jobs.store.job_store import Message
from app.services.jobs.store.local_workers import LocalWorkers
from app.services.jobs.store.sqlite_connection import SqliteConnection
from app.services.jobs.store.sqlite_edits import read_edits, write_edits
from app.services.jobs.store.sqlite_queue import (
    claim_job,
    end_expired,
    end_queued,
    queue_again,
    queue_jobs_of_dead_workers,
)
from app.services.jobs.store.sqlite_rows import (
    advance_reader,
    append_events,
    insert_job,
    read_jobs,
    remove_jobs,
)
from app.services.jobs.stored_edits import StoredEdits


class SqliteJobDatabase:
    """See `JobDatabase`.

    Args:
        folder: of the file, on a disk of this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._connection = SqliteConnection(folder)
        self._workers = LocalWorkers(folder)
        self._listener: DatabaseListener | None = None

    async def open(self, listener: DatabaseListener) -> None:
        """See `JobDatabase`."""
        self._listener = listener
        await self._connection.open()
        self._workers.open(listener)

    async def close(self) -> None:
        """See `JobDatabase`."""
        self._workers.close()
        await self._connection.close()

    async def insert(self, job: NewJob) -> str:
        """See `JobDatabase`."""
        job_id = await self._connection.run(
            lambda connection: insert_job(connection, job, self._workers.name)
        )
        if job.state == "queued":
            self._workers.send_work()
        return job_id

    async def append(self, batch: Sequence[Appended]) -> Sequence[str]:
        """See `JobDatabase`."""
        lost = await self._connection.run(lambda connection: append_events(connection, batch))
        for each in batch:
            self._workers.send_events(each.job_id)
        return lost

    async def claim(self, *, calls: bool) -> JobRow | float | None:
        """See `JobDatabase`."""
        return await self._connection.run(
            lambda connection: claim_job(connection, self._workers.name, calls)
        )

    async def take_over(self, held: Collection[str]) -> None:
        """See `JobDatabase`."""
        del held  # the answer of a call within the process is never lost
        for job_id in await self._connection.run(self._take_over):
            self._workers.send_events(job_id)
            if self._listener is not None:
                self._listener.expired(job_id)

    async def give_back(self, job_id: str, fence: int) -> None:
        """See `JobDatabase`."""
        await self._connection.run(lambda connection: queue_again(connection, job_id, fence))
        self._workers.send_work()

    async def end_queued(self, job_id: str, event: Sequence[StoredEvent], code: str) -> bool:
        """See `JobDatabase`."""
        ended = await self._connection.run(
            lambda connection: end_queued(connection, job_id, event, code)
        )
        self._workers.send_events(job_id)
        return ended

    async def job(self, job_id: str) -> JobRow | None:
        """See `JobDatabase`."""
        rows = await self._rows("WHERE id = :id", {"id": job_id})
        return rows[0] if rows else None

    async def with_key(self, owner: str, idempotency_key: str) -> JobRow | None:
        """See `JobDatabase`."""
        where = "WHERE owner = :owner AND idempotency_key = :key"
        rows = await self._rows(where, {"owner": owner, "key": idempotency_key})
        return rows[0] if rows else None

    async def events(self, job_id: str, after: int) -> Sequence[StoredEvent]:
        """See `JobDatabase`."""
        sql = "SELECT kind, fields FROM events WHERE job_id = ? AND seq > ? ORDER BY seq"
        return await self._connection.fetch(sql, (job_id, after))

    async def equal(self, request_key: str) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        running = "WHERE request_key = :key AND state = 'running' ORDER BY place LIMIT 100"
        done = "WHERE request_key = :key AND state = 'done' ORDER BY place DESC LIMIT 1"
        key = {"key": request_key}
        return [*await self._rows(running, key), *await self._rows(done, key)]

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        sql = """WHERE owner = :owner AND (:before IS NULL OR place < (SELECT place FROM jobs
            WHERE id = :before AND owner = :owner)) ORDER BY place DESC LIMIT :limit"""
        values = {"owner": owner, "before": before, "limit": limit}
        return await self._rows(sql, values)

    async def waiting(self, owner: str) -> tuple[int, int]:
        """See `JobDatabase`."""
        sql = "SELECT count(*), ifnull(sum(owner = ?), 0) FROM jobs WHERE state = 'queued'"
        rows: list[tuple[int, int]] = await self._connection.fetch(sql, (owner,))
        return rows[0]

    async def ended(self) -> Sequence[EndedRow]:
        """See `JobDatabase`."""
        sql = """SELECT id, owner, ? - max(ended_at, ifnull(edited_at, 0)), bytes,
                edited_at IS NOT NULL
            FROM jobs LEFT JOIN (SELECT job_id, max(saved_at) AS edited_at FROM edits
                GROUP BY job_id) ON job_id = id
            WHERE ended_at IS NOT NULL ORDER BY ended_at, place"""
        rows = await self._connection.fetch(sql, (time.time(),))
        return [EndedRow(i, c, age, size, bool(edited)) for i, c, age, size, edited in rows]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """See `JobDatabase`."""
        await self._connection.run(lambda connection: remove_jobs(connection, job_ids))

    async def save_callers(self, job_id: str, callers: bytes) -> None:
        """See `JobDatabase`."""
        sql = "UPDATE jobs SET callers = ? WHERE id = ?"
        await self._connection.fetch(sql, (callers, job_id))

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobDatabase`."""
        return await self._connection.run(
            lambda connection: advance_reader(connection, job_id, reader, place)
        )

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """See `JobDatabase`."""
        return await self._connection.run(lambda connection: read_edits(connection, job_id, owner))

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """See `JobDatabase`."""
        return await self._connection.run(
            lambda connection: write_edits(connection, job_id, owner, content, versions)
        )

    async def send_message(self, job_id: str, message: Message) -> None:
        """See `JobDatabase`."""
        self._workers.send_message(job_id, message)

    async def _rows(self, where: str, values: Mapping[str, object]) -> list[JobRow]:
        return await self._connection.run(lambda connection: read_jobs(connection, where, values))

    def _take_over(self, connection: Connection) -> list[str]:
        queue_jobs_of_dead_workers(connection, self._workers)
        return end_expired(connection)
