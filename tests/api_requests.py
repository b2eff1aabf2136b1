"""Requests that many tests send to a server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.server import Frames, ServerProcess, read_stream

SSE = {"Accept": "text/event-stream"}


def stream_file(
    server: ServerProcess, path: Path, route: str = "/api/stream", **fields: str
) -> Frames:
    """Upload a file and read its stream to the end."""
    with (
        server.client() as client,
        path.open("rb") as file,
        client.stream(
            "POST", route, files={"file": (path.name, file)}, data=fields, headers=SSE
        ) as response,
    ):
        assert response.status_code == 200, response.read()
        return read_stream(response)


def stream_json(
    server: ServerProcess,
    body: dict[str, Any],
    route: str = "/api/stream",
    limit: int | None = None,
) -> Frames:
    """Post a JSON body and read its stream, to the end or for some frames."""
    with (
        server.client() as client,
        client.stream("POST", route, json=body, headers=SSE) as response,
    ):
        assert response.status_code == 200, response.read()
        return read_stream(response, limit)


def engine_busy_s(server: ServerProcess) -> float:
    """Return how long the server's engines have worked so far, in seconds."""
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    [line] = [line for line in lines if line.startswith("cuestream_engine_busy_seconds ")]
    return float(line.rsplit(" ", 1)[1])


def poll_health(server: ServerProcess, polls: int) -> None:
    """Poll the health checks of a server one after the other; each must answer."""
    with server.client() as client:
        for poll in range(polls):
            assert client.get("/ping" if poll % 2 else "/health").status_code == 200
            time.sleep(0.02)


def post_file(server: ServerProcess, path: Path, route: str = "/api/process", **fields: str) -> Any:
    """Upload a file and return the plain answer."""
    with server.client() as client, path.open("rb") as file:
        return client.post(route, files={"file": (path.name, file)}, data=fields)
