"""Folders and files that nobody else may read, write or have made."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from itertools import permutations
from pathlib import Path

from app.domain.errors import StorageError

FOLDER_MODE = 0o700

_OTHERS = 0o077


def keep_files_private() -> None:
    """Make every file that this process and its children create readable by its owner alone.

    Files get 0600, folders 0700. Source: umask(2).
    """
    os.umask(_OTHERS)


def private_folder(folder: Path, setting: str) -> Path:
    """Create a folder for this user alone if it is missing, and check whose it is.

    In a folder that all may write to, such as ``/tmp``, somebody else may have made it, or a link
    in its place, to read what is written to it or to have another folder swept.

    Args:
        folder: its parents are created too.
        setting: which setting names another one, for the message.

    Raises:
        StorageError: it is a link, no folder, or somebody else's.
        OSError: it cannot be created.
    """
    folder.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(FOLDER_MODE)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise StorageError(f"{folder} is a link or a file: set {setting} to another folder")
    if found.st_uid != os.geteuid():
        raise StorageError(f"{folder} belongs to another user: set {setting} to another folder")
    if stat.S_IMODE(found.st_mode) & _OTHERS:
        folder.chmod(FOLDER_MODE)
    return folder


def check_shared_parent(folder: Path, setting: str) -> None:
    """Check a folder as `private_folder` does if all may write to the folder above it.

    Elsewhere nobody else could have made it, and a network volume may show any owner. What cannot
    be created is left to its user to report.

    Args:
        folder: need not exist.
        setting: which setting names another one, for the message.

    Raises:
        StorageError: it is a link, no folder, or somebody else's.
    """
    with suppress(OSError):
        if folder.parent.stat().st_mode & stat.S_IWOTH:
            private_folder(folder, setting)


def check_separate(folders: Mapping[str, Path]) -> None:
    """Check that no folder lies in another one whose files are swept.

    Args:
        folders: by the setting that names them.

    Raises:
        StorageError: one does; the message names both.
    """
    places = {name: Path(os.path.realpath(folder)) for name, folder in folders.items()}
    for (one, inner), (other, outer) in permutations(places.items(), 2):
        if inner == outer or outer in inner.parents:
            raise StorageError(
                f"The folder of {one} ({folders[one]}) lies in that of {other} "
                f"({folders[other]}), where files are removed: set {one} or {other} to another "
                "folder"
            )
