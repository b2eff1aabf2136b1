"""Edits of jobs in a database of SQLite."""

from __future__ import annotations

import time
from collections.abc import Collection
from sqlite3 import Connection

from app.services.jobs.stored_edits import UNEDITED, StoredEdits, job_removed


def read_edits(connection: Connection, job_id: str, owner: str) -> StoredEdits:
    """Return an owner's edits of a job; see `JobStore.edits`."""
    sql = "SELECT version, content FROM edits WHERE job_id = ? AND owner = ?"
    row = connection.execute(sql, (job_id, owner)).fetchone()
    return UNEDITED if row is None else StoredEdits(*row)


def write_edits(
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
    if connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job_id,)).fetchone() is None:
        raise job_removed()
    stored = read_edits(connection, job_id, owner)
    new = stored.replaced(content, versions)
    if new is None:
        return None
    connection.execute(
        "INSERT OR REPLACE INTO edits VALUES (?, ?, ?, ?, ?)",
        (job_id, owner, new.version, time.time(), content),
    )
    more_bytes = new.content_bytes - stored.content_bytes
    connection.execute("UPDATE jobs SET bytes = bytes + ? WHERE id = ?", (more_bytes, job_id))
    return new.version
