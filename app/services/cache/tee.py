"""A download that is kept while it passes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol


class Sink(Protocol):
    """Where the bytes go besides."""

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes; trouble is the sink's own."""
        ...

    def keep(self, content: str) -> None:
        """The bytes were all; does not wait for the disk."""
        ...

    async def discard(self) -> None:
        """The bytes were not all."""
        ...


class NullSink:
    """Keeps nothing."""

    async def write(self, chunk: bytes) -> None:
        """Do nothing."""

    def keep(self, content: str) -> None:
        """Do nothing."""

    async def discard(self) -> None:
        """Do nothing."""


class Tee:
    """Passes a download on, hashes it, and has it kept if it was complete.

    Attributes:
        chunks: the same bytes. Close it when it is not read to its end.
        content: SHA-256 of all bytes, hexadecimal, as an upload's; None until ``chunks`` has
            ended without an error.
    """

    def __init__(self, source: AsyncGenerator[bytes, None], sink: Sink) -> None:
        self._source = source
        self._sink = sink
        self.content: str | None = None
        self.chunks: AsyncGenerator[bytes, None] = self._passed_on()

    async def _passed_on(self) -> AsyncGenerator[bytes, None]:
        digest = hashlib.sha256()
        try:
            async with aclosing(self._source) as source:
                async for chunk in source:
                    digest.update(chunk)
                    await self._sink.write(chunk)
                    yield chunk
            self.content = digest.hexdigest()
            self._sink.keep(self.content)
        finally:
            if self.content is None:
                await self._sink.discard()
