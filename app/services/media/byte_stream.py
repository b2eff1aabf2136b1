"""Stream of a media file's bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.errors import EmptyMediaError
from app.services.media.container_length import StreamLengthParser
from app.services.media.header_sizes import corrected_head
from app.services.media.integrity import is_truncated, truncated_error
from app.services.media.mp4_index import HEAD_BYTES, StreamLayout, detect_layout
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_WRITE_BYTES = 2**20
_LEAST_HEAD_BYTES = 1024


def _unchanged(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    return chunks


@dataclass(frozen=True, slots=True, eq=False)
class ByteStream:
    """Media that is still being received.

    Attributes:
        chunks: the bytes in order; ends in an error where they break off.
        length: bytes in all; None when unknown.
        duration_ms: as the sender says; None when unknown.
        head: first bytes, which were taken off ``chunks``.
        layout: of the container, as far as ``head`` shows it.
        tee: copies the bytes on their way to the reader, into a cache for instance.
    """

    chunks: AsyncGenerator[bytes, None]
    length: int | None = None
    duration_ms: int | None = None
    head: bytes = b""
    layout: StreamLayout = StreamLayout.UNDECIDED
    tee: Callable[[AsyncGenerator[bytes, None]], AsyncGenerator[bytes, None]] = _unchanged

    async def peek(self, least_bytes: int = _LEAST_HEAD_BYTES) -> ByteStream:
        """Return the stream with enough of its head read to know how to decode it.

        Args:
            least_bytes: of the head, where there are as many.

        Raises:
            EmptyMediaError: there are no bytes.
        """
        head = self.head
        layout = self.layout
        while len(head) < least_bytes or (
            layout is StreamLayout.UNDECIDED and len(head) < HEAD_BYTES
        ):
            chunk = await anext(self.chunks, b"")
            if not chunk:
                break
            head += chunk
            layout = detect_layout(head)
        if not head:
            raise EmptyMediaError("The media is empty")
        if layout is StreamLayout.UNDECIDED:
            layout = StreamLayout.INDEX_LAST if len(head) >= HEAD_BYTES else StreamLayout.STREAM
        return replace(self, head=head, layout=layout)

    def all_bytes(self) -> AsyncGenerator[bytes, None]:
        """Yield all bytes, head first.

        Raises:
            TruncatedMediaError: fewer came than the container's structure requires.
        """
        return self.tee(self._checked_bytes())

    async def _checked_bytes(self) -> AsyncGenerator[bytes, None]:
        received, parser = 0, StreamLengthParser()
        claims_too_much = corrected_head(self.head, self.length) is not None
        async with aclosing(self.chunks):
            async for chunk in _joined(self.head, self.chunks):
                received += len(chunk)
                parser.feed(chunk)
                yield chunk
        if is_truncated(received, parser.finish()) and not claims_too_much:
            raise truncated_error()


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for chunk in rest:
        yield chunk


async def spool(chunks: AsyncGenerator[bytes, None], path: Path) -> None:
    """Write a stream to a file.

    Raises:
        StorageError: the disk is full or not writable.
    """
    with storage_errors():
        file = path.open("wb", buffering=_WRITE_BYTES)
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                with storage_errors():
                    await DISK.run(file.write, chunk)
    finally:
        with storage_errors():
            file.close()
