"""The shared queue: first windows first, fair, and a failure stays with its own request."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineError, JobCancelledError, OutOfMemoryError
from app.domain.time import Span
from app.domain.transcript import Segment
from app.gpu.batcher import Batcher
from app.gpu.protocols import Window


class ScriptedEngine:
    """Names each window by its first sample; can be held, and fails as told."""

    lanes = 1

    def __init__(self, max_batch: int = 4) -> None:
        self.max_batch = max_batch
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.bad: set[int] = set()
        self.limit = 100
        self.defect = False

    def transcribe(self, windows: Sequence[Window]) -> list[list[Segment]]:
        names = [int(window.audio.samples[0]) for window in windows]
        self.batches.append(names)
        self.gate.wait(10)
        if self.defect:
            raise ZeroDivisionError("boom")
        if len(names) > self.limit:
            raise OutOfMemoryError("too many")
        if self.bad & set(names):
            raise EngineError("bad window")
        return [[Segment(str(name), Span(0, 1), (), "en")] for name in names]


def window(name: int) -> Window:
    return Window(Audio(np.full(16, name, np.float32)))


async def held(engine: ScriptedEngine, batcher: Batcher) -> "asyncio.Task[Sequence[Segment]]":
    """Occupy the engine so that what comes next has to queue."""
    engine.gate.clear()
    first = asyncio.create_task(batcher.transcribe(window(99), 0))
    while not engine.batches:
        await asyncio.sleep(0.01)
    return first


async def texts(tasks: list["asyncio.Task[Sequence[Segment]]"]) -> list[str]:
    return [(await task)[0].text for task in tasks]


async def submit(
    batcher: Batcher, *items: tuple[int, int]
) -> list["asyncio.Task[Sequence[Segment]]"]:
    tasks = [asyncio.create_task(batcher.transcribe(window(n), index)) for n, index in items]
    await asyncio.sleep(0.05)
    return tasks


async def test_first_windows_go_first_then_the_request_that_was_served_least() -> None:
    engine = ScriptedEngine(max_batch=2)
    batcher = Batcher(engine)
    running = await held(engine, batcher)
    tasks = await submit(batcher, (17, 7), (11, 1), (12, 2), (20, 0), (30, 0))
    assert batcher.queued == 5
    engine.gate.set()
    assert await texts(tasks) == ["17", "11", "12", "20", "30"]
    await running
    assert engine.batches[1:] == [[20, 30], [11, 12], [17]]
    batcher.close()


async def test_a_bad_window_fails_its_own_request_alone() -> None:
    engine = ScriptedEngine()
    engine.bad = {3}
    batcher = Batcher(engine)
    running = await held(engine, batcher)
    tasks = await submit(batcher, (1, 1), (2, 1), (3, 1), (4, 1))
    engine.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(r, EngineError) for r in results] == [False, False, True, False]
    await running
    batcher.close()


async def test_out_of_memory_halves_the_batch_and_loses_nothing() -> None:
    engine = ScriptedEngine(max_batch=8)
    engine.limit = 2
    batcher = Batcher(engine)
    running = await held(engine, batcher)
    tasks = await submit(batcher, *[(n, 1) for n in range(8)])
    engine.gate.set()
    assert await texts(tasks) == [str(n) for n in range(8)]
    await running
    engine.batches.clear()
    again = await submit(batcher, *[(n, 1) for n in range(4)])
    await asyncio.gather(*again)
    assert max(len(batch) for batch in engine.batches) <= 2, "the smaller size is remembered"
    batcher.close()


async def test_a_withdrawn_window_never_reaches_the_engine() -> None:
    engine = ScriptedEngine(max_batch=1)
    batcher = Batcher(engine)
    running = await held(engine, batcher)
    unwanted = window(5)
    task = asyncio.create_task(batcher.transcribe(unwanted, 1))
    kept = await submit(batcher, (6, 1))
    unwanted.cancelled.set()
    engine.gate.set()
    with pytest.raises(JobCancelledError):
        await task
    assert await texts(kept) == ["6"]
    await running
    assert [5] not in engine.batches
    batcher.close()


async def test_the_lane_outlives_a_defect() -> None:
    engine = ScriptedEngine()
    engine.defect = True
    batcher = Batcher(engine)
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        await batcher.transcribe(window(1), 0)
    engine.defect = False
    assert (await batcher.transcribe(window(2), 0))[0].text == "2"
    batcher.close()


async def test_closing_withdraws_what_waits() -> None:
    engine = ScriptedEngine(max_batch=1)
    batcher = Batcher(engine)
    running = await held(engine, batcher)
    tasks = await submit(batcher, (1, 1), (2, 1))
    closing = asyncio.create_task(asyncio.to_thread(batcher.close))
    await asyncio.sleep(0.05)
    engine.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(r, JobCancelledError) for r in results)
    await asyncio.gather(running, closing)
    with pytest.raises(JobCancelledError):
        await batcher.transcribe(window(3), 0)
