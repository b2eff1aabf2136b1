"""Results of stages as files that any number of workers and machines share.

An entry's first line is ``cuestream-1 <form> <checksum>``; what follows is the payload, packed with
zlib where the form is ``z``. The checksum covers stage, key, form and payload, so that a file that
was cut, altered or put in another's place does not pass for an entry.
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

from app.services.cache.disk_executor import DiskExecutor
from app.services.cache.folder import LOCKS, Folder, opened, remove
from app.services.cache.lifetimes import Lifetimes
from app.system.locks import holding

_MAGIC = b"cuestream-1"
_PLAIN, _PACKED = b"p", b"z"
_LEAST_PACKED_BYTES = 512
"""Anything smaller takes one block of the disk in any case."""


def seal(stage: str, key: str, payload: bytes) -> bytes:
    """Return the file's content for a payload."""
    form, body = _PLAIN, payload
    if len(payload) >= _LEAST_PACKED_BYTES:
        packed = zlib.compress(payload)
        if len(packed) < len(payload):
            form, body = _PACKED, packed
    return b"%b %b %b\n%b" % (_MAGIC, form, _checksum(stage, key, form, body), body)


def unseal(stage: str, key: str, content: bytes) -> bytes | None:
    """Return the payload; None where the content is not exactly what was stored."""
    header, _, body = content.partition(b"\n")
    match header.split(b" "):
        case [magic, form, checksum] if magic == _MAGIC and checksum == _checksum(
            stage, key, form, body
        ):
            return zlib.decompress(body) if form == _PACKED else body
    return None


def _checksum(stage: str, key: str, form: bytes, body: bytes) -> bytes:
    digest = hashlib.blake2b(b"%b\0%b\0%b\0" % (stage.encode(), key.encode(), form), digest_size=20)
    digest.update(body)
    return digest.hexdigest().encode()


_RENEW_EVERY_S = 60.0
"""A time of use is not written more often: on a network volume it costs a round trip."""
_LOCK_PATIENCE_S = 2.0
"""A merge takes milliseconds. Whoever holds the lock for longer hangs, and is not waited for."""

Change = Callable[[bytes | None], bytes]
"""Makes an entry's new payload from the old one; None where there is none."""


class Store(Protocol):
    """Where results of stages are kept; none of its methods raises for what the disk does."""

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return exactly what was put under that stage and key; None for anything else."""
        ...

    async def put(self, stage: str, key: str, payload: bytes) -> bool:
        """Keep a payload in place of an earlier one; tell whether it is kept."""
        ...

    async def update(self, stage: str, key: str, change: Change) -> bool:
        """Keep what ``change`` makes of the payload, while no other worker does the same."""
        ...

    async def remove(self, stage: str, key: str) -> None:
        """Keep a payload no longer."""
        ...


class NullStore:
    """Keeps nothing."""

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

    Every file is written aside and moved into place, so a reader sees the old one or the new
    one. Whatever does not prove itself on reading (damaged, cut short, another's) is a miss,
    and is removed.

    Args:
        folder: where entries lie.
        disk: does the work.
        lifetimes: how long entries are good.
        wrote: told how many bytes were written.
    """

    def __init__(
        self,
        folder: Folder,
        disk: DiskExecutor,
        lifetimes: Lifetimes,
        wrote: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._folder = folder
        self._disk = disk
        self._lifetimes = lifetimes
        self._wrote = wrote

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return exactly what was put under that stage and key; None for anything else.

        Raises:
            ValueError: no name of a stage, or no key.
        """
        place = self._folder.place(stage, key)
        return await self._disk.attempt(lambda: self._read(stage, key, place), None)

    async def put(self, stage: str, key: str, payload: bytes) -> bool:
        """Keep a payload in place of an earlier one; tell whether it is kept.

        Raises:
            ValueError: no name of a stage, or no key.
        """
        place = self._folder.place(stage, key)
        size = await self._disk.attempt(lambda: self._write(stage, key, place, payload), 0)
        self._wrote(size)
        return size > 0

    async def update(self, stage: str, key: str, change: Change) -> bool:
        """Keep what ``change`` makes of the payload, while no other worker does the same.

        Raises:
            ValueError: no name of a stage, or no key.
        """
        place = self._folder.place(stage, key)

        def work() -> int:
            lock = self._folder.make(self._folder.home / LOCKS) / f"{stage}-{key[:2]}"
            with holding(lock, _LOCK_PATIENCE_S):
                return self._write(stage, key, place, change(self._read(stage, key, place)))

        size = await self._disk.attempt(work, 0)
        self._wrote(size)
        return size > 0

    async def remove(self, stage: str, key: str) -> None:
        """Keep a payload no longer.

        Raises:
            ValueError: no name of a stage, or no key.
        """
        place = self._folder.place(stage, key)
        await self._disk.attempt(lambda: remove(place), None)

    def _read(self, stage: str, key: str, place: Path) -> bytes | None:
        lifetime = self._lifetimes[stage]
        try:
            with opened(place) as file:
                age_s = time.time() - os.fstat(file.fileno()).st_mtime
                content = file.read()
        except FileNotFoundError:
            return None
        payload = unseal(stage, key, content) if age_s <= lifetime.limit_s else None
        if payload is None:
            remove(place)
        elif lifetime.renewed and age_s > _RENEW_EVERY_S:
            # A volume that is read-only can be read for all that.
            with suppress(OSError):
                os.utime(place)
        return payload

    def _write(self, stage: str, key: str, place: Path, payload: bytes) -> int:
        content = seal(stage, key, payload)
        self._folder.write(place, content)
        return len(content)
