"""The folder tree of the cache on disk."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from app.services.cache.disk_executor import DiskExecutor
from app.system.private_folders import FOLDER_MODE

LAYOUT = "v1"
"""Version of the layout; another layout would be another folder."""

LOCKS = "locks"
"""The one folder beside the stages."""

TEMPORARY = ".new-"
"""Prefix of the names of files that are still being written."""

_ENTRY_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,80}")


class CacheFolder:
    """The tree ``<root>/v1/<stage>/<first two digits of the name>/<name>``.

    It contains what people said, so only its owner may read it. All methods block and may raise
    OSError, so run them by ``disk``.

    Args:
        root: the folder of the cache.
        disk: runs the file operations.

    Attributes:
        home: the folder of this layout.
        disk: as given.
    """

    def __init__(self, root: Path, disk: DiskExecutor) -> None:
        self.home = root / LAYOUT
        self.disk = disk

    def path(self, stage: str, name: str) -> Path:
        """Return the path of an entry.

        Raises:
            ValueError: not a name of a stage or key; it could lead outside the tree.
        """
        for part in (stage, name):
            if not _ENTRY_NAME.fullmatch(part):
                raise ValueError(f"not a name of an entry: {part!r}")
        return self.home / stage / name[:2] / name

    def ensure(self, folder: Path) -> Path:
        """Create a folder within the tree if it is missing, and return it."""
        if not folder.is_dir():
            # The mode of ``mkdir`` counts for the last folder alone.
            for each in (self.home.parent, self.home, folder.parent, folder):
                each.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        return folder

    def create_temporary(self, folder: Path) -> tuple[BinaryIO, Path]:
        """Return a new unbuffered file in a folder and its temporary path."""
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=self.ensure(folder))
        return os.fdopen(handle, "wb", buffering=0), Path(name)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file atomically, also when the power fails."""
        file, temporary = self.create_temporary(path.parent)
        try:
            with file:
                write_all(file, content)
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            remove(temporary)
            raise


def is_entry(stage: str, shard: str, name: str) -> bool:
    """Whether a file has the name of one that this tree holds, complete or still being written."""
    if name.startswith(TEMPORARY):
        return True
    return all(map(_ENTRY_NAME.fullmatch, (stage, name))) and name[:2] == shard


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write every byte: the system may take a part and report the full disk on the next write."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open an entry for reading, see `open_regular`."""
    file = open_regular(path)
    try:
        yield file
    finally:
        file.close()


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; the caller closes it.

    Raises:
        FileNotFoundError: there is none. Anything but a regular file, such as a link that leads
            elsewhere, counts as missing and is removed.
    """
    try:
        # Not blocking, since opening a pipe would wait for its writer.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        if path.is_symlink():
            remove(path)
            raise FileNotFoundError(path) from None
        raise
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        remove(path)
        raise FileNotFoundError(path)
    return file


def remove(path: Path) -> None:
    """Remove a file if it exists and may be removed; open file handles stay readable."""
    with suppress(OSError):
        path.unlink()
