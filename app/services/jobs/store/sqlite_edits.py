"""Edits of jobs in a database of SQLite."""

from __future__ import annotations

import time
from collections.abc import Collection
from sqlite3 import Connection

from app.domain.errors import JobNotFoundError
from app.services.jobs.stored_edits import UNEDITED, StoredEdits


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
    stored = read_edits(connection, job_id, owner)
    if versions is not None and stored.version not in versions:
        return None
    more_bytes = len(content or b"") - len(stored.content or b"")
    sql = "UPDATE jobs SET bytes = bytes + ? WHERE id = ?"
    if connection.execute(sql, (more_bytes, job_id)).rowcount == 0:
        raise JobNotFoundError("The job was removed meanwhile")
    connection.execute(
        "INSERT OR REPLACE INTO edits VALUES (?, ?, ?, ?, ?)",
        (job_id, owner, stored.version + 1, time.time(), content),
    )
    return stored.version + 1
