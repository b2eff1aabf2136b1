"""Requests that many tests send to a server."""

from __future__ import annotations

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


def post_file(server: ServerProcess, path: Path, route: str = "/api/process", **fields: str) -> Any:
    """Upload a file and return the plain answer."""
    with server.client() as client, path.open("rb") as file:
        return client.post(route, files={"file": (path.name, file)}, data=fields)
