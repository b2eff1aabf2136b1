"""A key-value store of stage results, in files that any number of workers share.

An entry's first line is ``cuestream-1 <encoding> <checksum>``; the payload follows, compressed with
zlib where the encoding is ``z``. The checksum covers stage, key, encoding and payload, so that a
file that was truncated, altered or moved to another key is not taken for an entry.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from app.services.cache.cache_folder import LOCKS, CacheFolder, opened, remove
from app.services.cache.lifetimes import Lifetimes
from app.system.locks import file_lock

_MAGIC = b"cuestream-1"
_PLAIN, _COMPRESSED = b"p", b"z"
_MIN_COMPRESSED_BYTES = 512
"""A smaller payload takes one block of the disk in any case."""
_RENEW_EVERY_S = 60.0
"""A time of use is not written more often: on a network volume it costs a round trip."""
_LOCK_TIMEOUT_S = 2.0
"""A merge takes milliseconds. A process that holds the lock for longer hangs, and the update goes
on without the lock."""

Change = Callable[[bytes | None], bytes]
"""Returns an entry's new payload for the old one; None where there is none."""


def seal(stage: str, key: str, payload: bytes) -> bytes:
    """Return the content of an entry's file."""
    encoding, body = _PLAIN, payload
    if len(payload) >= _MIN_COMPRESSED_BYTES:
        compressed = zlib.compress(payload)
        if len(compressed) < len(payload):
            encoding, body = _COMPRESSED, compressed
    return b"%b %b %b\n%b" % (_MAGIC, encoding, _checksum(stage, key, encoding, body), body)


def unseal(stage: str, key: str, content: bytes) -> bytes | None:
    """Return the payload; None where the content is not exactly what `seal` returned."""
    header, _, body = content.partition(b"\n")
    match header.split(b" "):
        case [magic, encoding, checksum] if magic == _MAGIC and checksum == _checksum(
            stage, key, encoding, body
        ):
            return zlib.decompress(body) if encoding == _COMPRESSED else body
    return None


def _checksum(stage: str, key: str, encoding: bytes, body: bytes) -> bytes:
    header = b"%b\0%b\0%b\0" % (stage.encode(), key.encode(), encoding)
    digest = hashlib.blake2b(header, digest_size=20)
    digest.update(body)
    return digest.hexdigest().encode()


class Store(Protocol):
    """Storage of stage results; failures of the disk raise nothing."""

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return the payload that was put under a stage and key; None if there is none."""
        ...

    async def put(self, stage: str, key: str, payload: bytes) -> bool:
        """Store a payload, replacing an earlier one; return whether it was stored."""
        ...

    async def update(self, stage: str, key: str, change: Change) -> bool:
        """Replace a payload by what ``change`` returns, under a lock between workers."""
        ...

    async def remove(self, stage: str, key: str) -> None:
        """Remove a payload."""
        ...


class NullStore:
    """A `Store` that stores nothing."""

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return None."""

    async def put(self, stage: str, key: str, payload: bytes) -> bool:
        """Do nothing."""
        return False

    async def update(self, stage: str, key: str, change: Change) -> bool:
        """Do nothing."""
        return False

    async def remove(self, stage: str, key: str) -> None:
        """Do nothing."""


class StageStore:
    """A `Store` of files, one for each entry, without an index that could disagree with them.

    Files are written atomically, so a reader sees the old one or the new one. An entry that fails
    its check on reading (damaged, truncated, of another key) is a miss and is removed.

    Args:
        folder: of the cache.
        lifetimes: how long entries are valid.
        on_written: called with the number of bytes written.
    """

    def __init__(
        self,
        folder: CacheFolder,
        lifetimes: Lifetimes,
        on_written: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._folder = folder
        self._lifetimes = lifetimes
        self._on_written = on_written

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return the payload that was put under a stage and key; None if there is none.

        Raises:
            ValueError: not a name of a stage, or not a key.
        """
        path = self._folder.path(stage, key)
        return await self._folder.disk.run(lambda: self._read(stage, key, path), None)

    async def put(self, stage: str, key: str, payload: bytes) -> bool:
        """Store a payload, replacing an earlier one; return whether it was stored.

        Raises:
            ValueError: not a name of a stage, or not a key.
        """
        path = self._folder.path(stage, key)
        size = await self._folder.disk.run(lambda: self._write(stage, key, path, payload), 0)
        self._on_written(size)
        return size > 0

    async def update(self, stage: str, key: str, change: Change) -> bool:
        """Replace a payload by what ``change`` returns, under a lock between workers.

        Raises:
            ValueError: not a name of a stage, or not a key.
        """
        path = self._folder.path(stage, key)

        def replace() -> int:
            lock = self._folder.ensure(self._folder.home / LOCKS) / f"{stage}-{key[:2]}"
            with file_lock(lock, _LOCK_TIMEOUT_S):
                return self._write(stage, key, path, change(self._read(stage, key, path)))

        size = await self._folder.disk.run(replace, 0)
        self._on_written(size)
        return size > 0

    async def remove(self, stage: str, key: str) -> None:
        """Remove a payload.

        Raises:
            ValueError: not a name of a stage, or not a key.
        """
        path = self._folder.path(stage, key)
        await self._folder.disk.run(lambda: remove(path), None)

    def _read(self, stage: str, key: str, path: Path) -> bytes | None:
        lifetime = self._lifetimes[stage]
        try:
            with opened(path) as file:
                age_s = time.time() - os.fstat(file.fileno()).st_mtime
                content = file.read()
        except FileNotFoundError:
            return None
        payload = unseal(stage, key, content) if age_s <= lifetime.limit_s else None
        if payload is None:
            remove(path)
        elif lifetime.renewed and age_s > _RENEW_EVERY_S:
            # A read-only volume can still be read.
            with suppress(OSError):
                os.utime(path)
        return payload

    def _write(self, stage: str, key: str, path: Path, payload: bytes) -> int:
        content = seal(stage, key, payload)
        self._folder.write(path, content)
        return len(content)
