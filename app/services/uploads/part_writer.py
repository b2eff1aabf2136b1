"""Adding one part to an upload's bytes."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import (
    ChecksumError,
    InvalidFieldError,
    UploadLockedError,
    UploadNotFoundError,
    UploadOffsetError,
)
from app.system.workdir import storage_errors

_BLOCK_BYTES = 2**20
"""Bytes that are gathered before a thread writes them: what arrives comes in small pieces."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a part must add up to.

    Attributes:
        algorithm: a name that hashlib knows.
        digest: the expected sum.
    """

    algorithm: str
    digest: bytes


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[int]:
    """Open an upload's bytes and hold them; the kernel lets go of them when a process dies.

    Yields:
        The open file.

    Raises:
        UploadNotFoundError: they are gone.
        UploadLockedError: somebody else writes them.
        StorageError: the disk does not work.
    """
    with _opened(path) as handle:
        _hold(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        # It may have been removed between the opening and the lock.
        if not path.exists():
            raise _gone()
        yield handle


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    with storage_errors():
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            raise _gone() from None
    try:
        yield handle
    finally:
        os.close(handle)


def _hold(handle: int, how: int) -> None:
    with storage_errors():
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadLockedError("A part of this upload is being written") from None


def _gone() -> UploadNotFoundError:
    return UploadNotFoundError("No such upload; it may have expired")


class PartWriter:
    """Writes one part; what has arrived stays when the rest does not come.

    A part with a checksum is kept whole or not at all.

    Args:
        handle: the upload's bytes, open and locked.
        offset: where the part begins, as the caller believes.
        length: bytes that the whole upload has.
        checksum: what the part must add up to; None when the caller does not say.

    Raises:
        UploadOffsetError: the part does not begin where the bytes end.
    """

    def __init__(self, handle: int, offset: int, length: int, checksum: Checksum | None) -> None:
        self._handle = handle
        self._start = self._end = os.fstat(handle).st_size
        if offset != self._start:
            raise UploadOffsetError(self._start)
        self._length = length
        self._checksum = checksum
        self._sum = hashlib.new(checksum.algorithm) if checksum else None
        self._waiting = bytearray()
        os.lseek(handle, offset, os.SEEK_SET)

    async def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            InvalidFieldError: more than the upload was to have.
            StorageError: the disk is full or not writable.
        """
        if self._end + len(self._waiting) + len(data) > self._length:
            raise InvalidFieldError("The part goes beyond Upload-Length")
        self._waiting += data
        if len(self._waiting) >= _BLOCK_BYTES:
            await self._flush()

    async def finish(self) -> None:
        """End a part that came whole.

        Raises:
            ChecksumError: it is not what its sender meant; nothing of it is kept.
            StorageError: the disk is full or not writable.
        """
        await self._flush()
        if self._checksum is None or self._sum is None:
            return
        if not hmac.compare_digest(self._sum.digest(), self._checksum.digest):
            await asyncio.to_thread(os.ftruncate, self._handle, self._start)
            raise ChecksumError("The part does not match its checksum")

    async def stop(self) -> None:
        """End a part that was cut off.

        Raises:
            StorageError: the disk is full or not writable.
        """
        if self._checksum:
            await asyncio.to_thread(os.ftruncate, self._handle, self._start)
        else:
            await self._flush()

    async def _flush(self) -> None:
        data, self._waiting = bytes(self._waiting), bytearray()
        await asyncio.to_thread(self._store, data)

    def _store(self, data: bytes) -> None:
        if self._sum:
            self._sum.update(data)
        left = memoryview(data)
        with storage_errors():
            while left:
                written = os.write(self._handle, left)
                self._end += written
                left = left[written:]
