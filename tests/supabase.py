"""A Supabase project in a PostgreSQL server of the tests: schema, queues, REST interface.

The queues are those of pgmq itself, whose SQL the package ``pgmq`` brings. No package brings
PostgREST, so `RestFront` answers the calls that its Python client makes as PostgREST 12 does.
"""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "docs" / "supabase" / "schema.sql"
SERVICE_KEY = "service-role-key-of-the-tests"
QUEUE = "video_audio_transcription"

_ROLES = ("anon", "authenticated", "service_role")
_numbers = count(1)


class SupabaseDatabase:
    """A database with the schema of `docs/supabase/schema.sql`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, text: str, *values: object) -> list[Any]:
        """Run a statement; return the first column of its rows, if it has any."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(text, values or None)  # type: ignore[arg-type]
            return [row[0] for row in cursor.fetchall()] if cursor.description else []

    def clear(self) -> None:
        """Remove every row and message, and count messages from 1 again."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            names = connection.execute("select queue_name from pgmq.meta").fetchall()
            queues = [f"pgmq.{kind}_{name}" for (name,) in names for kind in "qa"]
            tables = ["documents", "document_transcriptions", "public_media", *queues]
            connection.execute(f"truncate {', '.join(tables)} restart identity")  # type: ignore[arg-type]

    def document(self, **fields: object) -> str:
        """Insert a document, which its trigger puts into the queue; return its id."""
        row: dict[str, object] = {"canonical_url": "http://site/a.mp4", "media_format": "video"}
        row |= fields
        if isinstance(row.get("metadata"), Mapping | list):
            row["metadata"] = Jsonb(row["metadata"])
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        places = sql.SQL(", ").join(sql.Placeholder() for _ in row)
        query = sql.SQL("insert into documents ({}) values ({}) returning id::text")
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(query.format(names, places), list(row.values())).fetchone()
        assert found is not None
        return str(found[0])

    def row(self, document_id: str) -> dict[str, Any]:
        """Return a document."""
        return self.query("select to_jsonb(d) from documents d where id = %s", document_id)[0]

    def transcription(self, document_id: str) -> dict[str, Any] | None:
        """Return a document's transcription."""
        query = "select to_jsonb(t) from document_transcriptions t where document_id = %s"
        return next(iter(self.query(query, document_id)), None)

    def read(self, qty: int = 10, vt: int = 1800, queue: str = QUEUE) -> list[dict[str, Any]]:
        """Read messages, as an Edge Function does."""
        query = "select to_jsonb(m) from pgmq_read(%s, %s, %s) m"
        return self.query(query, queue, vt, qty)

    def send(self, message: object, queue: str = QUEUE) -> int:
        """Put a message into a queue."""
        return int(self.query("select pgmq.send(%s, %s::jsonb)", queue, json.dumps(message))[0])

    def waiting(self, queue: str = QUEUE) -> list[int]:
        """Return the messages in a queue, visible or not."""
        return self.query(f"select msg_id from pgmq.q_{queue} order by 1")

    def archived(self, queue: str = QUEUE) -> list[int]:
        """Return the archived messages."""
        return self.query(f"select msg_id from pgmq.a_{queue} order by 1")


def make_template(postgres: PostgresServer) -> str:
    """Create a database with the schema, and Supabase's roles; return its name."""
    url = database_without_schema(postgres)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.read_text("utf-8"))
    return url.rpartition("/")[2]


def database_without_schema(postgres: PostgresServer) -> str:
    """Create a database as Supabase gives one, with its roles and queues; return its address."""
    url = postgres.create_database()
    with psycopg.connect(url, autocommit=True) as connection:
        for role in _ROLES:
            connection.execute(
                f"do $$ begin create role {role} nologin; exception when duplicate_object "
                "then null; end $$"
            )
        connection.execute("create schema pgmq")
        connection.execute(files("pgmq").joinpath("sql/pgmq.sql").read_text("utf-8"))
    return url


@contextmanager
def supabase_database(postgres: PostgresServer, template: str) -> Iterator[SupabaseDatabase]:
    """Make a database for one test."""
    name = f"supabase_{next(_numbers)}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
    try:
        yield SupabaseDatabase(postgres.url(name))
    finally:
        postgres.drop_database(postgres.url(name))


_STATUSES = {"42883": 404, "42P01": 404, "42501": 403, "57014": 500, "P0001": 400, "23505": 409}
"""Statuses of SQLSTATEs. Source: PostgREST 12, "Errors"; any other one is 400 here."""

_RPC = re.compile(r"/rest/v1/rpc/(\w+)")


class RestFront:
    """Answers calls of functions as PostgREST does, each in a transaction as the service role.

    Attributes:
        calls: the functions that were called, in order, with their parameters.
        failing: statuses that the next requests are answered with, ahead of any work.
        losing: whether answers are lost after the work.
    """

    def __init__(self, url: str) -> None:
        self.database_url = url
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failing: list[int] = []
        self.losing = 0
        self.stored: dict[str, bytes] = {}
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                front.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Address of the project."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def names(self) -> list[str]:
        """The functions that were called, in order."""
        return [name for name, _ in self.calls]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if self.failing:
            _send(handler, self.failing.pop(0), {"message": "no server is available"})
            return
        keys = (handler.headers.get("apikey"), handler.headers.get("Authorization"))
        if keys != (SERVICE_KEY, f"Bearer {SERVICE_KEY}"):
            _send(handler, 401, {"message": "Invalid API key"})
            return
        if handler.path.startswith("/storage/v1/object/"):
            self.stored[handler.path.removeprefix("/storage/v1/object/")] = body
            _send(handler, 200, {"Key": handler.path})
            return
        found = _RPC.fullmatch(handler.path)
        if found is None:
            _send(handler, 404, {"code": "PGRST205", "message": "no such path"})
            return
        parameters = json.loads(body)
        self.calls.append((found[1], parameters))
        status, answer = self._call(found[1], parameters)
        if self.losing:
            self.losing -= 1
            handler.close_connection = True
            return
        _send(handler, status, answer)

    def _call(self, function: str, parameters: dict[str, Any]) -> tuple[int, object]:
        query = sql.SQL("select {}({})").format(
            sql.Identifier("public", function),
            sql.SQL(", ").join(
                sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name))
                for name in parameters
            ),
        )
        values = {
            name: Jsonb(value) if isinstance(value, dict | list) else value
            for name, value in parameters.items()
        }
        try:
            with psycopg.connect(self.database_url) as connection:
                connection.execute("set local role service_role")
                connection.execute(f"set local statement_timeout = '{self._timeout(function)}'")
                row = connection.execute(query, values).fetchone()
        except psycopg.Error as error:
            code = error.sqlstate or "PGRST001"
            missing = code == "42883"
            shown = {"code": "PGRST202" if missing else code, "message": str(error).split("\n")[0]}
            if error.sqlstate is None:
                return 503, shown
            return _STATUSES.get(code, 400), {**shown, "details": None, "hint": None}
        return 200, (row[0] or None) if row and not isinstance(row[0], bool) else True

    def _timeout(self, function: str) -> str:
        """Return a function's own statement timeout, which PostgREST sets ahead of the call."""
        query = "select proconfig from pg_proc where proname = %s and proconfig is not null"
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(query, (function,)).fetchone()
        options = dict(each.split("=", 1) for each in (row[0] if row else ()))
        return options.get("statement_timeout", "8s")


def _send(handler: http.server.BaseHTTPRequestHandler, status: int, answer: object) -> None:
    body = json.dumps(answer).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json; charset=utf-8")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
