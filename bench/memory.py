"""Peak memory for a long file, relative to a short one.

A fresh server works through a recording that has speech for a fifth of its time, to the end;
meanwhile the memory of the worker and all its children (engine, ffmpeg, translator) is added up
every 50 ms, and the highest sum counts, whatever a server holds that does nothing included.
Each process counts with its proportional set size (PSS), in which a page that several processes
share counts once: resident sizes would count shared libraries again and again, and so hide
growth behind a larger constant.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench.figure import Figure, Goal
from bench.machine import is_copy_of_parent
from bench.measure import BenchEnvironment
from bench.pipeline import run_job
from bench.recording import SPARSE
from bench.serving import Server, serving

LONG_OVER_SHORT = Goal("memory_60min_over_10min", 1.25, "ratio")

_SHORT_MINUTES = 10
_LONG_MINUTES = 60
_EVERY_S = 0.05
_MIB = 2**20


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of the peaks."""
    short = await _peak_bytes(environment, _SHORT_MINUTES)
    long = await _peak_bytes(environment, _LONG_MINUTES)
    return [LONG_OVER_SHORT.reached(long / short)]


async def _peak_bytes(environment: BenchEnvironment, minutes: int) -> int:
    media = environment.recordings.get(SPARSE, minutes)
    async with serving() as server:
        environment.progress.step(f"memory: {minutes} min through a fresh server")
        idle = _pss_bytes(server.tree)
        peak = Peak(server)
        watching = asyncio.create_task(peak.watch())
        try:
            await run_job(server.port, media, environment.progress)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
    environment.progress.step(
        f"memory: {minutes} min, idle {idle / _MIB:.0f} MiB, peak {peak.bytes / _MIB:.0f} MiB, "
        f"peak of the worker alone {peak.worker_bytes / _MIB:.0f} MiB"
    )
    return peak.bytes


class Peak:
    """The most memory that a server's processes had together.

    Attributes:
        bytes: so far.
        worker_bytes: the most that the worker had alone; printed, but no figure.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.bytes = 0
        self.worker_bytes = 0

    async def watch(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(_EVERY_S)

    def _look(self) -> None:
        worker, *children = self._server.tree
        worker_bytes = _pss_bytes([worker])
        self.worker_bytes = max(self.worker_bytes, worker_bytes)
        self.bytes = max(self.bytes, worker_bytes + _pss_bytes(children))


def _pss_bytes(processes: Sequence[psutil.Process]) -> int:
    return sum(_pss_of(process) for process in processes)


def _pss_of(process: psutil.Process) -> int:
    """Return a process's proportional set size; 0 once it has ended, and of its parent's copy."""
    with contextlib.suppress(OSError, psutil.NoSuchProcess):
        if is_copy_of_parent(process):
            return 0
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
