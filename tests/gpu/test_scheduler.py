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
from app.gpu.protocols import Prepared, Window
from app.gpu.scheduler import Scheduler
from app.gpu.ticket import Ticket

TICKET = Ticket("job")


class ScriptedEngine:
    """Names each window by its first sample; can be held, and fails as told."""

    lanes = 1
    revision = "scripted 1"

    def __init__(self, max_batch: int = 4) -> None:
        self.max_batch = max_batch
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.bad: set[int] = set()
        self.limit = 100
        self.defect = False

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        names = [int(prepared.window.audio.samples[0]) for prepared in batch]
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


async def held(engine: ScriptedEngine, scheduler: Scheduler) -> "asyncio.Task[Sequence[Segment]]":
    """Occupy the engine so that what comes next has to queue."""
    engine.gate.clear()
    first = asyncio.create_task(scheduler.transcribe(window(99), TICKET, 0))
    while not engine.batches:
        await asyncio.sleep(0.01)
    return first


async def texts(tasks: list["asyncio.Task[Sequence[Segment]]"]) -> list[str]:
    return [(await task)[0].text for task in tasks]


async def submit(
    scheduler: Scheduler, *items: tuple[int, int]
) -> list["asyncio.Task[Sequence[Segment]]"]:
    tasks = [
        asyncio.create_task(scheduler.transcribe(window(n), TICKET, index)) for n, index in items
    ]
    await asyncio.sleep(0.05)
    return tasks


async def test_first_windows_go_first_then_the_request_that_was_served_least() -> None:
    engine = ScriptedEngine(max_batch=2)
    scheduler = Scheduler(engine)
    running = await held(engine, scheduler)
    tasks = await submit(scheduler, (17, 7), (11, 1), (12, 2), (20, 0), (30, 0))
    assert scheduler.queued == 5
    engine.gate.set()
    assert await texts(tasks) == ["17", "11", "12", "20", "30"]
    await running
    assert engine.batches[1:] == [[20, 30], [11, 12], [17]]
    scheduler.close()


async def test_a_bad_window_fails_its_own_request_alone() -> None:
    engine = ScriptedEngine()
    engine.bad = {3}
    scheduler = Scheduler(engine)
    running = await held(engine, scheduler)
    tasks = await submit(scheduler, (1, 1), (2, 1), (3, 1), (4, 1))
    engine.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(r, EngineError) for r in results] == [False, False, True, False]
    await running
    scheduler.close()


async def test_out_of_memory_halves_the_batch_and_loses_nothing() -> None:
    engine = ScriptedEngine(max_batch=8)
    engine.limit = 2
    scheduler = Scheduler(engine)
    running = await held(engine, scheduler)
    tasks = await submit(scheduler, *[(n, 1) for n in range(8)])
    engine.gate.set()
    assert await texts(tasks) == [str(n) for n in range(8)]
    await running
    engine.batches.clear()
    again = await submit(scheduler, *[(n, 1) for n in range(4)])
    await asyncio.gather(*again)
    assert max(len(batch) for batch in engine.batches) <= 2, "the smaller size is remembered"
    scheduler.close()


async def test_a_withdrawn_window_never_reaches_the_engine() -> None:
    engine = ScriptedEngine(max_batch=1)
    scheduler = Scheduler(engine)
    running = await held(engine, scheduler)
    unwanted = window(5)
    task = asyncio.create_task(scheduler.transcribe(unwanted, TICKET, 1))
    kept = await submit(scheduler, (6, 1))
    unwanted.cancelled.set()
    engine.gate.set()
    with pytest.raises(JobCancelledError):
        await task
    assert await texts(kept) == ["6"]
    await running
    assert [5] not in engine.batches
    scheduler.close()


async def test_the_lane_outlives_a_defect() -> None:
    engine = ScriptedEngine()
    engine.defect = True
    scheduler = Scheduler(engine)
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        await scheduler.transcribe(window(1), TICKET, 0)
    engine.defect = False
    assert (await scheduler.transcribe(window(2), TICKET, 0))[0].text == "2"
    scheduler.close()


async def test_closing_withdraws_what_waits() -> None:
    engine = ScriptedEngine(max_batch=1)
    scheduler = Scheduler(engine)
    running = await held(engine, scheduler)
    tasks = await submit(scheduler, (1, 1), (2, 1))
    closing = asyncio.create_task(asyncio.to_thread(scheduler.close))
    await asyncio.sleep(0.05)
    engine.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(r, JobCancelledError) for r in results)
    await asyncio.gather(running, closing)
    with pytest.raises(JobCancelledError):
        await scheduler.transcribe(window(3), TICKET, 0)
