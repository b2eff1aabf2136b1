"""Media that arrives as a row of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.errors import EmptyMediaError
from app.services.media.container_length import PassingLength
from app.services.media.integrity import cut_error, is_cut
from app.services.media.mp4_index import HEAD_BYTES, Mp4Layout, layout_of
from app.system.workdir import storage_errors

_WRITE_BYTES = 2**20
_LEAST_HEAD_BYTES = 1024


def _unchanged(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    return chunks


@dataclass(frozen=True, slots=True, eq=False)
class ByteStream:
    """Media on its way.

    Attributes:
        chunks: the bytes in order; ends in an error where they break off.
        length: bytes in all; None when unknown.
        duration_ms: as whoever sends it says; None when unknown.
        head: what was taken off ``chunks`` to look at.
        layout: what ``head`` tells.
        through: what all bytes pass on their way to whoever takes them.
    """

    chunks: AsyncGenerator[bytes, None]
    length: int | None = None
    duration_ms: int | None = None
    head: bytes = b""
    layout: Mp4Layout = Mp4Layout.UNDECIDED
    through: Callable[[AsyncGenerator[bytes, None]], AsyncGenerator[bytes, None]] = _unchanged

    async def looked_at(self) -> ByteStream:
        """Return the stream with as much of its head as tells how to decode it.

        Raises:
            EmptyMediaError: there are no bytes.
        """
        head = self.head
        layout = self.layout
        while len(head) < _LEAST_HEAD_BYTES or (
            layout is Mp4Layout.UNDECIDED and len(head) < HEAD_BYTES
        ):
            chunk = await anext(self.chunks, b"")
            if not chunk:
                break
            head += chunk
            layout = layout_of(head)
        if not head:
            raise EmptyMediaError("The media is empty")
        if layout is Mp4Layout.UNDECIDED:
            layout = Mp4Layout.INDEX_LAST if len(head) >= HEAD_BYTES else Mp4Layout.STREAM
        return replace(self, head=head, layout=layout)

    def whole(self) -> AsyncGenerator[bytes, None]:
        """Yield all bytes, head first.

        Raises:
            TruncatedMediaError: fewer came than the media's own structure promises.
        """
        return self.through(self._whole())

    async def _whole(self) -> AsyncGenerator[bytes, None]:
        received, passing = 0, PassingLength()
        async with aclosing(self.chunks):
            async for chunk in _joined(self.head, self.chunks):
                received += len(chunk)
                passing.feed(chunk)
                yield chunk
        if is_cut(received, passing.finish()):
            raise cut_error()


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for chunk in rest:
        yield chunk


async def spool(chunks: AsyncGenerator[bytes, None], path: Path) -> None:
    """Write a stream into a file.

    Raises:
        StorageError: the disk is full or not writable.
    """
    with storage_errors():
        file = path.open("wb", buffering=_WRITE_BYTES)
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                with storage_errors():
                    await asyncio.to_thread(file.write, chunk)
    finally:
        with storage_errors():
            file.close()
