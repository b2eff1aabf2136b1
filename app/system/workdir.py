"""The folder of a process's temporary files."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from app.domain.errors import StorageError
from app.system.private_folders import private_folder

HOME = "cuestream-work"
"""Name of the folder of all processes. The cache has another one, so that both may lie on one
volume side by side."""

_PREFIX = "work-"
_LOCK = ".lock"
_MARK = ".cuestream-work"
"""File by which a process's own folder is recognised, and its lock; nothing else is swept."""


@contextmanager
def storage_errors() -> Iterator[None]:
    """Translate errors of the disk.

    Raises:
        StorageError: the disk is full or not writable.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown error"
        raise StorageError(f"Temporary storage failed: {reason}") from error


class WorkDir:
    """One process's own folder under ``<parent>/cuestream-work/``.

    The kernel releases a process's file locks when it dies. So a folder with our mark whose lock
    is free has no owner any more, and the next process that opens a folder removes it.
    """

    def __init__(self, path: Path, lock: ExitStack) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, parent: Path | None) -> WorkDir:
        """Create a folder for this process and remove those whose processes have died.

        Args:
            parent: None for the system's folder of temporary files.

        Raises:
            StorageError: the disk is full or not writable, or the folder is somebody else's.
        """
        with storage_errors():
            home = private_folder(work_home(parent), "WORK_DIR")
            # Locked while folders are made and swept, so that none is removed before its lock.
            with _locked(home / _LOCK):
                _sweep(home)
                path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
                lock = ExitStack()
                lock.enter_context(_locked(path / _MARK))
        return cls(path, lock)

    def new_file(self, suffix: str = "") -> Path:
        """Return a new empty file that only this user can read.

        Raises:
            StorageError: the disk is full or not writable.
        """
        with storage_errors():
            handle, name = tempfile.mkstemp(suffix, dir=self.path)
            os.close(handle)
        return Path(name)

    def new_link(self, path: Path, suffix: str = "") -> Path:
        """Return another name of a file, which may be removed without the file.

        Raises:
            StorageError: the disk is full or not writable.
        """
        link = self.new_file(suffix)
        with storage_errors():
            second_name(path, link)
        return link

    def new_folder(self) -> Path:
        """Return a new empty folder that only this user can read.

        Raises:
            StorageError: the disk is full or not writable.
        """
        with storage_errors():
            return Path(tempfile.mkdtemp(dir=self.path))

    def close(self) -> None:
        """Remove the folder with its contents."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def work_home(parent: Path | None) -> Path:
    """Return the folder of all processes.

    Args:
        parent: None for the system's folder of temporary files.
    """
    return (parent or Path(tempfile.gettempdir())) / HOME


@contextmanager
def _locked(path: Path, flags: int = 0, *, create: bool = True) -> Iterator[None]:
    # Python opens files close-on-exec, so no child process keeps the lock alive.
    mode = os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    handle = os.open(path, mode, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(handle)


def _sweep(home: Path) -> None:
    """Remove folders that dead processes left: only what is named and marked as ours."""
    for folder in home.glob(f"{_PREFIX}*"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        with suppress(OSError):
            folder.rmdir()  # empty: its process died before it could mark it
        # A locked file raises BlockingIOError, a missing one or another user's other OSErrors.
        with suppress(OSError), _locked(folder / _MARK, fcntl.LOCK_NB, create=False):
            shutil.rmtree(folder, ignore_errors=True)


def second_name(stored: Path, path: Path) -> None:
    """Give a file a second name, which takes no room; copy it where that cannot be."""
    path.unlink(missing_ok=True)
    try:
        os.link(stored, path)
    except OSError:  # another file system, or one without links
        shutil.copyfile(stored, path)
