"""Uploads in parts, for files that are large for one request to a server elsewhere.

Source: the tus resumable upload protocol, version 1.0.0.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from app.cli.exit_codes import CommandError
from app.cli.job_memory import RememberedJob
from app.cli.server_client import ServerClient, checked, unreachable

PART_BYTES = 16 * 2**20
"""Below the 30 MB that a load balancer of RunPod passes on."""

_TUS = {"Tus-Resumable": "1.0.0"}
_ATTEMPTS = 8
_NOT_THERE = (404, 410)


def upload_in_parts(
    client: ServerClient,
    path: Path,
    job: RememberedJob,
    sent: Callable[[int], None],
    save: Callable[[], None],
) -> str:
    """Send a file, from where an earlier run stopped; return the id of the upload.

    Args:
        client: of the server.
        path: of the file.
        job: remembers the upload.
        sent: is told the share that has arrived, in per cent.
        save: stores what is remembered.

    Raises:
        CommandError: the server refuses it or stays out of reach.
    """
    size_bytes = path.stat().st_size
    failures = 0
    with path.open("rb") as file:
        while True:
            try:
                offset = _offset(client, job, path, size_bytes, save)
                while offset < size_bytes:
                    file.seek(offset)
                    offset = _send(client, job.upload, offset, file.read(PART_BYTES))
                    sent(100 * offset // size_bytes)
                    failures = 0
                return job.upload.rpartition("/")[2]
            except httpx.TransportError as error:
                failures += 1
                if failures == _ATTEMPTS:
                    raise unreachable(client.address, error) from None
                time.sleep(2 ** min(failures, 5))


def _offset(
    client: ServerClient,
    job: RememberedJob,
    path: Path,
    size_bytes: int,
    save: Callable[[], None],
) -> int:
    """Return how much has arrived of the remembered upload, or begin one."""
    if job.upload:
        response = client.http.head(job.upload, headers=_TUS)
        if response.status_code not in _NOT_THERE:
            return int(checked(response).headers["Upload-Offset"])
    name = base64.b64encode(path.name.encode(errors="replace")).decode()
    length = {"Upload-Length": str(size_bytes), "Upload-Metadata": f"filename {name}"}
    headers = {**_TUS, **length}
    response = checked(client.http.post("/api/uploads", headers=headers))
    job.upload = httpx.URL(response.headers["Location"]).path
    save()
    return 0


def _send(client: ServerClient, where: str, offset: int, part: bytes) -> int:
    headers = {
        **_TUS,
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    response = client.http.patch(where, headers=headers, content=part)
    if response.status_code == httpx.codes.CONFLICT:
        if "Upload-Offset" not in response.headers:
            raise CommandError("the upload stands elsewhere than it should", code="upload_offset")
        return int(response.headers["Upload-Offset"])
    return int(checked(response).headers["Upload-Offset"])
