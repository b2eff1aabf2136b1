"""Writing results: at once or not at all, and over nothing unless that is wanted."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

from app.cli.exit_codes import CommandError, ExitCode

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u2028\u2029\u202a-\u202e\u2066-\u2069]')
_MAX_STEM_BYTES = 180
"""Room for a language and an ending below the 255 bytes of most file systems."""


def write_whole(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file so that nobody sees a part of it.

    Raises:
        CommandError: it is there already, or cannot be written.
    """
    try:
        number, name = tempfile.mkstemp(prefix=".cuestream-", dir=path.parent)
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(Path(name), path, force=force)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None


def put_in_place(temporary: Path, path: Path, *, force: bool) -> None:
    """Give a finished file its name; the temporary name is gone afterwards.

    Raises:
        CommandError: the name is taken and may not be overwritten.
        OSError: the file cannot get it.
    """
    try:
        temporary.chmod(0o666 & ~_umask())
        if force:
            temporary.replace(path)
        else:
            _link(temporary, path)
    except FileExistsError:
        raise CommandError(
            f"{path} is there already; --force overwrites it", ExitCode.EXISTS
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _link(temporary: Path, path: Path) -> None:
    """Take a name that is free."""
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # No links on this file system: the name is taken first, then given to the file.
        path.touch(exist_ok=False)
        temporary.replace(path)


def plain_stem(title: str) -> str:
    """Return a title of a stranger's as the beginning of a file's name; empty for none."""
    text = _UNSAFE.sub(" ", title.encode(errors="ignore").decode())
    text = " ".join(text.split()).strip(" .")
    return text.encode()[:_MAX_STEM_BYTES].decode(errors="ignore").strip(" .")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
