"""How busy the machine is with other things."""

from __future__ import annotations

import os
import resource
import time

import psutil


class OtherLoad:
    """Counts, from its making on, the CPU time that is not ours.

    Ours is this process and every descendant that has ended and was waited for, so the count
    is right only once a measurement's servers are stopped. Time that a hypervisor gave to
    somebody else counts as others' too.
    """

    def __init__(self) -> None:
        self._started = time.monotonic(), _busy_s(), _own_s()

    def cores(self) -> float:
        """Return how many cores others kept busy on average."""
        wall_s, busy_s, own_s = self._started
        others_s = (_busy_s() - busy_s) - (_own_s() - own_s)
        return max(0.0, others_s / max(1e-3, time.monotonic() - wall_s))


def describe_machine() -> str:
    """Return one line about the machine and its load."""
    one, five, _ = os.getloadavg()
    gib = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {gib:.0f} GiB, load {one:.2f} (1 min) {five:.2f} (5 min)"


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _own_s() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))
