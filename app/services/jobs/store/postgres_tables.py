"""Tables of the database of jobs in PostgreSQL: ours, and those of procrastinate.

procrastinate has the queue: who works on what since when, priorities, times, signs of life. Ours
have what a job is, and its events. Both lie in one schema and change in one transaction.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection, sql

from app.services.jobs.store.job_rows import row_columns

Connection = AsyncConnection[tuple[Any, ...]]

QUEUE = "cuestream"
"""Name of the queue of procrastinate's."""

_LOCK = 7_303_150_014
"""Of the transaction that makes the tables."""

_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    place bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL UNIQUE,
    request bytea NOT NULL,
    request_key text NOT NULL,
    owner text NOT NULL,
    caller text NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    queue bytea,
    secrets bytea,
    callers bytea NOT NULL,
    state text NOT NULL,
    worker text,
    queue_id bigint,
    fence bigint NOT NULL,
    attempts integer NOT NULL,
    events integer NOT NULL,
    bytes bigint NOT NULL,
    progress bytea,
    code text,
    idempotency_key text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX IF NOT EXISTS jobs_request_key ON jobs (request_key);
CREATE INDEX IF NOT EXISTS jobs_owner ON jobs (owner, place);
CREATE INDEX IF NOT EXISTS jobs_queued ON jobs (owner) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS jobs_running ON jobs (worker) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS jobs_once ON jobs (owner, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
    job_id text NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    fields bytea NOT NULL,
    PRIMARY KEY (job_id, seq)
);
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS is_call boolean NOT NULL DEFAULT false;
CREATE INDEX IF NOT EXISTS jobs_in_queue ON jobs (queue_id) WHERE ended_at IS NULL;
CREATE TABLE IF NOT EXISTS shares (owner text PRIMARY KEY, served bigint NOT NULL);
CREATE SEQUENCE IF NOT EXISTS shares_served;
CREATE TABLE IF NOT EXISTS reads (
    job_id text NOT NULL,
    reader text NOT NULL,
    place integer NOT NULL,
    PRIMARY KEY (job_id, reader)
);
CREATE TABLE IF NOT EXISTS edits (
    job_id text NOT NULL,
    owner text NOT NULL,
    version integer NOT NULL,
    saved_at timestamptz NOT NULL,
    content bytea,
    PRIMARY KEY (job_id, owner)
);
CREATE TABLE IF NOT EXISTS procrastinate_migrations (name text PRIMARY KEY);
"""

ROW = row_columns(
    "extract(epoch FROM clock_timestamp() - created_at)::float8",
    "extract(epoch FROM clock_timestamp() - ended_at)::float8",
)
"""Columns of a `JobRow`."""


async def make_tables(connection: AsyncConnection, schema: str) -> None:
    """Make the schema and its tables, or bring them up to date, in one transaction."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        name = sql.Identifier(schema)
        await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
        await connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(name))
        await connection.execute(_TABLES)
        found = await connection.execute("SELECT to_regclass('procrastinate_jobs')")
        (is_there,) = await found.fetchone() or (None,)
        known = await connection.execute("SELECT name FROM procrastinate_migrations")
        applied = {row[0] for row in await known.fetchall()}
        if is_there is None:
            await connection.execute(SchemaManager.get_schema())
        for file in sorted(resources.files("procrastinate.sql.migrations").iterdir(), key=str):
            if not file.name.endswith(".sql") or file.name in applied:
                continue
            if is_there is not None:
                await connection.execute(file.read_text("utf-8").encode())
            await connection.execute(
                "INSERT INTO procrastinate_migrations VALUES (%s)", [file.name]
            )
