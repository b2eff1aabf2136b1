"""The connection to a file of jobs in SQLite.

Every statement runs in one thread; each piece of work is one transaction. The write-ahead log lets
other processes read meanwhile, and a commit waits for no disk: a process that dies loses nothing,
only a machine without power loses the last moments.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from app.domain.errors import StoreUnavailableError
from app.services.jobs.store.sqlite_tables import make_tables
from app.system.private_folders import private_folder
from app.system.thread_groups import ThreadGroup

T = TypeVar("T")

_BUSY_S = 10.0
"""How long a transaction waits for those of other processes."""


class SqliteConnection:
    """A connection that is closed at first.

    Args:
        folder: of the file, on a disk of this machine.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadGroup("jobs", 1)
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Connect, and make the tables where they are missing.

        Raises:
            StoreUnavailableError: SQLite fails, or the file is of a newer version.
            StorageError: the folder belongs to another user.
        """
        await self._thread.run(self._open)

    async def close(self) -> None:
        """Disconnect."""
        await self._thread.run(self._close)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do some work as one transaction, in the thread of the connection.

        Raises:
            StoreUnavailableError: SQLite fails, such as on a full disk, or the connection is
                closed.
        """
        return await self._thread.run(partial(self._transaction, work))

    async def fetch(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement in a transaction of its own; see `run`."""
        return await self.run(lambda connection: connection.execute(sql, values).fetchall())

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _errors():
            connection = self._connection
            if connection is None:
                raise StoreUnavailableError("The store of jobs is closed")
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

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
            self._transaction(make_tables)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


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
