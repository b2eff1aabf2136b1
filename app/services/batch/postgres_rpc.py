"""Functions of a PostgreSQL database, called straight."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.domain.errors import DatabaseUnreachableError, DocumentStoreError
from app.services.batch.database_errors import refusal
from app.services.batch.rpc_client import Parameter

_CONNECTIONS = 4
_WAIT_S = 10.0


class PostgresRpc:
    """Calls functions through a pool of connections, which is opened with the first call.

    Args:
        dsn: address of the database.
        wait_s: longest wait for a connection.
    """

    def __init__(self, dsn: str, wait_s: float = _WAIT_S) -> None:
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[object]] = AsyncConnectionPool(
            dsn,
            min_size=0,
            max_size=_CONNECTIONS,
            timeout=wait_s,
            open=False,
            # A pooler in front of the database may give each transaction another connection.
            kwargs={"autocommit": True, "prepare_threshold": None},
            check=AsyncConnectionPool.check_connection,
        )
        self._opening = asyncio.Lock()

    async def call(self, function: str, parameters: Mapping[str, Parameter]) -> object:
        """See the protocol."""
        query = sql.SQL("select {}({})").format(
            sql.Identifier("public", function),
            sql.SQL(", ").join(
                sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name))
                for name in parameters
            ),
        )
        values = {name: _adapted(value) for name, value in parameters.items()}
        try:
            await self._open()
            async with self._pool.connection() as connection:
                cursor = await connection.execute(query, values)
                row = await cursor.fetchone()
        except PoolTimeout:
            raise DatabaseUnreachableError("The database cannot be reached") from None
        except psycopg.Error as error:
            raise _error(error) from None
        return row[0] if isinstance(row, tuple) else None

    async def close(self) -> None:
        """See the protocol."""
        await self._pool.close()

    async def _open(self) -> None:
        async with self._opening:
            if self._pool.closed:
                await self._pool.open()


def _adapted(value: Parameter) -> object:
    return Jsonb(value) if isinstance(value, Mapping | list) else value


def _error(error: psycopg.Error) -> Exception:
    if isinstance(error, psycopg.DataError) and error.sqlstate is None:
        return DocumentStoreError("The database cannot store a value")
    if error.sqlstate is None:
        # The connection broke; its text may name the host and its user.
        return DatabaseUnreachableError(f"The database went away: {type(error).__name__}")
    return refusal(error.sqlstate, error.diag.message_primary or type(error).__name__)
