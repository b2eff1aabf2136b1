"""Time to a first text while seven other viewers are served.

The others came earlier and watch ten minutes each, with the batches that a CPU has by default.
Wall time from the file's path to the first text, by that of a server that has nothing else to do.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.gpu.loaded_engines import Engines
from app.gpu.work_context import WorkContext
from bench.figure import Figure, Goal
from bench.first_text import first_text
from bench.measure import BenchEnvironment
from bench.recording import TALK
from bench.throughput import transcribe_file
from bench.whisper import checkpoint, engines, settings_for

BUSY_OVER_IDLE = Goal("first_text_busy_over_idle", 3, "ratio")

_MINUTES = 10
_OTHERS = 7
_ROUNDS = 5
_APART_S = 2.0
"""Between two viewers, so that they meet batches in different states."""


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of the medians.

    Raises:
        BenchError: the gpu extra is not installed.
    """
    media = environment.recordings.get(TALK, _MINUTES)
    async with engines(settings_for(checkpoint())) as ours:
        await first_text(ours, media, WorkContext("warm"))
        idle_s = [await _wait_s(ours, media, f"idle {n}") for n in range(_ROUNDS)]
        busy_s: list[float] = []
        async with _others(ours, media):
            for number in range(_ROUNDS):
                await asyncio.sleep(_APART_S)
                busy_s.append(await _wait_s(ours, media, f"busy {number}"))
    for name, each_s in (("idle", idle_s), ("busy", busy_s)):
        environment.progress.step(f"busy: {name}, " + " ".join(f"{s:.2f}" for s in each_s) + " s")
    return [BUSY_OVER_IDLE.reached(statistics.median(busy_s) / statistics.median(idle_s))]


async def _wait_s(ours: Engines, media: Path, name: str) -> float:
    started_s = time.monotonic()
    await first_text(ours, media, WorkContext(name))
    return time.monotonic() - started_s


@asynccontextmanager
async def _others(ours: Engines, media: Path) -> AsyncIterator[None]:
    """Serve the others without end; yields once each has seen his first text."""
    begun = asyncio.Barrier(_OTHERS + 1)

    async def watch(number: int) -> None:
        context = WorkContext(f"other {number}")
        seen = asyncio.Event()
        tasks = asyncio.create_task(transcribe_file(ours, media, context, seen.set))
        try:
            await seen.wait()
            await begun.wait()
            while True:
                await tasks
                tasks = asyncio.create_task(transcribe_file(ours, media, context))
        finally:
            context.cancelled.set()
            tasks.cancel()
            await asyncio.gather(tasks, return_exceptions=True)

    watchers = [asyncio.create_task(watch(number)) for number in range(_OTHERS)]
    try:
        await begun.wait()
        yield
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
