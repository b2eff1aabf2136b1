"""Uploaded files of jobs that another process may go on with."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from app.domain.request import JobRequest, UploadedFile
from app.system.private_folders import private_folder
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_STORED_S = 600.0
"""A file comes before its job's row, but not so long."""


class KeptUploads:
    """A folder of uploaded files, each named as its job.

    Args:
        folder: on a disk of this machine, or on one that all workers see.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "uploads"

    async def keep(self, job_id: str, request: JobRequest, *, copy: bool) -> JobRequest:
        """Move a request's file here, out of the folder that dies with this process.

        Args:
            job_id: of its job.
            request: as it came.
            copy: whether it is copied where the folders lie on different disks. A job that has
                begun and whose file is not moved cannot go on elsewhere.

        Raises:
            StorageError: the disk is full or not writable.
        """
        source = request.source
        if not isinstance(source, UploadedFile):
            return request
        place = self._folder / f"{job_id}{source.path.suffix}"
        if not await DISK.run(self._move, source.path, place, copy):
            return request
        return replace(request, source=replace(source, path=place))

    async def remove(self, job_ids: Collection[str]) -> None:
        """Remove files of jobs that have ended: their worker may have died just before it did.

        Args:
            job_ids: of any ended jobs; most have no file.
        """
        await DISK.run(self._remove, frozenset(job_ids))

    async def sweep(self, is_known: Callable[[str], Awaitable[bool]]) -> None:
        """Remove files of jobs that are not known any more.

        Args:
            is_known: whether the store has a job of that id.
        """
        for path in await DISK.run(self._old):
            if not await is_known(path.stem):
                await DISK.run(path.unlink, missing_ok=True)

    def _remove(self, job_ids: frozenset[str]) -> None:
        for path in self._folder.glob("*"):
            if path.stem in job_ids:
                with suppress(OSError):
                    path.unlink()

    def _move(self, source: Path, place: Path, copy: bool) -> bool:
        with storage_errors():
            private_folder(self._folder, "JOBS_DIR")
            try:
                source.rename(place)
            except OSError:
                if not copy:
                    return False
                shutil.copyfile(source, place)
                source.unlink()
            os.utime(place)
        return True

    def _old(self) -> list[Path]:
        """Return the files whose jobs are stored by now, if they ever were."""
        oldest, found = time.time() - _STORED_S, []
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    found.append(path)
        return found
