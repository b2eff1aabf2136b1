"""Writing results: at once or not at all, and over nothing unless that is wanted."""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.cli.exit_codes import CommandError, ExitCode

TO_PIPE = "-"
"""Output that is standard output."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u2028\u2029\u202a-\u202e\u2066-\u2069]')
_MAX_STEM_BYTES = 180
"""Room for a language and an ending below the 255 bytes of most file systems."""


def write_whole(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file so that nobody sees a part of it.

    Raises:
        CommandError: it is there already, or cannot be written.
    """
    with whole_file(path, force=force) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Open a file that gets its name once the block has ended, and is gone where that failed.

    Raises:
        CommandError: it is there already, or cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".cuestream-", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(temporary, path, force=force)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check_pipe(*, as_json: bool) -> None:
    """Check that standard output is free for a result.

    Raises:
        CommandError: events go there.
    """
    if as_json:
        raise CommandError("--json has standard output for itself: --output FILE", ExitCode.USAGE)


def write_stdout(content: bytes) -> None:
    """Write to standard output.

    Raises:
        CommandError: it cannot be written.
        BrokenPipeError: nobody reads it any more.
    """
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up_stdout()
        reason = error.strerror or error
        raise CommandError(f"standard output cannot be written: {reason}") from None


def give_up_stdout() -> None:
    """Write nothing more to standard output, nor what it still holds: that would fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _put_in_place(temporary: Path, path: Path, *, force: bool) -> None:
    """Give a finished file its name; the temporary name may be left.

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
