"""Messages between the processes that share a PostgreSQL database, by LISTEN and NOTIFY."""

from __future__ import annotations

import asyncio
import contextlib
import json

import psycopg
import structlog
from psycopg import AsyncConnection, sql

from app.services.jobs.store.job_database import DatabaseListener

log = structlog.get_logger()

_AGAIN_S = 0.2


class PostgresListener:
    """Reads messages on a connection of its own, which it opens again where it is lost.

    Args:
        url: of the database.
        channel: of the messages.
        name: of this process, whose own messages are left aside.
    """

    def __init__(self, url: str, channel: str, name: str) -> None:
        self._url = url
        self._channel = channel
        self._name = name
        self._task: asyncio.Task[None] | None = None
        self._is_open = asyncio.Event()

    async def open(self, listener: DatabaseListener) -> None:
        """Listen from now on.

        Args:
            listener: gets the messages of other processes.
        """
        self._task = asyncio.create_task(self._run(listener), name="job-messages")
        await self._is_open.wait()

    async def close(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, listener: DatabaseListener) -> None:
        while True:
            try:
                await self._listen(listener)
            except (psycopg.Error, OSError) as error:
                if self._is_open.is_set():
                    log.warning("the database of jobs is lost", reason=type(error).__name__)
                self._is_open.set()
                await asyncio.sleep(_AGAIN_S)

    async def _listen(self, listener: DatabaseListener) -> None:
        connection = await AsyncConnection.connect(
            self._url, autocommit=True, keepalives=1, keepalives_idle=15, keepalives_interval=5
        )
        # TCP's keepalives, in seconds, notice a database that is gone without a word.
        async with connection:
            command = sql.SQL("LISTEN {}").format(sql.Identifier(self._channel))
            await connection.execute(command)
            self._is_open.set()
            listener.reconnected()
            async for notification in connection.notifies():
                self._read(listener, notification.payload)
        raise psycopg.OperationalError("the connection is closed")

    def _read(self, listener: DatabaseListener, payload: str) -> None:
        content = json.loads(payload)
        if content.get("from") == self._name:
            return
        if "events" in content:
            listener.events_written(content["events"])
        elif "job" in content:
            listener.message_received(content["job"], content["message"])
        else:
            listener.work_arrived()
