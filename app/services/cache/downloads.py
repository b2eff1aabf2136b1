"""Cached downloads, by the source that they came from."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from app.services.cache.cache_folder import CacheFolder, open_regular, remove
from app.services.cache.cache_writer import CacheWriter
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import BLOBS, MEDIA
from app.services.cache.lookups import OnLookup, ignore_lookup
from app.services.cache.stage_store import Store
from app.services.cache.tee import NullSink, Tee

_BLOCK_BYTES = 2**20
_BLOCKS = 64
"""Most blocks that are read, spread evenly. So a file of up to 64 MiB is read as a whole: two
hours of a site's audio, in about 0.1 s."""
_VERIFY_TIMEOUT_S = 30.0
_INCOMING = "incoming"


def sample_digest(file: BinaryIO, length: int) -> str:
    """Return the checksum of a file's length and of blocks spread evenly over it.

    Args:
        file: seekable; its position is moved.
        length: bytes of the file.
    """
    digest = hashlib.blake2b(str(length).encode(), digest_size=20)
    blocks = min(_BLOCKS, -(-length // _BLOCK_BYTES))
    last = max(0, length - _BLOCK_BYTES)
    for number in range(blocks):
        file.seek(last * number // (blocks - 1) if blocks > 1 else 0)
        digest.update(file.read(_BLOCK_BYTES))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class CachedFile:
    """A cached file that stays readable until it is closed, even if it is evicted meanwhile.

    Attributes:
        content: SHA-256 of its bytes, hexadecimal.
        length: bytes.
    """

    content: str
    length: int
    _file: BinaryIO = field(repr=False)

    @property
    def path(self) -> Path:
        """Path of the open file, for this process and its children only.

        Source: proc(5); opening such a name reaches a removed file too.
        """
        return Path(f"/proc/{os.getpid()}/fd/{self._file.fileno()}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class DownloadStore(Protocol):
    """Storage of downloads."""

    async def get(self, identity: str) -> CachedFile | None:
        """Return the complete media of a source; None if there is none. The caller closes it."""
        ...

    def tee(self, chunks: AsyncGenerator[bytes, None], identity: str) -> Tee:
        """Return a download that is stored for a source once it is complete."""
        ...

    async def close(self) -> None:
        """Wait until complete downloads are stored."""
        ...


class NullDownloadStore:
    """A `DownloadStore` that stores nothing."""

    async def get(self, identity: str) -> CachedFile | None:
        """Return None."""

    def tee(self, chunks: AsyncGenerator[bytes, None], identity: str) -> Tee:
        """Return a download that is only hashed."""
        return Tee(chunks, NullSink())

    async def close(self) -> None:
        """Do nothing."""


class DownloadCache:
    """A `DownloadStore` on disk: files named by their content, and an entry for each source.

    Two sources with the same content share a file. The entry is written after the file, and a file
    counts only while its length and checksum are those of its entry.

    Args:
        folder: of the cache, for the files.
        store: for the entries.
        max_bytes: longer downloads are not cached.
        on_lookup: called with each lookup.
        on_written: called with the number of bytes written.
    """

    def __init__(
        self,
        folder: CacheFolder,
        store: Store,
        max_bytes: int,
        on_lookup: OnLookup = ignore_lookup,
        on_written: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._folder = folder
        self._store = store
        self._max_bytes = max_bytes
        self._on_lookup = on_lookup
        self._on_written = on_written
        self._storing: set[asyncio.Task[None]] = set()

    async def get(self, identity: str) -> CachedFile | None:
        """Return the complete media of a source; None if there is none. The caller closes it."""
        key = stage_key(identity)
        found: CachedFile | None = None
        entry = await self._store.get(MEDIA, key)
        if entry is not None:
            found = await self._folder.disk.run(lambda: self._open(entry), None, _VERIFY_TIMEOUT_S)
            if found is None:
                await self._store.remove(MEDIA, key)
        self._on_lookup(MEDIA, found is not None)
        return found

    def tee(self, chunks: AsyncGenerator[bytes, None], identity: str) -> Tee:
        """Return a download that is stored for a source once it is complete.

        Args:
            chunks: all bytes of the media; ends in an error where some are missing.
            identity: of the source.
        """
        directory = self._folder.home / BLOBS / _INCOMING

        def on_complete(writer: CacheWriter, content: str) -> None:
            # The reader of the download does not wait for the disk.
            task = asyncio.create_task(self._put(writer, content, identity))
            self._storing.add(task)
            task.add_done_callback(self._storing.discard)

        writer = CacheWriter(self._folder, directory, self._max_bytes, on_complete)
        return Tee(chunks, writer)

    async def close(self) -> None:
        """Wait until complete downloads are stored."""
        await asyncio.gather(*self._storing)

    def _open(self, entry: bytes) -> CachedFile | None:
        try:
            content, length, digest = json.loads(entry)
            path = self._folder.path(BLOBS, content)
        except (TypeError, ValueError):
            return None
        return _open_verified(path, content, length, digest)

    async def _put(self, writer: CacheWriter, content: str, identity: str) -> None:
        path = self._folder.path(BLOBS, content)

        def move_into_place() -> str:
            file, temporary = writer.finish()
            with file:
                digest = sample_digest(file, writer.length)
            self._folder.ensure(path.parent)
            temporary.replace(path)
            return digest

        digest = await self._folder.disk.run(move_into_place, "", None)
        if not digest:
            await writer.discard()
            return
        self._on_written(writer.length)
        entry = json.dumps([content, writer.length, digest]).encode()
        await self._store.put(MEDIA, stage_key(identity), entry)


def _open_verified(path: Path, content: str, length: int, digest: str) -> CachedFile | None:
    try:
        file = open_regular(path)
    except FileNotFoundError:
        return None
    if os.fstat(file.fileno()).st_size == length and sample_digest(file, length) == digest:
        return CachedFile(content, length, file)
    file.close()
    remove(path)
    return None
