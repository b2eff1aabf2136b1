"""The writer of event logs: what is appended meanwhile is written in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from app.domain.errors import StorageError
from app.domain.events import Notice
from app.services.jobs.record import JobRecord
from app.services.jobs.store.job_database import JobDatabase
from app.services.jobs.store.job_rows import Appended

log = structlog.get_logger()

_PATIENCE_S = 3.0
"""How long readers wait for a database that fails, before they see events that are in memory
alone: longer than a database needs to be started again."""

_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.05, 2.0

NOT_STORED = Notice(
    "events_not_stored",
    "The server's store of jobs fails: if the server ends now, this job cannot be resumed",
)


@dataclass(slots=True, eq=False)
class _Journal:
    record: JobRecord
    written: int


class EventWriter:
    """Writes the logs of the jobs that this process works on.

    Events are shown to readers once they are written. A database that fails for longer than a
    moment holds no job up: its events are shown with a notice, and written once it answers.

    Args:
        database: takes the events.
        on_lost: called with the record of a job whose lease has ended.
        on_ended: called with the record of a job whose end is written.
    """

    def __init__(
        self,
        database: JobDatabase,
        on_lost: Callable[[JobRecord], None],
        on_ended: Callable[[JobRecord], None],
    ) -> None:
        self._database = database
        self._on_ended = on_ended
        self._on_lost = on_lost
        self._journals: dict[str, _Journal] = {}
        self._dirty: dict[str, _Journal] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._failing_since: float | None = None

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="event-writer")

    async def close(self) -> None:
        """Write what is left, unless the database fails, and stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self.flush()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def flush(self) -> None:
        """Wait until every event so far is written."""
        await self._idle.wait()

    @property
    def held(self) -> tuple[str, ...]:
        """Ids of the jobs whose logs this process writes."""
        return tuple(self._journals)

    def holds(self, job_id: str) -> bool:
        """Whether this process writes a job's log."""
        return job_id in self._journals

    def watch(self, record: JobRecord) -> None:
        """Write what is appended to a record's log from now on."""
        journal = _Journal(record, len(record.log))
        self._journals[record.id] = journal
        record.log.keep_journal(lambda: self._appended(journal))

    def drop(self, record: JobRecord) -> None:
        """Write nothing more of a record: its lease has ended."""
        self._journals.pop(record.id, None)
        self._dirty.pop(record.id, None)

    def _appended(self, journal: _Journal) -> None:
        if self._journals.get(journal.record.id) is not journal:
            return
        self._dirty[journal.record.id] = journal
        self._idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            retry_s = _FIRST_RETRY_S
            while self._dirty:
                try:
                    await self._write()
                    self._failing_since = None
                    retry_s = _FIRST_RETRY_S
                except StorageError as error:
                    self._fail(error)
                    await asyncio.sleep(retry_s)
                    retry_s = min(2 * retry_s, _LONGEST_RETRY_S)
            self._idle.set()

    async def _write(self) -> None:
        journals = list(self._dirty.values())
        batch = [
            Appended(j.record.id, j.record.fence, j.written, j.record.log.beyond(j.written))
            for j in journals
        ]
        lost = set(await self._database.append([each for each in batch if each.events]))
        for journal, appended in zip(journals, batch, strict=True):
            record = journal.record
            if record.id in lost:
                self.drop(record)
                self._on_lost(record)
                continue
            journal.written += len(appended.events)
            if self._dirty.get(record.id) is journal:
                if journal.written == record.log.appended:
                    del self._dirty[record.id]
                if record.log.sealed and journal.written == record.log.appended:
                    del self._journals[record.id]
                    record.log.end_journal()
                    self._on_ended(record)
            record.log.show(journal.written)

    def _fail(self, error: StorageError) -> None:
        """Show what cannot be written, once the database has failed for a while."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            log.error("events are not stored", reason=error.message)
        if now - self._failing_since < _PATIENCE_S:
            return
        for journal in list(self._dirty.values()):
            if journal.record.log.latest(Notice) != NOT_STORED:
                journal.record.log.append(NOT_STORED)
            journal.record.log.show(journal.record.log.appended)
