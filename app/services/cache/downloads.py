"""Downloaded media, by the source that it came from."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from app.services.cache.cache_writer import CacheWriter
from app.services.cache.disk_executor import DiskExecutor
from app.services.cache.folder import Folder, open_plain, remove
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import BLOBS, MEDIA
from app.services.cache.lookups import Observe, unobserved
from app.services.cache.stage_store import Store
from app.services.cache.tee import NullSink, Tee

_BLOCK_BYTES = 2**20
_BLOCKS = 64
"""Read at most, spread evenly. So a file of up to 64 MiB is read as a whole: two hours of a
site's audio, in about 0.1 s."""


def sample_digest(file: BinaryIO, length: int) -> str:
    """Return the checksum of a file's length and of blocks spread over all of it.

    Args:
        file: can seek; its position is moved.
        length: bytes that it has.
    """
    digest = hashlib.blake2b(str(length).encode(), digest_size=20)
    blocks = min(_BLOCKS, -(-length // _BLOCK_BYTES))
    last = max(0, length - _BLOCK_BYTES)
    for number in range(blocks):
        file.seek(last * number // (blocks - 1) if blocks > 1 else 0)
        digest.update(file.read(_BLOCK_BYTES))
    return digest.hexdigest()


_VERIFY_LIMIT_S = 30.0
_INCOMING = "incoming"


@dataclass(frozen=True, slots=True, eq=False)
class CachedFile:
    """Media that stays readable until it is closed, whatever is cleared away meanwhile.

    Attributes:
        path: names the open file itself, for this process and its children alone.
        content: SHA-256 of its bytes, hexadecimal.
        length: bytes.
    """

    content: str
    length: int
    _file: BinaryIO = field(repr=False)

    @property
    def path(self) -> Path:
        """The open file. Source: proc(5); opening such a name reaches a removed file too."""
        return Path(f"/proc/{os.getpid()}/fd/{self._file.fileno()}")

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


class DownloadStore(Protocol):
    """Where downloads are kept."""

    async def find(self, identity: str) -> CachedFile | None:
        """Return the complete media of a source; None if there is none. The caller closes it."""
        ...

    def tee(self, chunks: AsyncGenerator[bytes, None], identity: str) -> Tee:
        """Return a download that is kept for a source if it comes to its end."""
        ...

    async def close(self) -> None:
        """Wait for what is being kept."""
        ...


class NullDownloadStore:
    """Keeps nothing."""

    async def find(self, identity: str) -> CachedFile | None:
        """Return None."""

    def tee(self, chunks: AsyncGenerator[bytes, None], identity: str) -> Tee:
        """Return a download that is only hashed."""
        return Tee(chunks, NullSink())

    async def close(self) -> None:
        """Do nothing."""


class DownloadCache:
    """A `DownloadStore` on disk: files named by their content, and notes of their sources.

    Two sources of one content share a file. The note is written after the file is in place,
    and a file counts only while it is as long as its note says and its checksum is the same.

    Args:
        folder: where the files lie.
        store: where the notes lie.
        disk: does the work.
        most_bytes: what is longer is not kept.
        observe: told of each look, and whether it found something.
        wrote: told how many bytes were written.
    """

    def __init__(
        self,
        folder: Folder,
        store: Store,
        disk: DiskExecutor,
        most_bytes: int,
        observe: Observe = unobserved,
        wrote: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._folder = folder
        self._store = store
        self._disk = disk
        self._most_bytes = most_bytes
        self._observe = observe
        self._wrote = wrote
        self._keeping: set[asyncio.Task[None]] = set()

    async def find(self, identity: str) -> CachedFile | None:
        """Return the complete media of a source; None if there is none. The caller closes it."""
        key = stage_key(identity)
        found: CachedFile | None = None
        note = await self._store.get(MEDIA, key)
        if note is not None:
            found = await self._disk.attempt(lambda: self._held(note), None, _VERIFY_LIMIT_S)
            if found is None:
                await self._store.remove(MEDIA, key)
        self._observe(MEDIA, found is not None)
        return found

    def tee(self, chunks: AsyncGenerator[bytes, None], identity: str) -> Tee:
        """Return a download that is kept for a source if it comes to its end.

        Args:
            chunks: all bytes of the media, ending in an error where they are not all.
            identity: of the source.
        """
        place = self._folder.home / BLOBS / _INCOMING

        def keep(incoming: CacheWriter, content: str) -> None:
            # Whoever reads the download must not wait until the disk has all of it.
            task = asyncio.create_task(self._keep(incoming, content, identity))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

        return Tee(chunks, CacheWriter(self._folder, place, self._disk, self._most_bytes, keep))

    async def close(self) -> None:
        """Wait for what is being kept."""
        await asyncio.gather(*self._keeping)

    def _held(self, note: bytes) -> CachedFile | None:
        try:
            content, length, digest = json.loads(note)
            place = self._folder.place(BLOBS, content)
        except (TypeError, ValueError):
            return None
        return _verified(place, content, length, digest)

    async def _keep(self, incoming: CacheWriter, content: str, identity: str) -> None:
        place = self._folder.place(BLOBS, content)

        def work() -> str:
            file, passing = incoming.finish()
            with file:
                digest = sample_digest(file, incoming.length)
            self._folder.make(place.parent)
            passing.replace(place)
            return digest

        digest = await self._disk.attempt(work, "", None)
        if not digest:
            await incoming.discard()
            return
        self._wrote(incoming.length)
        note = json.dumps([content, incoming.length, digest]).encode()
        await self._store.put(MEDIA, stage_key(identity), note)


def _verified(place: Path, content: str, length: int, digest: str) -> CachedFile | None:
    try:
        file = open_plain(place)
    except FileNotFoundError:
        return None
    if os.fstat(file.fileno()).st_size == length and sample_digest(file, length) == digest:
        return CachedFile(content, length, file)
    file.close()
    remove(place)
    return None
