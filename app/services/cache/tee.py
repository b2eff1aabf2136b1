"""A byte stream that is copied into a sink while it is read."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol


class Sink(Protocol):
    """Receives the copy; its own failures never reach the reader."""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        ...

    def complete(self, content: str) -> None:
        """Take note that all bytes came; does not wait for the disk.

        Args:
            content: SHA-256 of all bytes, hexadecimal.
        """
        ...

    async def discard(self) -> None:
        """Take note that the stream ended early."""
        ...


class NullSink:
    """A `Sink` that stores nothing."""

    async def write(self, chunk: bytes) -> None:
        """Do nothing."""

    def complete(self, content: str) -> None:
        """Do nothing."""

    async def discard(self) -> None:
        """Do nothing."""


class Tee:
    """Passes a byte stream on, hashes it and copies it into a sink.

    Attributes:
        chunks: the same bytes. Close it when it is not read to its end.
        content: SHA-256 of all bytes, hexadecimal, as an upload's; None until ``chunks`` has
            ended without an error.
    """

    def __init__(self, source: AsyncGenerator[bytes, None], sink: Sink) -> None:
        self._source = source
        self._sink = sink
        self.content: str | None = None
        self.chunks: AsyncGenerator[bytes, None] = self._copied()

    async def _copied(self) -> AsyncGenerator[bytes, None]:
        digest = hashlib.sha256()
        try:
            async with aclosing(self._source) as source:
                async for chunk in source:
                    digest.update(chunk)
                    await self._sink.write(chunk)
                    yield chunk
            self.content = digest.hexdigest()
            self._sink.complete(self.content)
        finally:
            if self.content is None:
                await self._sink.discard()
