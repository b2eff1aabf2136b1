"""Locks between workers, where the file system has them."""

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
"""What network file systems answer that know no locks."""


@contextmanager
def holding(path: Path, patience_s: float = 0.0) -> Iterator[bool]:
    """Hold a file's lock for the block; it goes with the process, however that ends.

    Args:
        path: the file; made where it is missing, and never removed, since two workers could
            then hold two files of one name.
        patience_s: how long to wait for another holder.

    Yields:
        False where another one holds it still. True where the file system has no locks: what
        it guards must then bear a race.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        yield _take(handle, time.monotonic() + patience_s)
    finally:
        os.close(handle)


def _take(handle: int, until_s: float) -> bool:
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
