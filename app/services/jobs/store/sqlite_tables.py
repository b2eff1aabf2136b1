"""Tables of the database of jobs in SQLite."""

from __future__ import annotations

from sqlite3 import Connection

from app.domain.errors import StoreUnavailableError
from app.services.jobs.store.job_rows import row_columns

VERSION = 3

TABLES = """
CREATE TABLE jobs (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    request BLOB NOT NULL,
    request_key TEXT NOT NULL,
    owner TEXT NOT NULL,
    caller TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    queue BLOB,
    secrets BLOB,
    callers BLOB NOT NULL,
    state TEXT NOT NULL,
    worker TEXT,
    fence INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    events INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    progress BLOB,
    code TEXT,
    priority INTEGER NOT NULL,
    idempotency_key TEXT,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    expires_at REAL,
    ended_at REAL
);
CREATE INDEX jobs_request_key ON jobs (request_key);
CREATE INDEX jobs_owner ON jobs (owner, place);
CREATE INDEX jobs_due ON jobs (priority DESC, place) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (worker) WHERE state = 'running';
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX jobs_once ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE TABLE events (
    job_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    fields BLOB NOT NULL,
    PRIMARY KEY (job_id, seq)
) WITHOUT ROWID;
"""

SHARES = """
ALTER TABLE jobs ADD COLUMN is_call INTEGER NOT NULL DEFAULT 0;
CREATE TABLE shares (owner TEXT PRIMARY KEY, served INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE reads (
    job_id TEXT NOT NULL,
    reader TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (job_id, reader)
) WITHOUT ROWID;
"""
"""Of version 2: when which owner was served, and how much of a job's output its readers got."""

EDITS = """
CREATE TABLE edits (
    job_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    saved_at REAL NOT NULL,
    content BLOB,
    PRIMARY KEY (job_id, owner)
);
"""
"""Of version 3: what owners made of the cues of a job."""

MIGRATIONS = (TABLES, SHARES, EDITS)
"""What each version adds to the one before."""

ROW = row_columns(":now - created_at", ":now - ended_at")
"""Columns of a `JobRow`; ``:now`` is Unix time in seconds."""


def make_tables(connection: Connection) -> None:
    """Make the tables where they are missing, and what later versions add to them.

    Raises:
        StoreUnavailableError: the file is of a newer version.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StoreUnavailableError(
            "The file of jobs is of a newer version: set JOBS_DIR to another folder"
        )
    for added in MIGRATIONS[version:]:
        for statement in added.split(";\n"):
            connection.execute(statement)
    if version < VERSION:
        connection.execute(f"PRAGMA user_version = {VERSION}")
