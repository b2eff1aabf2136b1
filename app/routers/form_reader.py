"""Multipart forms that come with files, which are written to disk as they arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.container import Services
from app.domain.errors import (
    BadRequestError,
    JobCancelledError,
    NamedFieldError,
    StorageError,
)
from app.domain.request import UploadedFile
from app.routers.edge.request_body import body_of, is_multipart
from app.routers.form_parts import MAX_FIELD_BYTES, TextField, UploadSink
from app.routers.multipart import MultipartForm, PartSink
from app.services.uploads.upload_room import owner_of
from app.system.thread_groups import DISK

BLOCK_BYTES = 2**16
"""Bytes that are parsed at a time: a form may come in pieces of a byte."""


@contextmanager
def received_files(
    request: Request, services: Services, names: Sequence[str]
) -> Iterator[Mapping[str, UploadSink]]:
    """Yield a sink for each file of a form.

    Files that have arrived stay, and belong to the caller; where it raises, all are removed.

    Args:
        request: with the form; its caller's share of the room for uploads is used meanwhile.
        services: of the process.
        names: of the parts.
    """
    owner = owner_of(body_of(request).caller)
    room = services.uploads.room
    sinks = {name: UploadSink(services.workdir.new_file(".upload"), room, owner) for name in names}
    try:
        yield sinks
    except BaseException:
        for sink in sinks.values():
            sink.discard()
        raise
    finally:
        for sink in sinks.values():
            sink.give_room_back()


async def read_files_form(
    request: Request, services: Services, names: Sequence[str], files: Sequence[str]
) -> tuple[dict[str, str], dict[str, UploadedFile]]:
    """Read a form with several files and text fields; parts of other names are ignored.

    Args:
        request: with the form.
        services: of the process.
        names: of the text fields.
        files: names of the parts that are files, whether they have a file name or not.

    Returns:
        The texts of the fields that are not empty, and the files by name; the caller removes them.

    Raises:
        BadRequestError: a part comes twice, or a file is cut off.
        StorageError: an upload cannot be written.
        PayloadTooLargeError: it is too large.
    """
    with received_files(request, services, files) as sinks:
        fields = {name: TextField(name=name) for name in names if name not in sinks}
        await parse_form(request, {**fields, **sinks})
        if any(sink.seen and not sink.complete for sink in sinks.values()):
            raise BadRequestError("The upload is cut off")
        texts = {name: " ".join(field.texts).strip() for name, field in fields.items()}
        found = {name: sink.upload() for name, sink in sinks.items() if sink.seen}
        for name, sink in sinks.items():
            if name not in found:
                sink.discard()
        return {name: text for name, text in texts.items() if text}, found


async def read_file_fields(
    request: Request,
    services: Services,
    names: Sequence[str],
    lists: Sequence[str] = (),
    large: Mapping[str, int] = MappingProxyType({}),
) -> tuple[dict[str, list[str]], UploadedFile]:
    """Read a form with a file and text fields; fields of other names are ignored.

    Args:
        request: with the form.
        services: of the process.
        names: of the fields.
        lists: names of those that may come several times, with brackets behind them or without.
        large: limits of those that may be longer than usual, in bytes.

    Returns:
        The texts of the fields that are not empty, and the file.

    Raises:
        BadRequestError: it is no form, has no file, or a field twice that is no list.
        StorageError: the upload cannot be written.
        PayloadTooLargeError: it is too large.
    """
    if not is_multipart(request):
        raise BadRequestError("Send a multipart form with a part named file")
    fields = {
        name: TextField(large.get(name, MAX_FIELD_BYTES), repeats=name in lists, name=name)
        for name in (*names, *lists)
    }
    with received_files(request, services, ["file"]) as sinks:
        file = sinks["file"]
        await parse_form(request, {**fields, **sinks})
        if not file.is_sent:
            raise NamedFieldError("file", "the form has no part named file")
        if not file.complete:
            raise BadRequestError("The upload is cut off")
        stripped = {name: [t.strip() for t in field.texts] for name, field in fields.items()}
        texts = {name: [text for text in found if text] for name, found in stripped.items()}
        return {name: found for name, found in texts.items() if found}, file.upload()


async def receive_blocks(request: Request, write: Callable[[bytes], Awaitable[None]]) -> None:
    """Hand a body on in blocks as it comes; the last one may be small or empty.

    Raises:
        JobCancelledError: the client left.
    """
    pending = bytearray()
    try:
        async for piece in request.stream():
            pending += piece
            if len(pending) >= BLOCK_BYTES:
                await write(bytes(pending))
                pending.clear()
        await write(bytes(pending))
    except ClientDisconnect:
        raise JobCancelledError("The client left during the upload") from None


async def parse_form(request: Request, sinks: Mapping[str, PartSink]) -> None:
    """Read a form into sinks.

    Raises:
        BadRequestError: it cannot be understood.
        JobCancelledError: the client left.
        StorageError: the disk is full.
        OverloadedError: the memory for bodies is used up.
    """
    form = MultipartForm(request.headers.get("content-type", ""), sinks)
    kept = 0

    async def write(block: bytes) -> None:
        nonlocal kept
        await DISK.run(form.write, block)
        before, kept = kept, sum(sink.kept_bytes for sink in sinks.values())
        body_of(request).keep(kept - before)

    try:
        await receive_blocks(request, write)
    except OSError:
        raise StorageError("The upload cannot be stored: the disk is full") from None
