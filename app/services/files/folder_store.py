"""Store of result files in a folder, which several workers may share."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.domain.errors import FileNotStoredError, StorageError, StoreNotConfiguredError
from app.services.files.file_eviction import FileBounds, StoredEntry, files_to_remove
from app.services.files.result_file import FileLink, NewFile, StoredFile, safe_name
from app.services.files.signed_links import LinkSigner, folder_secret
from app.settings import FileSettings
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_BLOCK_BYTES = 2**20
_RANDOM_BYTES = 12
_KEY = re.compile(r"[0-9a-f]{36}")
"""Of a stored file: its owner's name, then what nobody can guess."""
_OWNER_DIGITS = 12
_MOST_LISTED = 1000
_BYTES, _PART, _RECORD = ".bytes", ".part", ".json"
_SCAN_S = 5.0
"""How old the list of files may be, which other workers change as well."""
_PART_TTL_S = 3600.0
"""Age of an unfinished file whose writer has died."""
_FREE_BYTES = 64 * 2**20
"""Of the disk, left to others."""
_FREE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A stored file that a link leads to.

    Attributes:
        path: of its bytes.
        file: as it was stored.
        expires_s: when the link expires, seconds since the epoch.
        status: of the file.
    """

    path: Path
    file: StoredFile
    expires_s: int
    status: os.stat_result


class FolderStore:
    """Stores files under names that nobody can guess, each with a record beside it.

    The names in the folder are ours alone: what a client calls a file stands in its record and in
    the link. A file counts from the moment its writing begins, and becomes visible complete.

    Args:
        folder: created with the first file.
        settings: room, age, life of links, secret.
    """

    def __init__(self, folder: Path, settings: FileSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._signer: LinkSigner | None = None
        self._lock = threading.Lock()
        self._entries: dict[str, StoredEntry] = {}
        self._scanned_s = -math.inf

    async def put(self, file: NewFile) -> StoredFile:
        """See the protocol."""
        return await DISK.run(self._put, file)

    async def link(self, file: StoredFile, base_url: str | None = None) -> FileLink:
        """See the protocol."""
        base = self._settings.public_url or base_url
        if base is None:
            raise StoreNotConfiguredError(
                "Stored files would lie in this worker's own folder: set S3_BUCKET_NAME with its "
                "keys, send s3Config, or set PUBLIC_URL where clients can reach this server"
            )
        signer = await DISK.run(self._links)
        expires_s = int(time.time() + self._settings.file_link_ttl_s)
        path = signer.signed_path(f"{file.key}-{file.name}", expires_s)
        return FileLink(base.rstrip("/") + path, expires_s, file)

    async def open(self, name: str, expires: str, signature: str) -> OpenFile:
        """Return the file that a link leads to.

        Args:
            name: last part of the link's path, unquoted.
            expires: of its query.
            signature: of its query.

        Raises:
            LinkInvalidError: nobody signed it like this.
            LinkExpiredError: it worked once.
            FileNotStoredError: the file was removed.
            StorageError: the disk failed.
        """
        return await DISK.run(self._open, name, expires, signature)

    async def sign(self, name: str) -> tuple[str, int]:
        """Sign a link to what is not in this store: its query, and when it expires.

        Args:
            name: of what it leads to; none that a stored file may have.

        Raises:
            StorageError: the secret behind links cannot be stored.
        """
        signer = await DISK.run(self._links)
        expires_s = int(time.time() + self._settings.file_link_ttl_s)
        return signer.signed_query(name, expires_s), expires_s

    async def check(self, name: str, expires: str, signature: str) -> int:
        """Check a link of ``sign``; return when it expires, seconds since the epoch.

        Raises:
            LinkInvalidError: nobody signed it like this.
            LinkExpiredError: it worked once.
            StorageError: the secret behind links cannot be read.
        """
        signer = await DISK.run(self._links)
        return signer.check(name, expires, signature, time.time())

    async def listed(self, holder: str) -> list[tuple[StoredFile, float]]:
        """Return the files of one holder with the times at which they were stored, newest first.

        Args:
            holder: as `NewFile.holder`.

        Raises:
            StorageError: the disk failed.
        """
        return await DISK.run(self._listed, holder)

    async def sweep(self) -> int:
        """Remove expired files, and those beyond the room; return their number.

        Raises:
            StorageError: the disk failed.
        """
        return await DISK.run(self._sweep)

    def _links(self) -> LinkSigner:
        """Return the signer of links, which knows the folder's secret."""
        if self._signer is None:
            chosen = self._settings.files_secret
            self._signer = LinkSigner(
                folder_secret(self._folder)
                if chosen is None
                else chosen.get_secret_value().encode()
            )
        return self._signer

    def _put(self, file: NewFile) -> StoredFile:
        with storage_errors():
            owner = self._links().owner(file.holder)
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            size = _size(file.content)
            key = owner + secrets.token_hex(_RANDOM_BYTES)
            if file.replaces is not None:
                key = file.replaces.key
            self._reserve(StoredEntry(key, owner, size, time.time()))
            try:
                return self._write(key, file, size)
            except BaseException:
                self._remove(key)
                raise

    def _write(self, key: str, file: NewFile, size: int) -> StoredFile:
        part, digest, written = self._path(key, _PART), hashlib.sha256(), 0
        with part.open("wb") as target:
            for block in _blocks(file.content):
                digest.update(block)
                target.write(block)
                written += len(block)
        if written != size:
            raise StorageError("The file changed while it was stored")
        stored = StoredFile(safe_name(file.name), key, file.media_type, size, digest.hexdigest())
        self._path(key, _RECORD).write_text(json.dumps(asdict(stored)), encoding="utf-8")
        part.replace(self._path(key, _BYTES))
        return stored

    def _open(self, name: str, expires: str, signature: str) -> OpenFile:
        with storage_errors():
            expires_s = self._links().check(name, expires, signature, time.time())
            key, _, shown = name.partition("-")
            path = self._path(key, _BYTES)
            try:
                status = path.stat()
                record = StoredFile(**json.loads(self._path(key, _RECORD).read_text("utf-8")))
            except (FileNotFoundError, ValueError, TypeError):
                raise FileNotStoredError("The file was removed; store it again") from None
            return OpenFile(path, replace(record, name=shown), expires_s, status)

    def _listed(self, holder: str) -> list[tuple[StoredFile, float]]:
        with storage_errors(), self._lock:
            if not self._folder.is_dir():
                return []
            self._scan()
            owner = self._links().owner(holder)
            entries = [each for each in self._entries.values() if each.owner == owner]
            found: list[tuple[StoredFile, float]] = []
            for each in sorted(entries, key=lambda entry: -entry.stored_s)[:_MOST_LISTED]:
                with suppress(OSError, ValueError, TypeError):  # removed meanwhile, or unfinished
                    record = json.loads(self._path(each.key, _RECORD).read_text("utf-8"))
                    found.append((StoredFile(**record), each.stored_s))
            return found

    def _sweep(self) -> int:
        with storage_errors(), self._lock:
            if not self._folder.is_dir():
                return 0
            self._scan()
            return self._evict()

    def _reserve(self, entry: StoredEntry) -> None:
        """Make room for a file that is about to be written.

        Raises:
            StorageError: it has no room even if all others of its holder go.
        """
        with self._lock:
            if time.monotonic() - self._scanned_s > _SCAN_S:
                self._scan()
            self._entries[entry.key] = entry
            self._evict(writing=entry)
            if entry.key not in self._entries:
                raise StorageError("There is no room for a stored file of this size")

    def _evict(self, writing: StoredEntry | None = None) -> int:
        removed = files_to_remove(self._entries.values(), self._bounds(writing), time.time())
        for entry in removed:
            self._remove(entry.key)
        return len(removed)

    def _bounds(self, writing: StoredEntry | None) -> FileBounds:
        """Return what may stay; on a disk that is nearly full there is less room."""
        disk = shutil.disk_usage(self._folder)
        free = disk.free - max(_FREE_BYTES, int(disk.total * _FREE_SHARE))
        unwritten = writing.size_bytes if writing is not None else 0
        used = sum(each.size_bytes for each in self._entries.values()) - unwritten
        return file_bounds(self._settings, room_bytes=used + free)

    def _scan(self) -> None:
        """List the files of all workers."""
        found: dict[str, StoredEntry] = {}
        now_s = time.time()
        for path in os.scandir(self._folder):
            key, dot, ending = path.name.partition(".")
            ending = dot + ending
            if ending not in (_BYTES, _PART) or not _KEY.fullmatch(key):
                continue
            with suppress(FileNotFoundError):
                status = path.stat(follow_symlinks=False)
                if ending == _PART and status.st_mtime + _PART_TTL_S < now_s:
                    self._remove(key)
                    continue
                owner = key[:_OWNER_DIGITS]
                found[key] = StoredEntry(key, owner, status.st_size, status.st_mtime)
        self._entries, self._scanned_s = found, time.monotonic()

    def _remove(self, key: str) -> None:
        self._entries.pop(key, None)
        for ending in (_BYTES, _PART, _RECORD):
            self._path(key, ending).unlink(missing_ok=True)

    def _path(self, key: str, ending: str) -> Path:
        return self._folder / f"{key}{ending}"


def file_bounds(settings: FileSettings, room_bytes: float = math.inf) -> FileBounds:
    """Return what the settings allow, within the room that there is."""
    room = int(min(settings.files_max_size_mb * 2**20, max(room_bytes, 0)))
    share = int(room * settings.files_caller_share)
    return FileBounds(settings.files_ttl_hours * 3600, room, share)


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _blocks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as source:
        while block := source.read(_BLOCK_BYTES):
            yield block
