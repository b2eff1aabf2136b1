"""Connections to the database of jobs in PostgreSQL, and what to do where they are lost."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.domain.errors import StoreUnavailableError
from app.services.jobs.store.job_rows import JobRow
from app.services.jobs.store.postgres_tables import ROW, Connection
from app.settings import JobStoreSettings

log = structlog.get_logger()

T = TypeVar("T")
Row = tuple[Any, ...]

_ANSWER_S = 5.0
_START_S = 60.0


class PostgresConnections(ABC):
    """A pool of connections; each piece of work is one transaction.

    Args:
        url: of the database.
        settings: schema, connections, lease.

    Attributes:
        pool: closed at first.
        trusted_from_s: monotonic time from which other workers' signs of life count: after a time
            without the database they are old for that reason.
    """

    def __init__(self, url: str, settings: JobStoreSettings) -> None:
        self._outage_s = settings.job_lease_s
        self.trusted_from_s = 0.0
        self.pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            kwargs={"options": f"-c search_path={settings.database_schema}", "autocommit": True},
            min_size=1,
            max_size=settings.database_connections,
            timeout=_ANSWER_S,
            open=False,
        )

    @abstractmethod
    async def register_again(self, connection: Connection) -> None:
        """Become a worker again, where the others took this one for dead."""

    async def wait_for_database(self) -> None:
        """Wait for a database that starts beside the server.

        Raises:
            StoreUnavailableError: it does not answer for a minute.
        """
        try:
            await self.pool.wait(_START_S)
        except PoolTimeout as error:
            raise StoreUnavailableError(
                f"The database at DATABASE_URL does not answer within {_START_S:.0f} s"
            ) from error

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do some work in one transaction; once more where the connection was lost.

        Raises:
            StoreUnavailableError: the database does not answer.
        """
        for is_last in (False, True):
            try:
                async with self.pool.connection() as connection, connection.transaction():
                    return await work(connection)
            except UniqueViolation:
                raise
            except ForeignKeyViolation as error:
                # The others took this worker for dead, and its leases with it.
                if is_last:
                    raise StoreUnavailableError("This worker is not registered") from error
                await self.run(self.register_again)
            except (psycopg.Error, OSError) as error:
                self.trusted_from_s = time.monotonic() + self._outage_s
                if is_last or not isinstance(error, psycopg.OperationalError):
                    log.warning("the database of jobs fails", reason=str(error)[:200])
                    raise StoreUnavailableError("The database of jobs does not answer") from error
                await self.pool.check()
        raise AssertionError

    async def fetch(self, query: str, values: Sequence[object] | Mapping[str, object]) -> list[Row]:
        """Return the rows of a statement in a transaction of its own."""

        async def fetch(connection: Connection) -> list[Row]:
            return await (await connection.execute(query.encode(), values)).fetchall()

        return await self.run(fetch)

    async def rows(self, where: str, values: Mapping[str, object]) -> list[JobRow]:
        """Return the jobs that a clause finds, in its order."""
        query = f"SELECT {ROW} FROM jobs {where}"  # noqa: S608 - our own texts

        async def fetch(connection: Connection) -> list[JobRow]:
            found = await connection.execute(query.encode(), values)
            return [JobRow(*row) for row in await found.fetchall()]

        return await self.run(fetch)
