"""Load of the machine, by process where needed."""

from __future__ import annotations

import os
import platform
import re
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

_NEW_S = 1.0
"""A process of this age may not have begun the program that it was made for."""


class OtherLoad:
    """CPU time of other processes since its construction.

    Ours is this process and every descendant that has ended and was waited for, so the count
    is right only once a measurement's servers are stopped. Time that a hypervisor gave to
    another machine counts as others' too.
    """

    def __init__(self) -> None:
        self._started = time.monotonic(), _busy_s(), _own_s()

    def cores(self) -> float:
        """Return how many cores other processes occupied on average."""
        wall_s, busy_s, own_s = self._started
        others_s = (_busy_s() - busy_s) - (_own_s() - own_s)
        return max(0.0, others_s / max(1e-3, time.monotonic() - wall_s))


def describe_machine() -> str:
    """Return one line about the machine and its load."""
    one, five, _ = os.getloadavg()
    gib = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {gib:.0f} GiB, load {one:.2f} (1 min) {five:.2f} (5 min)"


def machine_name() -> str:
    """Return the processor and how many cores there are, without the load of the moment."""
    models = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text("utf-8"))
    cpu = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores of {cpu}"


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _own_s() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


def is_copy_of_parent(child: psutil.Process) -> bool:
    """Return whether a process was made just now and is still the program of its parent.

    Until it begins a program of its own it has its parent's memory (``vfork``), which both report
    as theirs.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    if time.time() - child.create_time() > _NEW_S:
        return False
    parent = child.parent()
    return parent is not None and child.cmdline() == parent.cmdline()


def cpu_s(processes: Sequence[psutil.Process]) -> float:
    """Return the CPU time that they have used; those that have ended count nothing."""
    total_s = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total_s += times.user + times.system
    return total_s
