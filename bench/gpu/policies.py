"""Latency of several jobs that share a device, by scheduling policy.

All use one engine and the same windows. *One by one* is a job after the other, window by window;
*locked* a job after the other in batches of 16; *by request* batches of 8 of one job each, jobs
taking turns; *ours* the queue that forms batches of all jobs, first windows first. No decoding of
files and no VAD, which are the same for all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.gpu.engine_registry import TRANSCRIBERS, load_engine
from app.gpu.protocols import Prepared, Transcriber, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from bench.gpu.ceilings import Ceilings
from bench.gpu.plan import Plan
from bench.gpu.row import Row, Section
from bench.gpu.shapes import WhisperShape
from bench.gpu.site import FIRST_S, TOKENS, WINDOW_S, Site, noise

TITLE = "Several jobs at a time"

Way = Literal["one by one", "locked", "by request", "ours"]

_BATCH: dict[Way, int] = {"one by one": 1, "locked": 16, "by request": 8}
_OURS = (16, 32)
"""The default on a GPU, and what fits into a large one."""
_IN_FLIGHT = 24
"""Windows of one job that wait at a time, as in the pipeline."""
_CONCURRENT = 32
"""Jobs that the goals are about."""

Job = Sequence[Window]


@dataclass(frozen=True, slots=True)
class Served:
    """Times of the jobs.

    Attributes:
        first_s: seconds to each job's first text.
        all_s: seconds until all was done.
    """

    first_s: tuple[float, ...]
    all_s: float


def rows(plan: Plan, ceilings: Ceilings) -> Iterator[Row]:
    """Yield what is measured, without values."""
    for jobs in plan.callers:
        for way, batch in _ways(plan, jobs):
            yield from _rows(plan, ceilings, jobs, way, batch)


def measure(site: Site) -> Section:
    """Serve all numbers of jobs in all ways."""
    plan, found = site.plan, list[Row]()
    engine: Transcriber = load_engine(TRANSCRIBERS, "whisperx", site.settings(max(_OURS)))
    for jobs in plan.callers:
        made = [_job(plan.windows, seed) for seed in range(jobs)]
        seconds = sum(window.audio.span.duration_ms for job in made for window in job) / 1000
        for way, batch in _ways(plan, jobs):
            site.report(f"{jobs} jobs {way}, {batch} together")
            if way == "ours":
                engine.max_batch = batch
                served = asyncio.run(_ours(engine, made))
            else:
                served = _others(engine, made, batch, in_turns=way == "by request")
            values = (*np.percentile(served.first_s, (50, 95)), seconds / served.all_s)
            each = _rows(plan, site.ceilings, jobs, way, batch)
            found += [row.measured(float(v)) for row, v in zip(each, values, strict=True)]
    return Section(TITLE, tuple(found))


def transcription_bound_s(shape: WhisperShape, ceilings: Ceilings, batch: int) -> float:
    """Return the least time for one window among so many."""
    encode_s = shape.encode_bound_s(ceilings.half_flop_s)
    return encode_s + TOKENS * shape.step_bound_s(batch, ceilings.byte_s) / batch


def _ways(plan: Plan, jobs: int) -> list[tuple[Way, int]]:
    ways = [(way, batch) for way, batch in _BATCH.items() if batch > 1 or jobs <= plan.unbatched]
    return [*ways, *(("ours", batch) for batch in _OURS)]


def _rows(plan: Plan, ceilings: Ceilings, jobs: int, way: Way, batch: int) -> list[Row]:
    name = f"{jobs} job{'s' if jobs > 1 else ''}, {way}, {batch} together"
    first_s = transcription_bound_s(plan.first, ceilings, 1)
    speed = WINDOW_S / transcription_bound_s(plan.first, ceilings, batch)
    goal = way == "ours"
    alone, many = goal and jobs == 1, goal and jobs == _CONCURRENT
    return [
        Row(f"{name}: first text, median", "s", first_s, 0.5 if alone else None),
        Row(f"{name}: first text, p95", "s", first_s, 4 if many else None),
        Row(f"{name}: sound by time", "x", speed, 700 if many else None, "higher"),
    ]


def _job(windows: int, seed: int) -> Job:
    lengths = [FIRST_S, *[WINDOW_S] * (windows - 1)]
    starts = np.cumsum([0, *lengths[:-1]])
    return [
        Window(noise(length, float(start), seed), "en")
        for length, start in zip(lengths, starts, strict=True)
    ]


def _others(engine: Transcriber, jobs: Sequence[Job], batch: int, *, in_turns: bool) -> Served:
    """Decode batches of one job each, a job after the other or all in turns."""
    calls = [(number, at) for number, job in enumerate(jobs) for at in range(0, len(job), batch)]
    if in_turns:
        calls.sort(key=lambda call: (call[1], call[0]))
    first_s: dict[int, float] = {}
    started_s = time.monotonic()
    for number, at in calls:
        for group in _alike([engine.prepare(w) for w in jobs[number][at : at + batch]]):
            engine.decode(group)
        first_s.setdefault(number, time.monotonic() - started_s)
    return Served(tuple(first_s.values()), time.monotonic() - started_s)


def _alike(prepared: Sequence[Prepared]) -> list[list[Prepared]]:
    """Group windows by batch key, in order; on a GPU all have the same."""
    groups: dict[object, list[Prepared]] = {}
    for each in prepared:
        groups.setdefault(each.batch_key, []).append(each)
    return list(groups.values())


async def _ours(engine: Transcriber, jobs: Sequence[Job]) -> Served:
    scheduler = Scheduler(engine)
    started_s = time.monotonic()

    async def serve(number: int) -> float:
        context, limit = WorkContext(f"job {number}"), asyncio.Semaphore(_IN_FLIGHT)

        async def transcribe(index: int) -> float:
            async with limit:
                await scheduler.transcribe(jobs[number][index], context, index)
            return time.monotonic() - started_s

        ends = await asyncio.gather(*(transcribe(index) for index in range(len(jobs[number]))))
        return ends[0]

    try:
        first_s = await asyncio.gather(*(serve(number) for number in range(len(jobs))))
        return Served(tuple(first_s), time.monotonic() - started_s)
    finally:
        await asyncio.to_thread(scheduler.close)
