"""A file that a download is written into while it passes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.services.cache.disk_executor import DiskExecutor
from app.services.cache.folder import Folder, remove, write_all

_WRITE_BYTES = 2**20


class CacheWriter:
    """A `Sink` that writes into a passing file of the folder, a mebibyte at a time.

    A disk that fails, or more bytes than are worth keeping, ends the writing alone.

    Args:
        folder: the tree.
        place: folder of the passing file, within the tree.
        disk: does the work.
        most_bytes: what is longer is not kept.
        keep: is handed what is complete, and the hash of its bytes.
    """

    def __init__(
        self,
        folder: Folder,
        place: Path,
        disk: DiskExecutor,
        most_bytes: int,
        keep: Callable[[CacheWriter, str], None],
    ) -> None:
        self._folder = folder
        self._place = place
        self._disk = disk
        self._most_bytes = most_bytes
        self._keep = keep
        self._pending = bytearray()
        self._file: BinaryIO | None = None
        self._passing: Path | None = None
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
        if self.length > self._most_bytes:
            await self.discard()
        elif len(self._pending) >= _WRITE_BYTES:
            part, self._pending = bytes(self._pending), bytearray()
            if not await self._disk.attempt(lambda: self._append(part), False):
                await self.discard()

    def keep(self, content: str) -> None:
        """Hand the file over, unless nothing came or the disk failed."""
        if self.length and not self._broken:
            self._keep(self, content)

    async def discard(self) -> None:
        """Write no more, and remove what was written."""
        self._broken = True
        self._pending.clear()
        await self._disk.attempt(self._drop, None)

    def finish(self) -> tuple[BinaryIO, Path]:
        """Write the rest, in a thread; return the file, open for reading, and its name.

        Raises:
            OSError: the disk failed.
        """
        self._append(bytes(self._pending))
        with self._lock:
            if self._file is None or self._passing is None:
                raise FileNotFoundError("the download is not kept any more")
            os.fsync(self._file.fileno())
            self._file.close()
            return self._passing.open("rb"), self._passing

    def _append(self, part: bytes) -> bool:
        with self._lock:
            if self._file is None:
                self._file, self._passing = self._folder.create(self._place)
            write_all(self._file, part)
            return True

    def _drop(self) -> None:
        with self._lock:
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
            if self._passing is not None:
                remove(self._passing)
            self._file = self._passing = None
