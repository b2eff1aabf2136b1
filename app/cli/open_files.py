"""Whether a program has a file open for writing. Source: fcntl(2), on leases."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from errno import EAGAIN
from pathlib import Path


class OpenForWriting:
    """Asks the kernel for a read lease, which it gives only where nobody writes.

    Linux alone reports it, and only of files on this machine that are the user's own; of others
    nothing is known, and none counts as open.
    """

    def __init__(self) -> None:
        if sys.platform == "linux":
            # Sent where somebody opens the file in that very moment; it would end this process.
            signal.signal(signal.SIGIO, signal.SIG_IGN)

    def holds(self, path: Path) -> bool:
        """Whether a program is known to have the file open for writing."""
        if sys.platform != "linux":
            return False
        import fcntl

        try:
            number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == EAGAIN
        finally:
            with suppress(OSError):
                fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            os.close(number)
        return False
