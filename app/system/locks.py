"""File locks between processes."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_S = 0.02
_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
"""Errors of network file systems that do not support locks."""


@contextmanager
def file_lock(path: Path, timeout_s: float = 0.0) -> Iterator[bool]:
    """Lock a file for the block; the kernel releases the lock when the process ends.

    Args:
        path: the file; created if it is missing, and never removed, since two processes could
            then lock two files of one name.
        timeout_s: how long to wait for another process.

    Yields:
        False where another process still has the lock. True also where the file system does not
        support locks: the guarded work must tolerate a race.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        yield _acquire(handle, time.monotonic() + timeout_s)
    finally:
        os.close(handle)


def _acquire(handle: int, until_s: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until_s:
                return False
            time.sleep(_POLL_S)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return True
            raise
        else:
            return True
