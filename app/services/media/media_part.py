"""Parts that media is decoded in, each by a decoder of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from app.services.media.adts_frames import AdtsFrames, is_adts
from app.services.media.ffmpeg_command import (
    FileRange,
    MediaInput,
    MendedFile,
    is_transport_stream,
)
from app.services.media.header_sizes import CorrectedHead, corrected_head, has_sizes
from app.services.media.joined_files import split, starts_in
from app.services.media.mp4_boxes import is_mp4, mended_head
from app.services.media.transport_clock import TransportClock
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

HEAD_BYTES = 2**16
"""Bytes of a part that are looked at: headers of sound files, with tags ahead of their samples."""

_LEAST_BYTES = 200
"""Signature of a container's kind."""

_READ_BYTES = 2**18


@dataclass(frozen=True, slots=True, eq=False)
class MediaPart:
    """One part.

    Attributes:
        source: where the decoder reads it; None where it is written to the decoder.
        head: its first bytes.
        chunks: its bytes, where they are written to the decoder.
        corrected: its header, where that names wrong sizes.
        clock: of a transport stream.
        of_stream: whether it belongs to a stream, so that its length is known at its end.
    """

    source: MediaInput
    head: bytes
    chunks: AsyncIterator[bytes] | None = None
    corrected: CorrectedHead | None = None
    clock: TransportClock | None = None
    of_stream: bool = False


async def file_parts(path: Path) -> list[MediaPart]:
    """Return the parts of a file; more than one where files were joined.

    Raises:
        StorageError: it cannot be read.
    """
    return await DISK.run(_file_parts, path)


async def stream_parts(
    chunks: AsyncGenerator[bytes, None], length: int | None
) -> AsyncGenerator[MediaPart, None]:
    """Yield the parts of a stream, each to be read to its end before the next one.

    Args:
        chunks: all bytes.
        length: of them; None where that is not known.
    """
    first = True
    async with aclosing(split(chunks)) as parts:
        async for part in parts:
            head = b""
            while _shows_too_little(head) and (chunk := await anext(part, b"")):
                head += chunk
            if head:
                yield replace(_fed_part(head, part, length if first else None), of_stream=True)
            first = False


def _shows_too_little(head: bytes) -> bool:
    """Whether more bytes are needed to know how a part is to be decoded."""
    if len(head) < _LEAST_BYTES:
        return True
    if len(head) >= HEAD_BYTES:
        return False
    sound_file = head[8:12] == b"WAVE" or head[:4] == b"FORM"
    adts = head[:3] == b"ID3" or (head[0] == 0xFF and head[1] & 0xF6 == 0xF0)
    return (sound_file and not has_sizes(head)) or (adts and not is_adts(head))


def _file_parts(path: Path) -> list[MediaPart]:
    with storage_errors(), path.open("rb") as file:
        size = path.stat().st_size
        if size == 0:
            return [MediaPart(path, b"")]
        starts = starts_in(file, size)
        ends = [*starts[1:], size]
        heads = []
        for start, end in zip(starts, ends, strict=True):
            file.seek(start)
            heads.append(file.read(min(end - start, HEAD_BYTES)))
    return [
        _file_part(path, head, start, end, whole=len(starts) == 1)
        for head, start, end in zip(heads, starts, ends, strict=True)
    ]


def mended_part(path: Path, head: Path) -> MediaPart | None:
    """Return an MP4 whose boxes do not lead to its index as one part; None for all others.

    Args:
        path: the file.
        head: file for the beginning that it should have.

    Raises:
        StorageError: the one cannot be read or the other not be written.
    """
    with storage_errors():
        with path.open("rb") as file:
            begin = file.read(HEAD_BYTES)
            mended = mended_head(file, path.stat().st_size) if is_mp4(begin) else None
        if mended is None:
            return None
        head.write_bytes(mended.head)
    return MediaPart(MendedFile(head, path, mended.rest), begin)


def _file_part(path: Path, head: bytes, start: int, end: int, *, whole: bool) -> MediaPart:
    filtered = is_transport_stream(head) or is_adts(head)
    if filtered or corrected_head(head, end - start) is not None:
        return _fed_part(head, _read(path, start + len(head), end), end - start)
    return MediaPart(path if whole else FileRange(path, start, end), head)


def _fed_part(head: bytes, rest: AsyncIterator[bytes], size: int | None) -> MediaPart:
    corrected = corrected_head(head, size)
    chunks = _chained(corrected.head if corrected else head, rest)
    clock = TransportClock() if is_transport_stream(head) else None
    if clock is not None:
        chunks = _filtered(chunks, clock)
    elif is_adts(head):
        chunks = _filtered(chunks, AdtsFrames())
    return MediaPart(None, head, chunks, corrected, clock)


async def _chained(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk


async def _filtered(
    chunks: AsyncIterator[bytes], frames: TransportClock | AdtsFrames
) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if ready := frames.feed(chunk):
            yield ready
    yield frames.finish()


async def _read(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with storage_errors():
        file = await DISK.run(path.open, "rb")
    with file:
        file.seek(start)
        while start < end:
            with storage_errors():
                chunk = await DISK.run(file.read, min(_READ_BYTES, end - start))
            if not chunk:
                return
            start += len(chunk)
            yield chunk
