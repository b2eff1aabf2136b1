"""A sink that writes a download into a temporary file."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.services.cache.cache_folder import CacheFolder, remove, write_all

_WRITE_BYTES = 2**20


class CacheWriter:
    """A `Sink` that writes into a temporary file of the cache folder, a mebibyte at a time.

    A disk that fails, or more bytes than may be cached, ends only the writing.

    Args:
        folder: of the cache.
        directory: of the temporary file, within the cache folder.
        max_bytes: longer downloads are not cached.
        on_complete: called with the complete download and the SHA-256 of its bytes.
    """

    def __init__(
        self,
        folder: CacheFolder,
        directory: Path,
        max_bytes: int,
        on_complete: Callable[[CacheWriter, str], None],
    ) -> None:
        self._folder = folder
        self._directory = directory
        self._max_bytes = max_bytes
        self._on_complete = on_complete
        self._pending = bytearray()
        self._file: BinaryIO | None = None
        self._temporary: Path | None = None
        self._broken = False
        # A reader that leaves does not stop a write that a thread has begun.
        self._lock = threading.Lock()
        self.length = 0

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.length += len(chunk)
        if self._broken:
            return
        self._pending += chunk
        if self.length > self._max_bytes:
            await self.discard()
        elif len(self._pending) >= _WRITE_BYTES:
            part, self._pending = bytes(self._pending), bytearray()
            if not await self._folder.disk.run(lambda: self._append(part), False):
                await self.discard()

    def complete(self, content: str) -> None:
        """Hand the file over, unless it is empty or the disk failed."""
        if self.length and not self._broken:
            self._on_complete(self, content)

    async def discard(self) -> None:
        """Write no more, and remove the temporary file."""
        self._broken = True
        self._pending.clear()
        await self._folder.disk.run(self._remove, None)

    def finish(self) -> tuple[BinaryIO, Path]:
        """Write the rest, in a thread; return the file, open for reading, and its path.

        Raises:
            OSError: the disk failed.
        """
        self._append(bytes(self._pending))
        with self._lock:
            if self._file is None or self._temporary is None:
                raise FileNotFoundError("the download is not kept any more")
            os.fsync(self._file.fileno())
            self._file.close()
            return self._temporary.open("rb"), self._temporary

    def _append(self, part: bytes) -> bool:
        with self._lock:
            if self._file is None:
                self._file, self._temporary = self._folder.create_temporary(self._directory)
            write_all(self._file, part)
            return True

    def _remove(self) -> None:
        with self._lock:
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
            if self._temporary is not None:
                remove(self._temporary)
            self._file = self._temporary = None
