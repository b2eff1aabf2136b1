"""The expiry of uploads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from app.domain.errors import StorageError, UploadLockedError, UploadNotFoundError
from app.services.uploads.part_writer import locked
from app.services.uploads.upload_record import is_id, lifetime_s
from app.settings import UploadSettings
from app.system.thread_groups import DISK

log = structlog.get_logger()

_SWEEP_S = 600.0


class UploadExpiry:
    """Removes expired uploads from a folder; other workers may sweep the same one.

    Args:
        folder: of an UploadStore.
        settings: the lifetime of an upload.
    """

    def __init__(self, folder: Path, settings: UploadSettings) -> None:
        self._folder = folder
        self._ttl_s = settings.upload_ttl_hours * 3600
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to sweep, now and at intervals."""
        self._task = asyncio.create_task(self._sweep_repeatedly(), name="upload-sweep")

    async def close(self) -> None:
        """Stop sweeping."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def sweep(self) -> int:
        """Remove expired uploads; return their number.

        Raises:
            OSError, StorageError: the disk failed.
        """
        removed = 0
        for path in self._expired():
            # An upload that is being written to is in use, however old its last byte.
            with suppress(UploadLockedError, UploadNotFoundError), locked(path):
                path.unlink(missing_ok=True)
                if path.suffix == ".bytes":
                    path.with_suffix(".json").unlink(missing_ok=True)
                    removed += 1
        return removed

    def _expired(self) -> Iterator[Path]:
        """Yield files of bytes that have expired, and other files without bytes."""
        now_s = time.time()
        # Nothing but what an upload store names is swept.
        for path in [each for each in self._folder.glob("*.*") if is_id(each.name.split(".")[0])]:
            with suppress(FileNotFoundError):
                main = path.suffix == ".bytes" or not path.with_suffix(".bytes").exists()
                status = path.stat()
                size = status.st_size if path.suffix == ".bytes" else 0
                if main and status.st_mtime + lifetime_s(self._ttl_s, size) < now_s:
                    yield path

    async def _sweep_repeatedly(self) -> None:
        while True:
            try:
                if removed := await DISK.run(self.sweep):
                    log.info("uploads expired", count=removed)
            except (OSError, StorageError) as error:
                log.warning("uploads cannot be swept", reason=type(error).__name__)
            await asyncio.sleep(min(_SWEEP_S, self._ttl_s))
