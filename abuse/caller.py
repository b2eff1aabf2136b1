"""A hostile caller's connections, from an address of his own."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from abuse.hostile_site import HostileSite

ADDRESS = "127.0.0.66"
"""Where the attacks come from; everybody else calls from 127.0.0.1."""

_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class HostileCaller:
    """Calls the server at a port of 127.0.0.1; what it answers is returned in short.

    Attributes:
        port: of the server.
        site: that he controls.
        folder: for the files that he makes.
        wyoming_port: of the server's listener for Home Assistant.
    """

    port: int
    site: HostileSite
    folder: Path
    wyoming_port: int

    def post(self, path: str, content: bytes | Iterable[bytes], kind: str) -> str:
        """Send a body; return the status and, of an error, its code."""
        return self._ask("POST", path, content=content, headers={"Content-Type": kind})

    def post_json(self, path: str, body: object) -> str:
        """Send a value as JSON."""
        return self.post(path, json.dumps(body).encode(), "application/json")

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        """Ask for something."""
        return self._ask("GET", path, headers=headers)

    def leave_after(self, path: str, body: object, seconds: float) -> str:
        """Send JSON and hang up without reading the answer."""
        with suppress(httpx.HTTPError), self._client(seconds) as client:
            client.post(path, json=body)
        return "left"

    def raw(self, *pieces: bytes, read: bool = True) -> str:
        """Send bytes over a connection; return the start of the answer's first line."""
        with self.connection() as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                return connection.recv(64).decode("latin-1")[9:12] if read else "sent"
            except OSError:
                return "cut"

    def connection(self, port: int | None = None) -> socket.socket:
        """Return an open connection to a port, that of HTTP unless given."""
        return socket.create_connection(
            ("127.0.0.1", port or self.port), _LIMIT_S, source_address=(ADDRESS, 0)
        )

    def held(self, count: int, first: bytes) -> list[socket.socket]:
        """Open so many connections and send the same bytes over each; those that were taken."""
        opened: list[socket.socket] = []
        for _ in range(count):
            with suppress(OSError):
                connection = self.connection()
                opened.append(connection)
                connection.sendall(first)
        return opened

    def at_once(self, count: int, attack: Callable[[int], str]) -> str:
        """Run an attack so many times at once; return the answers with their counts."""
        with ThreadPoolExecutor(count) as pool:
            answers = list(pool.map(attack, range(count)))
        return ", ".join(f"{answers.count(one)} x {one}" for one in sorted(set(answers)))

    def _ask(self, method: str, path: str, **options: Any) -> str:
        try:
            with self._client(_LIMIT_S) as client, client.stream(method, path, **options) as answer:
                return f"{answer.status_code}{_code(answer.iter_bytes())}"
        except httpx.TimeoutException:
            return "no answer"
        except httpx.HTTPError:
            return "cut"

    def _client(self, limit_s: float) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=ADDRESS)
        base = f"http://127.0.0.1:{self.port}"
        return httpx.Client(base_url=base, timeout=limit_s, transport=transport)


def _code(pieces: Iterator[bytes]) -> str:
    """Return the code of the first error in an answer's first 64 KiB, after a blank."""
    read = b""
    for piece in pieces:
        read += piece
        if len(read) > 2**16:
            break
    found = read.partition(b'"code":')[2].strip().partition(b'"')[2].partition(b'"')[0]
    return f" {found.decode('latin-1')}" if found else ""
