"""Response time of `/health` while the server works.

Eight jobs run, and `/health` is asked for at fixed times on one connection. Each answer's time
counts from the moment at which it was due to be asked for, so that a stall is charged to every
question that it delays and not to one alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import numpy as np

from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.progress import Progress
from bench.recording import TALK
from bench.serving import serving
from bench.wire import Connection, Stream, upload

P99 = Goal("health_p99_ms", 50, "ms")

JOBS = 8
"""Enough to occupy every worker thread and leave a queue."""

_MINUTES = 10
_WARM_UP_S = 5.0
_EVERY_S = 0.05
_QUESTIONS = 800


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the 99th percentile."""
    media = environment.recordings.get(TALK, _MINUTES)
    async with serving() as server, AsyncExitStack() as stack:
        environment.progress.step(f"health: {_QUESTIONS} questions under {JOBS} jobs")
        for _ in range(JOBS):
            stream = await stack.enter_async_context(upload(server.port, media, target_lang="es"))
            reading = asyncio.create_task(drain(stream))
            stack.callback(reading.cancel)
        await asyncio.sleep(_WARM_UP_S)
        times_ms = await _ask(server.port, environment.progress)
        running = (await server.health())["jobs"]["running"]
    if running != JOBS:
        raise BenchError(f"{running} of {JOBS} jobs were still running")
    p50, p99, worst = np.percentile(times_ms, (50, 99, 100))
    environment.progress.step(
        f"health: median {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms"
    )
    return [P99.reached(float(p99))]


async def drain(stream: Stream) -> None:
    """Read a stream to its end."""
    async for _ in stream.frames():
        pass


async def _ask(port: int, progress: Progress) -> list[float]:
    """Return how long each answer took, in ms."""
    connection = await Connection.open(port)
    times_ms: list[float] = []
    due_s = time.monotonic()
    for number in range(_QUESTIONS):
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        headers = await connection.ask("GET", "/health", {})
        await connection.read(headers)
        times_ms.append((time.monotonic() - due_s) * 1000)
        due_s += _EVERY_S
        progress.now(f"health: {number + 1} of {_QUESTIONS}, worst {max(times_ms):.1f} ms")
    await connection.close()
    return times_ms
