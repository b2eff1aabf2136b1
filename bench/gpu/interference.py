"""Time to a first text beside another job's diarization."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np

from app.domain.audio import Audio
from app.gpu.engine_registry import DIARIZERS, TRANSCRIBERS, load_engine
from app.gpu.protocols import DiarizationState, Diarizer, Transcriber, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from bench.gpu.ceilings import Ceilings
from bench.gpu.plan import Plan
from bench.gpu.policies import transcription_bound_s
from bench.gpu.row import Row, Section
from bench.gpu.site import FIRST_S, Site, noise

TITLE = "First text beside diarization"

_PIECES = {"idle": 0, "in slices": 1, "ten slices in one": 10}
"""How many slices the device is given at a time."""
_APART_S = 0.2


def rows(plan: Plan, ceilings: Ceilings) -> Iterator[Row]:
    """Yield what is measured, without values."""
    for name in _PIECES:
        yield from _rows(plan, ceilings, name)


def measure(site: Site) -> Section:
    """Measure on an idle device and beside diarization."""
    transcriber: Transcriber = load_engine(TRANSCRIBERS, "whisperx", site.settings())
    diarizer: Diarizer = load_engine(DIARIZERS, "pyannote", site.settings())
    found: list[Row] = []
    for name, pieces in _PIECES.items():
        site.report(f"first texts, diarization: {name}")
        waits_s = asyncio.run(_waits_s(transcriber, diarizer, pieces, site.plan.viewers))
        each = _rows(site.plan, site.ceilings, name)
        values = np.percentile(waits_s, (50, 95))
        found += [row.measured(float(value)) for row, value in zip(each, values, strict=True)]
    return Section(TITLE, tuple(found))


def _rows(plan: Plan, ceilings: Ceilings, name: str) -> list[Row]:
    bound_s = transcription_bound_s(plan.first, ceilings, 1)
    return [Row(f"{name}: {what}", "s", bound_s) for what in ("median", "p95")]


async def _waits_s(
    transcriber: Transcriber, diarizer: Diarizer, pieces: int, viewers: int
) -> list[float]:
    scheduler = Scheduler(transcriber, diarizer=diarizer)
    window = Window(noise(FIRST_S), "en")
    waits_s: list[float] = []
    try:
        async with _diarizing(scheduler, pieces * diarizer.slice_samples):
            for number in range(viewers):
                await asyncio.sleep(_APART_S)
                started_s = time.monotonic()
                await scheduler.transcribe(window, WorkContext(f"viewer {number}"), 0)
                waits_s.append(time.monotonic() - started_s)
    finally:
        await asyncio.to_thread(scheduler.close)
    return waits_s


@asynccontextmanager
async def _diarizing(scheduler: Scheduler, samples: int) -> AsyncIterator[None]:
    """Diarize without end, so many samples at a time."""
    if not samples:
        yield
        return
    piece, context = noise(samples / 16_000).samples, WorkContext("speakers", audience="batch")

    async def diarize() -> None:
        state: DiarizationState | None = None
        while True:
            state = await scheduler.diarize(Audio(piece), state, context)

    task = asyncio.create_task(diarize())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
