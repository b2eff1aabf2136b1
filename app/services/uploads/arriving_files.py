"""Uploads that jobs read while their bytes still arrive."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path

from app.domain.errors import CuestreamError, JobInterruptedError
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_READ_BYTES = 2**18

_GRACE_S = 10.0
_SLOWEST_BYTES_PER_S = 32_000
"""A job that hears an upload may wait for bytes as long as that, and as long as they last when they
are spoken: s16le, mono, at 16 kHz. What comes slower would keep a place from others."""


class ArrivingUpload:
    """One upload on its way to the disk; methods but `grow` belong to the event loop.

    Args:
        path: of its bytes so far, which its receiver writes and removes.
        length: bytes that the receiver expects, about; None where it does not know.

    Attributes:
        id: names it in the request of its job.
        path: as given.
        length: as given.
        sha256: of its bytes, hexadecimal; None before the end, and of one that broke off.
    """

    def __init__(self, path: Path, length: int | None) -> None:
        self.id = uuid.uuid4().hex
        self.path = path
        self.length = length
        self.sha256: str | None = None
        self._size = 0
        self._failure: CuestreamError | None = None
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Event] = set()

    @property
    def ended(self) -> bool:
        """Whether no more bytes come."""
        return self.sha256 is not None or self._failure is not None

    def grow(self, size: int) -> None:
        """Note that so many bytes are on the disk; any thread may call it."""
        self._size = size
        self._loop.call_soon_threadsafe(self._wake)

    def complete(self, sha256: str) -> None:
        """Note that all bytes are there."""
        self.sha256 = sha256
        self._wake()

    def fail(self, error: CuestreamError) -> None:
        """Note that no more bytes come, though some are missing; an upload that ended stays so."""
        if not self.ended:
            self._failure = error
            self._wake()

    async def wait_for(self, size: int) -> None:
        """Wait until so many bytes are there, or no more come."""
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            while self._size < size and not self.ended:
                changed.clear()
                await changed.wait()
        finally:
            self._waiting.discard(changed)

    async def wait_until_ended(self) -> None:
        """Wait until no more bytes come."""
        await self.wait_for(sys.maxsize)

    async def _wait_in_time(self, size: int, limit_s: float) -> float:
        """Wait for so many bytes and return how long that took."""
        began_s = self._loop.time()
        try:
            async with asyncio.timeout(limit_s):
                await self.wait_for(size)
        except TimeoutError:
            raise JobInterruptedError("The upload comes slower than it is spoken") from None
        return self._loop.time() - began_s

    def _wake(self) -> None:
        for changed in self._waiting:
            changed.set()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they arrive.

        Raises:
            JobInterruptedError: they come slower than they are spoken.
            CuestreamError: the upload broke off.
            StorageError: the disk cannot be read.
        """
        with storage_errors():
            file = self.path.open("rb")
        with file:
            passed, waited_s = 0, 0.0
            while True:
                waited_s += await self._wait_in_time(
                    passed + 1, _GRACE_S + passed / _SLOWEST_BYTES_PER_S - waited_s
                )
                if self._failure is not None:
                    raise self._failure
                chunk = await DISK.run(file.read, min(_READ_BYTES, self._size - passed))
                if not chunk:
                    return
                passed += len(chunk)
                yield chunk


class ArrivingFiles:
    """The uploads of this process that are on their way, by id."""

    def __init__(self) -> None:
        self._uploads: dict[str, ArrivingUpload] = {}

    def add(self, upload: ArrivingUpload) -> None:
        """Let jobs read an upload until it is removed."""
        self._uploads[upload.id] = upload

    def remove(self, upload: ArrivingUpload) -> None:
        """Forget an upload; a job that has begun to read it goes on."""
        self._uploads.pop(upload.id, None)

    def get(self, upload_id: str) -> ArrivingUpload:
        """Return an upload.

        Raises:
            JobInterruptedError: another process receives it, or did.
        """
        if upload_id not in self._uploads:
            raise JobInterruptedError("The upload that this job heard is gone; send it again")
        return self._uploads[upload_id]
