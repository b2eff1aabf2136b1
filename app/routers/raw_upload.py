"""A body that is a file itself, written to disk as it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.container import Services
from app.domain.errors import EmptyMediaError, JobCancelledError, StorageError
from app.domain.request import UploadedFile
from app.routers.form_reader import received_files
from app.system.thread_groups import DISK

_BODY = "body"
_BLOCK_BYTES = 2**16
"""Bytes that are written at a time: a body may come in pieces of a byte."""


def _no_head(_: bytes) -> bytes:
    return b""


async def read_raw_upload(
    request: Request, services: Services, head_of: Callable[[bytes], bytes] = _no_head
) -> UploadedFile:
    """Return the body of a request as a file; who gets it removes it.

    Args:
        request: its route may read uploads.
        services: of the process.
        head_of: returns what is written ahead of a body, by its first bytes.

    Raises:
        EmptyMediaError: nothing came.
        JobCancelledError: the client left.
        StorageError: there is no room.
        CuestreamError: the body is too large, or too slow.
    """
    with received_files(request, services, [_BODY]) as sinks:
        sink = sinks[_BODY]
        came = False
        sink.begin(None, request.headers.get("content-type", "").partition(";")[0].strip())
        try:
            async for block in _blocks(request):
                await DISK.run(sink.write, block if came else head_of(block) + block)
                came = True
            await DISK.run(sink.finish)
        except ClientDisconnect:
            raise JobCancelledError("The client left during the upload") from None
        except OSError:
            raise StorageError("The upload cannot be stored: the disk is full") from None
        if not came:
            raise EmptyMediaError("The body is empty: send the recording itself")
        return sink.upload()


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in blocks; only the last one is shorter than the others."""
    pending = bytearray()
    async for piece in request.stream():
        pending += piece
        if len(pending) >= _BLOCK_BYTES:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)
