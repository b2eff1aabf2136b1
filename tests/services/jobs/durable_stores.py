"""Stores of jobs for tests, each as a process of its own would have it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.services.jobs.record import JobRecord
from app.services.jobs.store.durable_job_store import DurableJobStore
from app.services.jobs.store.job_database import JobDatabase
from app.services.jobs.store.job_store import Message
from app.services.jobs.store.kept_uploads import KeptUploads
from app.services.jobs.store.postgres_job_database import PostgresJobDatabase
from app.services.jobs.store.secret_box import SecretBox
from app.services.jobs.store.sqlite_job_database import SqliteJobDatabase
from app.settings import JobStoreSettings


class Host:
    """Notes what a store tells its process."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.messages: list[tuple[str, Message]] = []
        self.ended: list[str] = []
        self.work = asyncio.Event()

    def work_arrived(self) -> None:
        self.work.set()

    def lease_lost(self, record: JobRecord) -> None:
        self.lost.append(record.id)

    def expired(self, job_id: str) -> None:
        self.ended.append(job_id)

    def message_received(self, job_id: str, message: Message) -> None:
        self.messages.append((job_id, message))


class StoreProcess(DurableJobStore):
    """A store with its host."""

    def __init__(self, database: JobDatabase, folder: Path, lease_s: float) -> None:
        self.database = database
        super().__init__(database, KeptUploads(folder), SecretBox.of_password("x"), lease_s)
        self.host = Host()

    async def die(self) -> None:
        """End as a killed process does: nothing is given back."""
        if self._ticker is not None:
            self._ticker.cancel()
        if self._writer._task is not None:
            self._writer._task.cancel()
        if isinstance(self.database, SqliteJobDatabase):
            workers = self.database._workers
            if workers._socket is not None:
                asyncio.get_running_loop().remove_reader(workers._socket.fileno())
                workers._socket.close()
                workers._socket = None
                os.close(workers._lock)
            await self.database._connection.close()
        elif isinstance(self.database, PostgresJobDatabase):
            await self.database._listener.close()
            await self.database.pool.close()


class StoreFactory:
    """Makes processes that share one store.

    Args:
        folder: of the jobs.
        url: of a database; None for SQLite.
        lease_s: see `JobStoreSettings`.
    """

    def __init__(self, folder: Path, url: str | None, lease_s: float = 1.0) -> None:
        self._folder = folder
        self._url = url
        self.lease_s = lease_s

    def make(self) -> StoreProcess:
        """Return a new process's store, which is not open yet."""
        database: JobDatabase = (
            SqliteJobDatabase(self._folder)
            if self._url is None
            else PostgresJobDatabase(
                self._url, JobStoreSettings(job_lease_s=self.lease_s, database_connections=3)
            )
        )
        return StoreProcess(database, self._folder, self.lease_s)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[StoreProcess]:
        """Return the open store of a new process."""
        store = self.make()
        await store.open(store.host)
        try:
            yield store
        finally:
            await store.close()
