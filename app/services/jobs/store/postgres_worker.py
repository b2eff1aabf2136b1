"""This process as a worker of the queue in PostgreSQL.

The worker has a row of procrastinate's, whose signs of life keep its leases: a lease belongs to the
row, so a worker that was taken for dead loses all of its leases at once.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

import structlog
from procrastinate.sql import queries

from app.services.jobs.store.postgres_tables import QUEUE, Connection

log = structlog.get_logger()


class PostgresWorker:
    """A worker that is not registered yet.

    Args:
        channel: of the messages between workers, see NOTIFY.
        lease_s: a worker without a sign of life for so long is dead.

    Attributes:
        name: of this process, never used again.
        row_id: of its row of procrastinate's; 0 at first.
    """

    def __init__(self, channel: str, lease_s: float) -> None:
        self.name = uuid.uuid4().hex
        self.row_id = 0
        self._channel = channel
        self._lease_s = lease_s

    async def register(self, connection: Connection) -> None:
        """Make a row."""
        found = await connection.execute(queries["register_worker"])
        (row_id,) = await found.fetchone() or (0,)
        self.row_id = int(row_id)

    async def unregister(self, connection: Connection) -> None:
        """Remove the row."""
        await connection.execute(queries["unregister_worker"], {"worker_id": self.row_id})

    async def notify(self, connection: Connection, content: Mapping[str, object]) -> None:
        """Send a message to the other workers, at the end of the transaction."""
        payload = json.dumps({**content, "from": self.name})
        await connection.execute("SELECT pg_notify(%s, %s)", [self._channel, payload])

    async def give_sign(self, connection: Connection) -> None:
        """Give a sign of life; where the others took this worker for dead, make a new row."""
        alive = await connection.execute(
            "SELECT 1 FROM procrastinate_workers WHERE id = %s", [self.row_id]
        )
        if await alive.fetchone() is not None:
            await connection.execute(queries["update_heartbeat"], {"worker_id": self.row_id})
            return
        await self.register(connection)
        await connection.execute(
            """UPDATE procrastinate_jobs SET worker_id = %s WHERE status = 'doing'
                AND id IN (SELECT queue_id FROM jobs WHERE worker = %s AND state = 'running')""",
            [self.row_id, self.name],
        )

    async def end_other_leases(self, connection: Connection, held: list[str]) -> list[int]:
        """End this worker's leases on jobs that it does not work on.

        Args:
            connection: within a transaction.
            held: ids of the jobs that it works on.

        Returns:
            Ids of the rows in the queue of the others.
        """
        freed = await connection.execute(
            """UPDATE jobs SET state = 'queued', worker = NULL WHERE worker = %s
                AND state = 'running' AND NOT id = ANY(%s) RETURNING queue_id""",
            [self.name, held],
        )
        return [row[0] for row in await freed.fetchall()]

    async def end_leases_of_dead_workers(self, connection: Connection) -> list[int]:
        """End the leases of workers without a sign of life; return their jobs' ids in the queue."""
        values = {"queue": QUEUE, "task_name": None, "seconds_since_heartbeat": self._lease_s}
        found = await connection.execute(queries["select_stalled_jobs_by_heartbeat"], values)
        stalled = [row[0] for row in await found.fetchall()]
        if not stalled:
            return []
        freed = await connection.execute(
            """UPDATE jobs SET state = 'queued', worker = NULL
                WHERE queue_id = ANY(%s) AND state = 'running' RETURNING queue_id""",
            [stalled],
        )
        await connection.execute(
            queries["prune_stalled_workers"], {"seconds_since_heartbeat": self._lease_s}
        )
        log.info("taking over jobs of dead workers", jobs=len(stalled))
        return [row[0] for row in await freed.fetchall()]
