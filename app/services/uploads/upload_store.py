"""The store of uploads: a folder that any number of workers may share.

Each upload is two files: its bytes, whose size is the offset of the next part, and a record. No
state is in memory, so a part may reach another worker than the one before it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app.domain.errors import (
    PayloadTooLargeError,
    UploadIncompleteError,
    UploadNotFoundError,
)
from app.domain.request import UploadedFile
from app.services.uploads.part_writer import Checksum, PartWriter, locked
from app.services.uploads.upload_record import (
    UploadRecord,
    is_id,
    lifetime_s,
    new_id,
    read_record,
    write_record,
)
from app.services.uploads.upload_room import UploadRoom, owner_of
from app.settings import UploadSettings
from app.system.thread_groups import DISK
from app.system.workdir import WorkDir, storage_errors


@dataclass(frozen=True, slots=True)
class Upload:
    """The state of an upload.

    Attributes:
        offset: bytes that have arrived.
        expires_s: when it is removed unless a part comes, as Unix time in seconds.
    """

    record: UploadRecord
    offset: int
    expires_s: float

    @property
    def complete(self) -> bool:
        """Whether all bytes have arrived."""
        return self.offset == self.record.length


class UploadStore:
    """Stores uploads in a folder.

    Args:
        folder: created with the first upload.
        settings: limits and lifetime.

    Attributes:
        folder: as given.
        room: what is free of the capacity.
    """

    def __init__(self, folder: Path, settings: UploadSettings) -> None:
        self.folder = folder
        self._max_mb = settings.max_resumable_upload_mb
        self.room = UploadRoom(folder, settings)
        self._ttl_s = settings.upload_ttl_hours * 3600

    @property
    def max_bytes(self) -> int:
        """Largest upload, in bytes."""
        return self._max_mb * 2**20

    async def create(
        self, length: int, name: str = "", metadata: str = "", caller: str = ""
    ) -> Upload:
        """Create an upload without any bytes.

        Args:
            length: bytes of the whole upload.
            name: the client's name of the file.
            metadata: the client's metadata.
            caller: of whose share it is.

        Raises:
            PayloadTooLargeError: larger than an upload may be.
            StorageError: the capacity or the caller's share is used up, or the disk is not
                writable.
        """
        if length > self.max_bytes:
            raise PayloadTooLargeError(self._max_mb, "Upload")
        record = UploadRecord(new_id(), length, name, metadata, owner=owner_of(caller))
        await DISK.run(self._create, record)
        return Upload(record, 0, time.time() + lifetime_s(self._ttl_s, 0))

    @asynccontextmanager
    async def created(
        self, length: int, name: str = "", metadata: str = "", caller: str = ""
    ) -> AsyncIterator[Upload]:
        """Create an upload; when the block fails nothing stays, since no client knows it.

        Raises:
            PayloadTooLargeError: as `create`.
            StorageError: as `create`.
        """
        upload = await self.create(length, name, metadata, caller)
        try:
            yield upload
        except BaseException:
            await DISK.run(self._discard, upload.record.id)
            raise

    async def adopt(self, file: UploadedFile, caller: str) -> str:
        """Store a file that has arrived as a whole; return the id of the upload.

        Args:
            file: stays where it is; the store has its own copy, or another name of it.
            caller: of whose share it is.

        Raises:
            PayloadTooLargeError: larger than an upload may be.
            StorageError: there is no room, or the disk is not writable.
        """
        return await DISK.run(self._adopt, file, owner_of(caller))

    async def find(self, upload_id: str) -> Upload:
        """Return the state of an upload.

        Raises:
            UploadNotFoundError: unknown or expired.
        """
        return await DISK.run(self._find, upload_id)

    @asynccontextmanager
    async def part(
        self, upload_id: str, offset: int, checksum: Checksum | None = None
    ) -> AsyncIterator[PartWriter]:
        """Add a part; when the block fails, the bytes that arrived stay.

        Raises:
            UploadNotFoundError: unknown or expired.
            UploadLockedError: another part is being written.
            UploadOffsetError: it does not begin where the stored bytes end.
            ChecksumError: it does not match its checksum.
            StorageError: the disk is full or not writable.
        """
        upload = await self.find(upload_id)
        with ExitStack() as stack:
            lock = locked(self._bytes(upload_id))
            handle = await DISK.run(stack.enter_context, lock)
            record = upload.record
            take = partial(self.room.take, record.owner)
            writer = PartWriter(handle, offset, record.length, checksum, take)
            try:
                yield writer
            except BaseException:
                await writer.stop()
                raise
            await writer.finish()

    async def remove(self, upload_id: str) -> None:
        """Remove an upload.

        Raises:
            UploadNotFoundError: unknown or expired.
            UploadLockedError: a part is being written.
        """
        await self.find(upload_id)
        await DISK.run(self._remove, upload_id)

    async def claim(self, upload_id: str, workdir: WorkDir) -> UploadedFile:
        """Return a copy of a complete upload that a job may remove.

        Raises:
            UploadNotFoundError: unknown or expired.
            UploadIncompleteError: bytes are still missing.
            UploadLockedError: a part is being written.
            StorageError: the disk is full or not writable.
        """
        upload = await self.find(upload_id)
        if not upload.complete:
            missing = upload.record.length - upload.offset
            raise UploadIncompleteError(f"The upload is not finished: {missing} bytes are missing")
        return await DISK.run(self._claim, upload.record, workdir)

    def _create(self, record: UploadRecord) -> None:
        with storage_errors():
            self.folder.mkdir(0o700, parents=True, exist_ok=True)
            self.room.announce(record.owner, record.length)
            self._write(record)

    def _adopt(self, file: UploadedFile, owner: str) -> str:
        with storage_errors():
            length = file.path.stat().st_size
            if length > self.max_bytes:
                raise PayloadTooLargeError(self._max_mb, "Upload")
            name, sha256 = file.name, file.sha256
            record = UploadRecord(new_id(), length, name, sha256=sha256, owner=owner)
            self.folder.mkdir(0o700, parents=True, exist_ok=True)
            self.room.announce(owner, length)
            self._write(record)
            try:
                self.room.take(owner, length)
                _copy(file.path, self._bytes(record.id))
            except BaseException:
                self._discard(record.id)
                raise
        return record.id

    def _write(self, record: UploadRecord) -> None:
        """Write an upload's two files, or none."""
        path = self._bytes(record.id)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            write_record(self._record(record.id), record)
        except OSError:
            path.unlink(missing_ok=True)
            raise

    def _discard(self, upload_id: str) -> None:
        """Remove the files of an upload that failed; what cannot be removed expires."""
        with suppress(OSError):
            self._bytes(upload_id).unlink(missing_ok=True)
            self._record(upload_id).unlink(missing_ok=True)
        self.room.recount()

    def _find(self, upload_id: str) -> Upload:
        if is_id(upload_id):
            with storage_errors(), suppress(FileNotFoundError):
                record = read_record(self._record(upload_id))
                # The size of an open file is current on a network volume too.
                with self._bytes(upload_id).open("rb") as file:
                    status = os.fstat(file.fileno())
                expires_s = status.st_mtime + lifetime_s(self._ttl_s, status.st_size)
                if record is not None and time.time() < expires_s:
                    return Upload(record, status.st_size, expires_s)
        raise UploadNotFoundError("No such upload; it may have expired")

    def _claim(self, record: UploadRecord, workdir: WorkDir) -> UploadedFile:
        path = self._bytes(record.id)
        with locked(path, shared=True), storage_errors():
            if record.sha256 is None:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                record = replace(record, sha256=digest)
                write_record(self._record(record.id), record)
            copy = workdir.new_file(".upload")
            _copy(path, copy)
        return UploadedFile(copy, record.sha256 or "", record.name, record.media_type)

    def _remove(self, upload_id: str) -> None:
        path = self._bytes(upload_id)
        with locked(path), storage_errors():
            path.unlink(missing_ok=True)
            self._record(upload_id).unlink(missing_ok=True)
        self.room.recount()

    def _bytes(self, upload_id: str) -> Path:
        return self.folder / f"{upload_id}.bytes"

    def _record(self, upload_id: str) -> Path:
        return self.folder / f"{upload_id}.json"


def _copy(path: Path, target: Path) -> None:
    """Give a file's bytes another name, which replaces a file."""
    try:
        _link(path, target)
    except OSError:
        # Another file system, or one without links.
        shutil.copyfile(path, target)


def _link(path: Path, target: Path) -> None:
    """Replace a file by a hard link to another one."""
    name = target.with_suffix(".link")
    os.link(path, name)
    name.replace(target)
