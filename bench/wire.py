"""Lightweight HTTP client for many concurrent streams.

It speaks just enough HTTP/1.1 over asyncio's streams. A library's client costs several times
the CPU time for each event, which on the same machine would be taken from the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figure import BenchError

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as it was received.

    Attributes:
        at_s: monotonic time of its last byte.
        data: its JSON.
    """

    at_s: float
    data: Mapping[str, Any]

    @property
    def is_stage(self) -> bool:
        """Whether it carries the stage, which the extension passes on to its page as progress."""
        return "message" in self.data and self.data.get("stage") not in (None, "subtitles")

    @property
    def is_cues(self) -> bool:
        """Whether it brings final cues."""
        return self.data.get("stage") == "subtitles"

    @property
    def is_final(self) -> bool:
        """Whether it ends the stream: a result, an error or a farewell."""
        return "result" in self.data or "error" in self.data


class Connection:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect."""
        return cls(*await asyncio.open_connection(_HOST, port))

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> dict[str, str]:
        """Send a request; return the answer's headers, in lower case.

        Raises:
            BenchError: the status is not 200.
        """
        lines = [f"{method} {path} HTTP/1.1", f"Host: {_HOST}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self._writer.drain()
        status = await self._reader.readline()
        answer: dict[str, str] = {}
        while (line := await self._reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            answer[name.lower()] = value.strip()
        if status.split()[1:2] != [b"200"]:
            said = await self._reader.readexactly(int(answer.get("content-length", 0)))
            raise BenchError(f"{method} {path}: {status.decode().strip()} {said.decode()}")
        return answer

    async def read(self, headers: Mapping[str, str]) -> bytes:
        """Return a body of the headers' `content-length`."""
        return await self._reader.readexactly(int(headers["content-length"]))

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield a stream's events as they come; comments are left out."""
        pending = b""
        while chunk := await self._chunk():
            pending += chunk
            *whole, pending = pending.split(b"\n\n")
            for raw in whole:
                for line in raw.split(b"\n"):
                    if line.startswith(b"data:"):
                        yield Frame(time.monotonic(), json.loads(line[5:]))

    async def _chunk(self) -> bytes:
        """Return the next chunk of the body; nothing at its end, orderly or not."""
        try:
            size = int(await self._reader.readline() or b"0", 16)
            return (await self._reader.readexactly(size + 2))[:size]
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


class Stream:
    """A job's events.

    Attributes:
        job_id: for others who want to follow the same job.
        asked_s: monotonic time at which the request began, connecting and upload included.
    """

    def __init__(self, connection: Connection, job_id: str, asked_s: float) -> None:
        self._connection = connection
        self.job_id = job_id
        self.asked_s = asked_s

    def frames(self) -> AsyncIterator[Frame]:
        """Yield the events to the end of the stream."""
        return self._connection.frames()

    async def close(self) -> None:
        """Stop reading."""
        await self._connection.close()


@asynccontextmanager
async def upload(port: int, media: Path, **fields: str) -> AsyncIterator[Stream]:
    """Send a file to `/api/stream` as a new job and read its stream within the block."""
    boundary = uuid.uuid4().hex
    fields = {"force_refresh": "true", **fields}
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{media.name}"'
        "\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    file = await asyncio.to_thread(media.read_bytes)
    body = "".join(parts).encode() + file + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Accept": "text/event-stream",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(body)),
    }
    async with _stream(port, "POST", "/api/stream", headers, body) as stream:
        yield stream


@asynccontextmanager
async def follow(port: int, job_id: str) -> AsyncIterator[Stream]:
    """Read a running job's stream from its first event on, within the block."""
    headers = {"Accept": "text/event-stream"}
    async with _stream(port, "GET", f"/api/jobs/{job_id}/events", headers) as stream:
        yield stream


@asynccontextmanager
async def _stream(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> AsyncIterator[Stream]:
    asked_s = time.monotonic()
    connection = await Connection.open(port)
    try:
        answer = await connection.ask(method, path, headers, body)
        yield Stream(connection, answer["x-job-id"], asked_s)
    finally:
        await connection.close()
