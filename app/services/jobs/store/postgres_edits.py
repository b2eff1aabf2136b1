"""Edits of jobs in a database of PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection

from app.services.jobs.store.postgres_tables import Connection
from app.services.jobs.stored_edits import UNEDITED, StoredEdits, job_removed


async def read_edits(connection: Connection, job_id: str, owner: str) -> StoredEdits:
    """Return an owner's edits of a job; see `JobStore.edits`."""
    query = "SELECT version, content FROM edits WHERE job_id = %s AND owner = %s"
    row = await (await connection.execute(query, [job_id, owner])).fetchone()
    return UNEDITED if row is None else StoredEdits(*row)


async def write_edits(
    connection: Connection,
    job_id: str,
    owner: str,
    content: bytes | None,
    versions: Collection[int] | None,
) -> int | None:
    """Store an owner's edits within a transaction; see `JobStore.save_edits`.

    Raises:
        JobNotFoundError: there is no such job.
    """
    # The lock on the job's row lets one writer of its edits pass at a time.
    found = await connection.execute("SELECT 1 FROM jobs WHERE id = %s FOR UPDATE", [job_id])
    if await found.fetchone() is None:
        raise job_removed()
    stored = await read_edits(connection, job_id, owner)
    new = stored.replaced(content, versions)
    if new is None:
        return None
    await connection.execute(
        """INSERT INTO edits VALUES (%s, %s, %s, clock_timestamp(), %s)
            ON CONFLICT (job_id, owner) DO UPDATE SET version = excluded.version,
                saved_at = excluded.saved_at, content = excluded.content""",
        [job_id, owner, new.version, content],
    )
    more_bytes = new.content_bytes - stored.content_bytes
    await connection.execute(
        "UPDATE jobs SET bytes = bytes + %s WHERE id = %s", [more_bytes, job_id]
    )
    return new.version
