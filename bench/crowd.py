"""Event gaps of five hundred streams of a busy server, until it is stopped.

Eight jobs occupy every core (Whisper decodes on all of them), each read by its owner, and every
other reader follows one of them. For every stream the longest time without a stage
event counts, from the moment at which it was asked for. Then the server gets SIGTERM, and the
last final event on any stream counts.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from bench.figure import BenchError, Figure, Goal
from bench.health import JOBS
from bench.measure import BenchEnvironment
from bench.progress import Progress
from bench.recording import TALK
from bench.serving import Server, serving
from bench.wire import Stream, follow, upload

HEARTBEAT_GAP = Goal("heartbeat_gap_max_s", 16, "s")
SHUTDOWN = Goal("shutdown_s", 2, "s")

READERS = 500
_AT_A_TIME = 25
"""Readers that connect at the same moment."""
_WATCH_S = 50.0
_MINUTES = 10
_FINAL_LIMIT_S = 30.0


class Reader:
    """Reads one stream to its end and records its times.

    Attributes:
        job_id: set once the stream is open.
        gap_s: longest time without a stage event so far.
        final_s: monotonic time of the event that ended the stream; None until then.
    """

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.job_id = ""
        self.gap_s = 0.0
        self.final_s: float | None = None
        self._last_s: float | None = None

    async def read(
        self, opening: AbstractAsyncContextManager[Stream], limit: asyncio.Semaphore
    ) -> None:
        """Open the stream when a connection slot is free, and read it."""
        async with AsyncExitStack() as stack:
            async with limit:
                stream = await stack.enter_async_context(opening)
            self.job_id = stream.job_id
            self._last_s = stream.asked_s
            self.opened.set()
            async for frame in stream.frames():
                if frame.is_stage:
                    self._seen(frame.at_s)
                if frame.is_final:
                    self.final_s = frame.at_s

    def longest_gap_s(self) -> float:
        """Return the longest time without a stage event, the one that still lasts included."""
        lasting_s = 0.0 if self._last_s is None else time.monotonic() - self._last_s
        return max(self.gap_s, lasting_s)

    def _seen(self, at_s: float) -> None:
        if self._last_s is not None:
            self.gap_s = max(self.gap_s, at_s - self._last_s)
        self._last_s = at_s


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return both figures."""
    media = environment.recordings.get(TALK, _MINUTES)
    threads = str(os.cpu_count() or 1)
    async with serving(WHISPER_CPU_THREADS=threads) as server, asyncio.TaskGroup() as group:
        environment.progress.step(f"crowd: {READERS} readers on {JOBS} jobs")
        limit = asyncio.Semaphore(_AT_A_TIME)
        owners = [Reader() for _ in range(JOBS)]
        for owner in owners:
            group.create_task(owner.read(upload(server.port, media, target_lang="es"), limit))
        await asyncio.gather(*(owner.opened.wait() for owner in owners))
        readers = [*owners, *(Reader() for _ in range(READERS - JOBS))]
        for number, reader in enumerate(readers[JOBS:]):
            job_id = owners[number % JOBS].job_id
            group.create_task(reader.read(follow(server.port, job_id), limit))
        await asyncio.gather(*(reader.opened.wait() for reader in readers))
        gap_s = await _watch(readers, environment.progress)
        shutdown_s = await _stop(server, readers)
    environment.progress.step(
        f"crowd: longest gap {gap_s:.1f} s, all ended after {shutdown_s:.2f} s"
    )
    return [HEARTBEAT_GAP.reached(gap_s), SHUTDOWN.reached(shutdown_s)]


async def _watch(readers: Sequence[Reader], progress: Progress) -> float:
    """Return the longest gap on any stream while all jobs run."""
    until_s = time.monotonic() + _WATCH_S
    while (left_s := until_s - time.monotonic()) > 0:
        longest_s = max(reader.longest_gap_s() for reader in readers)
        progress.now(f"crowd: {left_s:.0f} s left, longest gap {longest_s:.1f} s")
        await asyncio.sleep(1)
    if ended := sum(reader.final_s is not None for reader in readers):
        raise BenchError(f"{ended} streams ended before their time")
    return max(reader.longest_gap_s() for reader in readers)


async def _stop(server: Server, readers: Sequence[Reader]) -> float:
    """Return the seconds from SIGTERM to the last stream's final event."""
    signalled_s = time.monotonic()
    server.terminate()
    while any(reader.final_s is None for reader in readers):
        await asyncio.sleep(0.05)
        if time.monotonic() - signalled_s > _FINAL_LIMIT_S:
            raise BenchError("some streams got no final event")
    return max(reader.final_s or 0.0 for reader in readers) - signalled_s
