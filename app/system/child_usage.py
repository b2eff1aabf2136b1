"""What a child process and its descendants use, by the kernel's accounts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_MOST_PROCESSES = 256
"""A tree that is larger than this is counted up to here."""


class ChildUsage(NamedTuple):
    """Sums over a process and all its descendants that still run.

    Attributes:
        memory_bytes: resident memory that is not shared with files.
        cpu_s: processor time, that of ended and awaited descendants too.
    """

    memory_bytes: int
    cpu_s: float


def usage_of(pid: int) -> ChildUsage:
    """Return what a process and its descendants use; zeros once it has ended.

    Source: proc(5), ``/proc/pid/statm``, ``/proc/pid/stat``, ``/proc/pid/task/tid/children``.
    """
    memory_bytes, cpu_s = 0, 0.0
    for each in _tree(pid):
        # A process may end between two reads.
        with suppress(OSError, ValueError, IndexError):
            pages = Path(f"/proc/{each}/statm").read_bytes().split()
            memory_bytes += (int(pages[1]) - int(pages[2])) * _PAGE_BYTES
            # The name in parentheses may hold blanks.
            fields = Path(f"/proc/{each}/stat").read_bytes().rpartition(b")")[2].split()
            cpu_s += sum(map(int, fields[11:15])) / _TICKS_PER_S
    return ChildUsage(memory_bytes, cpu_s)


def _tree(pid: int) -> Iterator[int]:
    pending = [pid]
    for _ in range(_MOST_PROCESSES):
        if not pending:
            return
        each = pending.pop()
        yield each
        with suppress(OSError):
            listed = Path(f"/proc/{each}/task/{each}/children").read_bytes()
            pending += map(int, listed.split())
