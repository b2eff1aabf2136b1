"""Headers of the tus protocol for resumable uploads.

Source: the tus resumable upload protocol, version 1.0.0: its core and the extensions creation,
creation-with-upload, termination, expiration and checksum.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from email.utils import formatdate
from pathlib import PurePosixPath
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from app.domain.errors import (
    BodyTypeError,
    InvalidFieldError,
    JobCancelledError,
    RepeatedFieldError,
    TimedOutError,
    UploadVersionError,
)
from app.routers.access.guarded_route import GuardedRoute
from app.routers.tus_version import TUS_VERSION
from app.services.uploads.part_writer import Checksum, PartWriter
from app.services.uploads.upload_store import Upload

EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
PART_TYPE = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256", "md5")

TUS_EXPOSED_HEADERS = (
    "Location",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
)
"""Response headers that a page of another origin must be allowed to read."""

_SILENCE_S = 30.0
"""A part whose sender is silent for so long is ended: its lock must not outlive a lost network."""

_MAX_METADATA_CHARS = 4096
_MAX_NAME_CHARS = 255
_MAX_LENGTH_DIGITS = 18


class TusRoute(GuardedRoute):
    """A route that speaks our version of tus and refuses others.

    Errors get the header of the version from their row of `ERROR_SHAPES`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See the base class."""
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            _check_version(request)
            response = await handle(request)
            response.headers["Tus-Resumable"] = TUS_VERSION
            return response

        return respond


def _check_version(request: Request) -> None:
    """Refuse other versions; a request that names none is taken for ours."""
    version = request.headers.get("tus-resumable", TUS_VERSION)
    if request.method != "OPTIONS" and version != TUS_VERSION:
        raise UploadVersionError(f"This server speaks tus {TUS_VERSION}")


def state_headers(upload: Upload) -> dict[str, str]:
    """Return the headers with an upload's state, which every answer has."""
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": formatdate(upload.expires_s, usegmt=True),
        "Cache-Control": "no-store",
    }


def number_in(request: Request, header: str) -> int:
    """Parse a header with a number of bytes.

    Raises:
        RepeatedFieldError: it comes twice.
        InvalidFieldError: it is missing or no such number.
    """
    _check_once(request, header)
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_LENGTH_DIGITS):
        raise InvalidFieldError(f"{header} must be a number of bytes")
    return int(text)


def _check_once(request: Request, header: str) -> None:
    if len(request.headers.getlist(header)) > 1:
        raise RepeatedFieldError(header)


def name_in(metadata: str) -> str:
    """Read the file's name; empty where there is none.

    Raises:
        InvalidFieldError: the metadata cannot be read.
    """
    if len(metadata) > _MAX_METADATA_CHARS:
        raise InvalidFieldError("Upload-Metadata is too long")
    found: dict[str, str] = {}
    for pair in metadata.split(","):
        key, _, value = pair.strip().partition(" ")
        found[key] = _decoded(value, "Upload-Metadata").decode("utf-8", "replace")
    name = found.get("filename") or found.get("name") or ""
    return PurePosixPath(name.replace("\\", "/")).name[:_MAX_NAME_CHARS]


def checksum_in(request: Request) -> Checksum | None:
    """Read the checksum of the part; None when the client sent none.

    Raises:
        InvalidFieldError: it cannot be read, or its algorithm is not supported.
    """
    _check_once(request, "Upload-Checksum")
    header = request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, digest = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise InvalidFieldError(f"Upload-Checksum must be one of {', '.join(ALGORITHMS)}")
    return Checksum(algorithm, _decoded(digest, "Upload-Checksum"))


def has_part(request: Request) -> bool:
    """Whether the body is a part of an upload."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == PART_TYPE


def check_part_type(request: Request) -> None:
    """Refuse a body of another content type than a part's.

    Raises:
        BodyTypeError: it has another type.
    """
    if not has_part(request):
        raise BodyTypeError(f"The body's type must be {PART_TYPE}")


async def receive(request: Request, writer: PartWriter) -> None:
    """Write the body as it arrives.

    Raises:
        JobCancelledError: the client disconnected.
        TimedOutError: the client sent nothing for too long.
        InvalidFieldError: more bytes than the upload was to have.
        StorageError: the disk is full or not writable.
    """
    # A stream that another reads ahead of us cannot be closed twice: it is closed here alone.
    body: AsyncGenerator[bytes, None] = request.stream()
    async with aclosing(body):
        try:
            while True:
                async with asyncio.timeout(_SILENCE_S):
                    piece = await anext(body, None)
                if piece is None:
                    return
                await writer.write(piece)
        except ClientDisconnect:
            raise JobCancelledError("The client left during the upload") from None
        except TimeoutError:
            raise TimedOutError("The upload fell silent; go on where it stopped") from None


def _decoded(text: str, header: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidFieldError(f"{header} must be written in base64") from None
