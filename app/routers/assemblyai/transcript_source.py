"""Recordings of AssemblyAI's clients: uploads of theirs, and addresses."""

from __future__ import annotations

import re
from contextlib import suppress

from fastapi import Request

from app.container import Services
from app.domain.errors import UploadNotFoundError
from app.domain.request import MediaUrl, UploadedFile
from app.routers.edge.request_body import body_of
from app.routers.raw_upload import read_raw_upload
from app.services.net.fetch import check_url
from app.system.thread_groups import DISK

_UPLOAD = re.compile(r"https?://[^/?#]+/(?:.*/)?v2/upload/([0-9a-f]{32})")
"""The address of an upload, also as a proxy that shows this server under a path has it."""


async def store_upload(request: Request, services: Services) -> str:
    """Store the body of a request; return the id of the upload.

    Raises:
        CuestreamError: as `read_raw_upload`, or there is no room.
    """
    file = await read_raw_upload(request, services)
    try:
        return await services.uploads.adopt(file, body_of(request).caller)
    finally:
        with suppress(OSError):
            await DISK.run(file.path.unlink, True)


async def transcript_source(
    address: str, base_url: str, services: Services
) -> UploadedFile | MediaUrl:
    """Return the recording at an address; who gets a file removes it.

    Args:
        address: of an upload of this server, or any other.
        base_url: of this server as the client knows it.
        services: of the process.

    Raises:
        UploadNotFoundError: this server has no such upload any more.
        UrlBlockedError: the address must not be reached.
        StorageError: the disk is full.
    """
    found = _UPLOAD.fullmatch(address)
    if found is not None:
        try:
            return await services.uploads.claim(found[1], services.workdir)
        except UploadNotFoundError:
            if address.startswith(f"{base_url}/"):
                raise
    check_url(address)
    return MediaUrl(address)
