"""Uploads in parts, for files that are large for one request to a server elsewhere.

Source: the tus resumable upload protocol, version 1.0.0.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

import httpx

from app.cli.exit_codes import CommandError, ExitCode
from app.cli.job_memory import RememberedJob
from app.cli.server_client import ServerClient, checked, not_cuestream, sendable_name

PART_BYTES = 16 * 2**20
"""Below the 30 MB that a load balancer of RunPod passes on."""

_TUS = {"Tus-Resumable": "1.0.0"}
_NOT_THERE = (404, 410)


def upload_in_parts(
    client: ServerClient,
    path: Path,
    job: RememberedJob,
    sent: Callable[[int], None],
    save: Callable[[], None],
    field: str = "file",
) -> str:
    """Send a file, from where an earlier try stopped; return the id of the upload.

    Args:
        client: of the server.
        path: of the file.
        job: remembers the upload.
        sent: called with the share that has arrived, in per cent.
        save: stores what is remembered.
        field: that names the file in the request.

    Raises:
        CommandError: the server refuses it, or the file changes meanwhile.
        httpx.TransportError: the connection was cut.
    """
    with path.open("rb") as file:
        before = _state(file)
        size_bytes = before[0]
        offset = _offset(client, job, path, size_bytes, save, field)
        while offset < size_bytes:
            file.seek(offset)
            part = file.read(PART_BYTES)
            if not part or _state(file) != before:
                raise _changed(path)
            offset = _send(client, job.uploads[field], offset, part)
            sent(100 * offset // size_bytes)
    return job.uploads[field].rpartition("/")[2]


def _state(file: IO[bytes]) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _changed(path: Path) -> CommandError:
    return CommandError(f"{path} changed while it was sent", ExitCode.NO_INPUT)


def _offset(
    client: ServerClient,
    job: RememberedJob,
    path: Path,
    size_bytes: int,
    save: Callable[[], None],
    field: str,
) -> int:
    """Return how much has arrived of the remembered upload, or begin one."""
    if known := job.uploads.get(field):
        response = client.http.head(known, headers=_TUS)
        if response.status_code not in _NOT_THERE:
            return _offset_in(checked(response))
    name = base64.b64encode(sendable_name(path).encode()).decode()
    length = {"Upload-Length": str(size_bytes), "Upload-Metadata": f"filename {name}"}
    headers = {**_TUS, **length}
    response = checked(client.http.post("/api/uploads", headers=headers))
    begun = httpx.URL(response.headers.get("Location", "")).path
    if not begun.rpartition("/")[2]:
        raise not_cuestream(client.address, "it begins no uploads")
    job.uploads[field] = begun
    save()
    return 0


def _send(client: ServerClient, where: str, offset: int, part: bytes) -> int:
    headers = {
        **_TUS,
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    response = client.http.patch(where, headers=headers, content=part)
    if response.status_code == httpx.codes.CONFLICT and "Upload-Offset" in response.headers:
        return _offset_in(response)
    return _offset_in(checked(response))


def _offset_in(response: httpx.Response) -> int:
    arrived = response.headers.get("Upload-Offset", "")
    if not arrived.isdecimal():
        raise CommandError("the server does not say how much has arrived", code="upload_offset")
    return int(arrived)
