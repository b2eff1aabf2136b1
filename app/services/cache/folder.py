"""The folder on disk: where entries lie, and how a file comes into being at once and whole."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

LAYOUT = "v1"
"""The folder of this layout; another one would be another folder."""

LOCKS = "locks"
"""The one folder beside the stages."""

TEMPORARY = ".new-"
"""How the names of files begin that are being written."""

_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,80}")


class Folder:
    """The tree ``<root>/v1/<stage>/<first two digits of the name>/<name>``.

    It holds what people said, so nobody but its owner may look into it. All methods may raise
    OSError.
    """

    def __init__(self, root: Path) -> None:
        self.home = root / LAYOUT

    def place(self, stage: str, name: str) -> Path:
        """Return where an entry lies.

        Raises:
            ValueError: a name that no stage or key has; it could lead elsewhere.
        """
        for part in (stage, name):
            if not _PLAIN_NAME.fullmatch(part):
                raise ValueError(f"not a name of an entry: {part!r}")
        return self.home / stage / name[:2] / name

    def make(self, folder: Path) -> Path:
        """Make a folder within the tree, where it is missing."""
        if not folder.is_dir():
            self.home.mkdir(0o700, parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def create(self, folder: Path) -> tuple[BinaryIO, Path]:
        """Return a new file for a folder, not buffered, under a passing name."""
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=self.make(folder))
        return os.fdopen(handle, "wb", buffering=0), Path(name)

    def write(self, place: Path, content: bytes) -> None:
        """Put a file in its place at once and whole, also when the power fails."""
        file, passing = self.create(place.parent)
        try:
            with file:
                write_all(file, content)
                os.fsync(file.fileno())
            passing.replace(place)
        except BaseException:
            remove(passing)
            raise


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write every byte: the system may take a part and report the full disk next time."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


@contextmanager
def opened(place: Path) -> Iterator[BinaryIO]:
    """Open an entry for reading.

    Raises:
        FileNotFoundError: there is none. What is no plain file, such as a link that leads
            elsewhere, is none either, and is removed.
    """
    file = open_plain(place)
    try:
        yield file
    finally:
        file.close()


def open_plain(place: Path) -> BinaryIO:
    """Open a plain file, see `opened`; the caller closes it."""
    try:
        # Not blocking, since opening a pipe would wait for its writer.
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        if place.is_symlink():
            remove(place)
            raise FileNotFoundError(place) from None
        raise
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        remove(place)
        raise FileNotFoundError(place)
    return file


def remove(place: Path) -> None:
    """Remove a file if it is there and may be removed; a reader that has it open keeps it."""
    with suppress(OSError):
        place.unlink()
