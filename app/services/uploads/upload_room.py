"""The room for uploads: by the bytes that arrived, and by caller."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.domain.errors import StorageError
from app.services.uploads.upload_record import read_record
from app.settings import UploadSettings

_MAX_UPLOADS = 1000
_MAX_UPLOADS_OF_CALLER = 250
_MAX_EMPTY_OF_CALLER = 20
"""Most uploads at a time, so that no client fills the folder; an announcement costs nothing."""

_SCAN_S = 5.0
"""How old the count of the folder may be, in which other workers write as well."""

_REFUSAL_SCAN_S = 1.0
"""How old it may be when it refuses something."""

_OWNER_DIGITS = 12


def owner_of(caller: str) -> str:
    """Return the name of a caller for records: neither a key nor an address."""
    return hashlib.sha256(caller.encode()).hexdigest()[:_OWNER_DIGITS]


@dataclass(slots=True)
class _Count:
    """What lies in the folder, by owner."""

    stored_bytes: Counter[str] = field(default_factory=Counter)
    uploads: Counter[str] = field(default_factory=Counter)
    empty: Counter[str] = field(default_factory=Counter)


class UploadRoom:
    """Counts the bytes of uploads in a folder, and of those that pass on their way to a job.

    Its methods read the disk, and threads may call them. Several workers that share the folder may
    exceed the room by what they write within `_SCAN_S`.

    Args:
        folder: of the uploads.
        settings: the capacity and a caller's share of it.
    """

    def __init__(self, folder: Path, settings: UploadSettings) -> None:
        self._folder = folder
        self._capacity_bytes = settings.uploads_max_size_mb * 2**20
        self._share_bytes = max(
            settings.max_resumable_upload_mb * 2**20,
            int(self._capacity_bytes * settings.uploads_caller_share),
        )
        self._lock = threading.Lock()
        self._passing: Counter[str] = Counter()
        self._count = _Count()
        self._counted_s = -math.inf

    def announce(self, owner: str, length: int) -> None:
        """Count an upload that is about to be created.

        Raises:
            StorageError: no room for so many bytes now, or for one more upload.
            OSError: the disk failed.
        """
        with self._lock:
            self._check_freshly(partial(self._check_announcement, owner, length))
            self._count.uploads[owner] += 1
            self._count.empty[owner] += 1

    def take(self, owner: str, size: int) -> None:
        """Count bytes that are about to be stored in the folder; fewer than none are given back.

        Raises:
            StorageError: there is no room for them.
            OSError: the disk failed.
        """
        with self._lock:
            self._check_freshly(partial(self._check_bytes, owner, size))
            self._count.stored_bytes[owner] += size

    def pass_through(self, owner: str, size: int) -> None:
        """Count bytes of an upload that goes straight to a job.

        Raises:
            StorageError: there is no room for them.
            OSError: the disk failed.
        """
        with self._lock:
            self._check_freshly(partial(self._check_bytes, owner, size))
            self._passing[owner] += size

    def passed(self, owner: str, size: int) -> None:
        """Forget bytes of an upload that a job has, or that was given up."""
        with self._lock:
            self._passing[owner] -= size
            if self._passing[owner] <= 0:
                del self._passing[owner]

    def recount(self) -> None:
        """Count the folder before the next check: something was removed."""
        with self._lock:
            self._counted_s = -math.inf

    def _check_freshly(self, check: Callable[[], None]) -> None:
        """Check with a recent count, and with a newer one before it refuses."""
        self._scan_unless_counted_within(_SCAN_S)
        try:
            check()
        except StorageError:
            self._scan_unless_counted_within(_REFUSAL_SCAN_S)
            check()

    def _check_announcement(self, owner: str, length: int) -> None:
        count = self._count
        if count.empty[owner] >= _MAX_EMPTY_OF_CALLER:
            raise StorageError("Too many of your uploads have not begun; try again later")
        if count.uploads[owner] >= _MAX_UPLOADS_OF_CALLER:
            raise StorageError("You have too many uploads; remove some or try again later")
        if count.uploads.total() >= _MAX_UPLOADS:
            raise StorageError("There is no room for more uploads; try again later")
        self._check_bytes(owner, length)

    def _check_bytes(self, owner: str, size: int) -> None:
        stored, passing = self._count.stored_bytes, self._passing
        if size < 0:
            return
        if stored[owner] + passing[owner] + size > self._share_bytes:
            raise StorageError("There is no room for more of your uploads; try again later")
        if stored.total() + passing.total() + size > self._capacity_bytes:
            raise StorageError("There is no room for more uploads; try again later")

    def _scan_unless_counted_within(self, seconds: float) -> None:
        if time.monotonic() - self._counted_s <= seconds:
            return
        count = _Count()
        for path in self._folder.glob("*.json"):
            record = read_record(path)
            if record is None:
                continue
            try:
                size = path.with_suffix(".bytes").stat().st_size
            except FileNotFoundError:
                continue
            count.stored_bytes[record.owner] += size
            count.uploads[record.owner] += 1
            count.empty[record.owner] += size == 0
        self._count, self._counted_s = count, time.monotonic()
