"""The headers of the tus protocol, in which uploads come in parts.

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
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from app.domain.errors import (
    BodyTypeError,
    CuestreamError,
    InvalidFieldError,
    JobCancelledError,
    TimedOutError,
    UploadOffsetError,
    UploadVersionError,
)
from app.routers.dependencies import services
from app.routers.error_responses import error_response
from app.services.uploads.part_writer import Checksum, PartWriter
from app.services.uploads.upload_store import Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
PART_TYPE = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256", "md5")

EXPOSED_HEADERS = (
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
"""What a page of another origin must be allowed to read."""

_SILENCE_S = 30.0
"""A part whose sender is silent for so long is over: its lock must not outlive a lost network."""

_MAX_METADATA_CHARS = 4096
_MAX_NAME_CHARS = 255
_MAX_LENGTH_DIGITS = 18


class TusRoute(APIRoute):
    """A route that speaks tus: it refuses other versions and names ours, in errors too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See the base class."""
        handle = super().get_route_handler()

        async def speak(request: Request) -> Response:
            try:
                _check_version(request)
                response = await handle(request)
            except CuestreamError as error:
                services(request).metrics.error(error.code)
                response = error_response(error)
                if isinstance(error, UploadOffsetError):
                    response.headers["Upload-Offset"] = str(error.offset)
                if isinstance(error, UploadVersionError):
                    response.headers["Tus-Version"] = VERSION
            response.headers["Tus-Resumable"] = VERSION
            return response

        return speak


def _check_version(request: Request) -> None:
    """Let other versions go; a request that names none is taken for ours."""
    asked = request.headers.get("tus-resumable", VERSION)
    if request.method != "OPTIONS" and asked != VERSION:
        raise UploadVersionError(f"This server speaks tus {VERSION}")


def state_headers(upload: Upload) -> dict[str, str]:
    """Return what every answer says of an upload."""
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": formatdate(upload.expires_s, usegmt=True),
        "Cache-Control": "no-store",
    }


def number_in(request: Request, header: str) -> int:
    """Read a header that holds a number of bytes.

    Raises:
        InvalidFieldError: it is missing or no such number.
    """
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_LENGTH_DIGITS):
        raise InvalidFieldError(f"{header} must be a number of bytes")
    return int(text)


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
    """Read what the part must add up to; None when the caller does not say.

    Raises:
        InvalidFieldError: it cannot be read, or its algorithm is none of ours.
    """
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
    """Refuse a body that is no part.

    Raises:
        BodyTypeError: its type is another.
    """
    if not has_part(request):
        raise BodyTypeError(f"The body's type must be {PART_TYPE}")


async def receive(request: Request, writer: PartWriter) -> None:
    """Write the body as it arrives.

    Raises:
        JobCancelledError: the client left in the middle.
        TimedOutError: the client fell silent.
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
