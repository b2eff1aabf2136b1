"""Processes that are watched from outside."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

_ENGINE = "pocketsphinx"


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


def engines_of(parent: psutil.Process) -> list[psutil.Process]:
    """Return the processes in which the transcriber of a process decodes."""
    return [child for child in parent.children() if _ENGINE in " ".join(child.cmdline())]
