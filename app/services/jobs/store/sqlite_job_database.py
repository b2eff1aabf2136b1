"""A database of jobs in a file of SQLite, for the processes of one machine.

Every statement runs in one thread; each call is one transaction. The write-ahead log lets other
processes read meanwhile, and a commit waits for no disk: a process that dies loses nothing, only a
machine without power loses the last moments.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from app.domain.errors import JobExpiredError, StoreUnavailableError
from app.domain.events import Failed
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
from app.services.jobs.store.local_workers import LocalWorkers
from app.services.jobs.store.sqlite_edits import read_edits, write_edits
from app.services.jobs.store.sqlite_tables import MIGRATIONS, ROW, VERSION
from app.services.jobs.stored_edits import StoredEdits
from app.system.private_folders import private_folder
from app.system.thread_groups import ThreadGroup

log = structlog.get_logger()

T = TypeVar("T")

_BUSY_S = 10.0
"""How long a transaction waits for those of other processes."""

_RESUMED_PRIORITY = 1000
"""Jobs that were begun go first."""


class SqliteJobDatabase:
    """See `JobDatabase`.

    Args:
        folder: of the file, on a disk of this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadGroup("jobs", 1)
        self._workers = LocalWorkers(folder)
        self._connection: sqlite3.Connection | None = None

    async def open(self, listener: DatabaseListener) -> None:
        """See `JobDatabase`."""
        await self._thread.run(self._open)
        self._workers.open(listener)

    async def close(self) -> None:
        """See `JobDatabase`."""
        self._workers.close()
        await self._thread.run(self._close)

    async def insert(self, job: NewJob) -> str:
        """See `JobDatabase`."""
        job_id = await self._run(self._insert, job)
        if job.state == "queued":
            self._workers.tell_work()
        return job_id

    async def append(self, batch: Sequence[Appended]) -> Sequence[str]:
        """See `JobDatabase`."""
        lost = await self._run(self._append, batch)
        for each in batch:
            self._workers.tell_events(each.job_id)
        return lost

    async def claim(self, *, calls: bool) -> JobRow | float | None:
        """See `JobDatabase`."""
        return await self._run(self._claim, calls)

    async def take_over(self, held: Collection[str]) -> None:
        """See `JobDatabase`."""
        del held  # the answer of a call within the process is never lost
        for job_id in await self._run(self._take_over):
            self._workers.tell_events(job_id)

    async def give_back(self, job_id: str, fence: int) -> None:
        """See `JobDatabase`."""
        await self._run(
            self._execute,
            """UPDATE jobs SET state = 'queued', worker = NULL, attempts = attempts - 1,
                priority = max(priority, ?) WHERE id = ? AND fence = ? AND state = 'running'""",
            (_RESUMED_PRIORITY, job_id, fence),
        )
        self._workers.tell_work()

    async def end_queued(self, job_id: str, event: Sequence[StoredEvent], code: str) -> bool:
        """See `JobDatabase`."""
        ended = await self._run(self._end_queued, job_id, event, code)
        self._workers.tell_events(job_id)
        return ended

    async def job(self, job_id: str) -> JobRow | None:
        """See `JobDatabase`."""
        rows = await self._run(self._rows, "WHERE id = :id", {"id": job_id})
        return rows[0] if rows else None

    async def events(self, job_id: str, after: int) -> Sequence[StoredEvent]:
        """See `JobDatabase`."""
        sql = "SELECT kind, fields FROM events WHERE job_id = ? AND seq > ? ORDER BY seq"
        return await self._run(self._fetch, sql, (job_id, after))

    async def equal(self, request_key: str) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        running = "WHERE request_key = :key AND state = 'running' ORDER BY place LIMIT 100"
        done = "WHERE request_key = :key AND state = 'done' ORDER BY place DESC LIMIT 1"
        key = {"key": request_key}
        return [*await self._run(self._rows, running, key), *await self._run(self._rows, done, key)]

    async def listed(self, owner: str, limit: int, before: str | None) -> Sequence[JobRow]:
        """See `JobDatabase`."""
        sql = """WHERE owner = :owner AND (:before IS NULL OR place < (SELECT place FROM jobs
            WHERE id = :before AND owner = :owner)) ORDER BY place DESC LIMIT :limit"""
        values = {"owner": owner, "before": before, "limit": limit}
        return await self._run(self._rows, sql, values)

    async def waiting(self, owner: str) -> tuple[int, int]:
        """See `JobDatabase`."""
        sql = "SELECT count(*), ifnull(sum(owner = ?), 0) FROM jobs WHERE state = 'queued'"
        rows: list[tuple[int, int]] = await self._run(self._fetch, sql, (owner,))
        return rows[0]

    async def ended(self) -> Sequence[EndedRow]:
        """See `JobDatabase`."""
        sql = """SELECT id, caller, ? - max(ended_at, ifnull(edited_at, 0)), bytes,
                edited_at IS NOT NULL
            FROM jobs LEFT JOIN (SELECT job_id, max(saved_at) AS edited_at FROM edits
                GROUP BY job_id) ON job_id = id
            WHERE ended_at IS NOT NULL ORDER BY ended_at, place"""
        rows = await self._run(self._fetch, sql, (time.time(),))
        return [EndedRow(i, c, age, size, bool(edited)) for i, c, age, size, edited in rows]

    async def remove(self, job_ids: Sequence[str]) -> None:
        """See `JobDatabase`."""
        await self._run(self._remove, job_ids)

    async def save_callers(self, job_id: str, callers: bytes) -> None:
        """See `JobDatabase`."""
        sql = "UPDATE jobs SET callers = ? WHERE id = ?"
        await self._run(self._execute, sql, (callers, job_id))

    async def advance(self, job_id: str, reader: str, place: int) -> int:
        """See `JobDatabase`."""
        return await self._run(self._advance, job_id, reader, place)

    async def edits(self, job_id: str, owner: str) -> StoredEdits:
        """See `JobDatabase`."""
        return await self._run(lambda: read_edits(self._database, job_id, owner))

    async def save_edits(
        self, job_id: str, owner: str, content: bytes | None, versions: Collection[int] | None
    ) -> int | None:
        """See `JobDatabase`."""
        return await self._run(
            lambda: write_edits(self._database, job_id, owner, content, versions)
        )

    async def tell(self, job_id: str, message: Message) -> None:
        """See `JobDatabase`."""
        self._workers.tell(job_id, message)

    async def _run(self, function: Callable[..., T], *args: object) -> T:
        """Run a function as one transaction, in the thread of the connection.

        Raises:
            StoreUnavailableError: SQLite fails, such as on a full disk.
        """
        return await self._thread.run(partial(self._transaction, function, *args))

    def _transaction(self, function: Callable[..., T], *args: object) -> T:
        with _errors():
            connection = self._database
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = function(*args)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

    @property
    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreUnavailableError("The store of jobs is closed")
        return self._connection

    def _open(self) -> None:
        private_folder(self._folder, "JOBS_DIR")
        with _errors():
            connection = sqlite3.connect(
                self._folder / "jobs.sqlite",
                timeout=_BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._connection = connection
            self._transaction(self._make_tables)

    def _make_tables(self) -> None:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise StoreUnavailableError(
                "The file of jobs is of a newer version: set JOBS_DIR to another folder"
            )
        for added in MIGRATIONS[version:]:
            for statement in added.split(";\n"):
                self._database.execute(statement)
        if version < VERSION:
            self._database.execute(f"PRAGMA user_version = {VERSION}")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _execute(self, sql: str, values: Sequence[object]) -> int:
        return self._database.execute(sql, values).rowcount

    def _fetch(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        return self._database.execute(sql, values).fetchall()

    def _rows(self, where: str, values: dict[str, object]) -> list[JobRow]:
        sql = f"SELECT {ROW} FROM jobs {where}"  # noqa: S608 - our own texts
        found = self._database.execute(sql, {**values, "now": time.time()}).fetchall()
        return [JobRow(*row) for row in found]

    def _insert(self, job: NewJob) -> str:
        if job.idempotency_key is not None:
            sql = "SELECT id FROM jobs WHERE owner = ? AND idempotency_key = ?"
            known = self._fetch(sql, (job.owner, job.idempotency_key))
            if known:
                return str(known[0][0])
        now, begun = time.time(), int(job.state == "running")
        row = {
            **job.columns,
            "worker": self._workers.name if begun else None,
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
        self._execute(sql, tuple(row.values()))
        self._write_events(job.id, 0, job.events)
        return job.id

    def _write_events(self, job_id: str, after: int, events: Sequence[StoredEvent]) -> None:
        self._database.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?)",
            [(job_id, after + n, kind, data) for n, (kind, data) in enumerate(events, start=1)],
        )

    def _append(self, batch: Sequence[Appended]) -> list[str]:
        return [each.job_id for each in batch if not self._append_one(each)]

    def _append_one(self, appended: Appended) -> bool:
        """Add events to one log; return False where the lease has ended."""
        new = encoded_events(appended.events)
        if not self._change_row(appended, new):
            return False
        self._write_events(appended.job_id, appended.after, new.events)
        return True

    def _change_row(self, appended: Appended, new: EncodedEvents) -> bool:
        ended = new.state != "running"
        return (
            self._execute(
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
            == 1
        )

    def _claim(self, calls: bool) -> JobRow | float | None:
        now = time.time()
        due = self._fetch(
            """SELECT jobs.id, jobs.owner FROM jobs
                LEFT JOIN (SELECT owner, count(*) AS jobs FROM jobs
                    WHERE state = 'running' AND is_call = ? GROUP BY owner) AS held
                    ON held.owner = jobs.owner
                LEFT JOIN shares ON shares.owner = jobs.owner
            WHERE state = 'queued' AND is_call = ? AND due_at <= ? AND ifnull(expires_at > ?, 1)
            ORDER BY priority DESC, ifnull(held.jobs, 0), ifnull(served, 0), place LIMIT 1""",
            (calls, calls, now, now),
        )
        if not due:
            sql = "SELECT min(due_at) FROM jobs WHERE state = 'queued' AND due_at > ?"
            ((at,),) = self._fetch(sql, (now,))
            return None if at is None else max(0.0, float(at) - now)
        job_id, owner = due[0]
        self._execute(
            """INSERT INTO shares SELECT ?, ifnull(max(served), 0) + 1 FROM shares WHERE true
                ON CONFLICT (owner) DO UPDATE SET served = excluded.served""",
            (owner,),
        )
        self._execute(
            """UPDATE jobs SET state = 'running', worker = ?, fence = fence + 1,
                attempts = attempts + 1 WHERE id = ?""",
            (self._workers.name, job_id),
        )
        return self._rows("WHERE id = :id", {"id": job_id})[0]

    def _take_over(self) -> list[str]:
        """Queue what dead processes left; return the ids of jobs that ended instead."""
        names = self._fetch("SELECT DISTINCT worker FROM jobs WHERE state = 'running'", ())
        for name in (str(row[0]) for row in names):
            if not self._workers.is_alive(name):
                self._execute(
                    """UPDATE jobs SET state = 'queued', worker = NULL,
                        priority = max(priority, ?) WHERE worker = ? AND state = 'running'""",
                    (_RESUMED_PRIORITY, name),
                )
        self._workers.remove_dead()
        sql = "SELECT id FROM jobs WHERE state = 'queued' AND expires_at <= ?"
        expired = [str(row[0]) for row in self._fetch(sql, (time.time(),))]
        error = JobExpiredError("The job waited in the queue longer than it was to")
        event = encode_event(Failed(error.message, error.code, error.retryable))
        for job_id in expired:
            self._end_queued(job_id, [event], error.code)
        return expired

    def _end_queued(self, job_id: str, events: Sequence[StoredEvent], code: str) -> bool:
        sql = "SELECT events FROM jobs WHERE id = ? AND state = 'queued'"
        found = self._fetch(sql, (job_id,))
        if not found:
            return False
        after = int(found[0][0])
        self._execute(
            """UPDATE jobs SET state = 'failed', code = ?, ended_at = ?, events = events + ?,
                fence = fence + 1 WHERE id = ?""",
            (code, time.time(), len(events), job_id),
        )
        self._write_events(job_id, after, events)
        return True

    def _advance(self, job_id: str, reader: str, place: int) -> int:
        sql = "SELECT place FROM reads WHERE job_id = ? AND reader = ?"
        before = self._fetch(sql, (job_id, reader))
        ((readers,),) = self._fetch("SELECT count(*) FROM reads WHERE job_id = ?", (job_id,))
        if before or readers < MOST_READERS:
            self._execute(
                """INSERT INTO reads SELECT id, ?, ? FROM jobs WHERE id = ?
                    ON CONFLICT DO UPDATE SET place = max(place, excluded.place)""",
                (reader, place, job_id),
            )
        return int(before[0][0]) if before else 0

    def _remove(self, job_ids: Sequence[str]) -> None:
        ids = [(job_id,) for job_id in job_ids]
        for table, column in (
            ("events", "job_id"),
            ("reads", "job_id"),
            ("edits", "job_id"),
            ("jobs", "id"),
        ):
            sql = f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608 - our own texts
            self._database.executemany(sql, ids)
        self._execute("DELETE FROM shares WHERE owner NOT IN (SELECT owner FROM jobs)", ())


@contextmanager
def _errors() -> Iterator[None]:
    """Translate errors of SQLite.

    Raises:
        StoreUnavailableError: such as a full disk, or a file that is no database.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailableError(f"The store of jobs fails: {error}") from error
