"""A writer of one part of an upload."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
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
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_BLOCK_BYTES = 2**20
"""Bytes that are buffered before a thread writes them: requests arrive in small pieces."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """The expected checksum of a part.

    Attributes:
        algorithm: a name of hashlib.
        digest: the expected digest.
    """

    algorithm: str
    digest: bytes


@contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[int]:
    """Open and lock an upload's bytes; the kernel releases the lock when the process dies.

    Yields:
        The handle of the open file.

    Raises:
        UploadNotFoundError: the bytes were removed.
        UploadLockedError: another request writes them.
        StorageError: the disk failed.
    """
    with _opened(path) as handle:
        _lock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        # It may have been removed between the opening and the lock.
        if not path.exists():
            raise _not_found()
        yield handle


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    with storage_errors():
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            raise _not_found() from None
    try:
        yield handle
    finally:
        os.close(handle)


def _lock(handle: int, mode: int) -> None:
    with storage_errors():
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadLockedError("A part of this upload is being written") from None


def _not_found() -> UploadNotFoundError:
    return UploadNotFoundError("No such upload; it may have expired")


class PartWriter:
    """Writes one part; the bytes that arrived stay when the rest does not come.

    A part with a checksum is stored completely or not at all.

    Args:
        handle: of the upload's bytes, open and locked.
        offset: where the part begins, according to the client.
        length: bytes of the whole upload.
        checksum: expected of the part; None when the client sent none.
        take: takes room for bytes that are about to be written, or raises StorageError; a negative
            number gives room back.

    Raises:
        UploadOffsetError: the part does not begin where the stored bytes end.
    """

    def __init__(
        self,
        handle: int,
        offset: int,
        length: int,
        checksum: Checksum | None,
        take: Callable[[int], None],
    ) -> None:
        self._handle = handle
        self._start = self._end = os.fstat(handle).st_size
        if offset != self._start:
            raise UploadOffsetError(self._start)
        self._length = length
        self._checksum = checksum
        self._take = take
        self._sum = hashlib.new(checksum.algorithm) if checksum else None
        self._buffer = bytearray()
        os.lseek(handle, offset, os.SEEK_SET)

    async def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            InvalidFieldError: more bytes than the upload's length.
            StorageError: the disk is full or not writable.
        """
        if self._end + len(self._buffer) + len(data) > self._length:
            raise InvalidFieldError("The part goes beyond Upload-Length")
        self._buffer += data
        if len(self._buffer) >= _BLOCK_BYTES:
            await self._flush()

    async def finish(self) -> None:
        """Finish a complete part.

        Raises:
            ChecksumError: it does not match its checksum; nothing of it is stored.
            StorageError: the disk is full or not writable.
        """
        await self._flush()
        if self._checksum is None or self._sum is None:
            return
        if not hmac.compare_digest(self._sum.digest(), self._checksum.digest):
            await DISK.run(self._truncate)
            raise ChecksumError("The part does not match its checksum")

    async def stop(self) -> None:
        """Finish a part that was cut off.

        Raises:
            StorageError: the disk is full or not writable.
        """
        if self._checksum:
            await DISK.run(self._truncate)
        else:
            await self._flush()

    async def _flush(self) -> None:
        data, self._buffer = bytes(self._buffer), bytearray()
        await DISK.run(self._store, data)

    def _truncate(self) -> None:
        os.ftruncate(self._handle, self._start)
        self._take(self._start - self._end)
        self._end = self._start

    def _store(self, data: bytes) -> None:
        if self._sum:
            self._sum.update(data)
        left = memoryview(data)
        with storage_errors():
            if data:
                self._take(len(data))
            try:
                while left:
                    written = os.write(self._handle, left)
                    self._end += written
                    left = left[written:]
            finally:
                if left:
                    self._take(-len(left))
