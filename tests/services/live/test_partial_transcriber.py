"""A line that is still spoken keeps its place in the queue however long the stream is."""

import asyncio
from collections.abc import Sequence

from app.domain.transcript import Segment
from app.gpu.scheduler import Scheduler
from app.gpu.scheduler.priority import Priority
from app.gpu.work_context import WorkContext
from app.services.live.partial_transcriber import PartialTranscriber
from tests.gpu.scheduling import FakeTranscriber, batch_job, window


async def test_after_hours_it_is_still_what_a_viewer_sees_next() -> None:
    engine = FakeTranscriber()
    scheduler = Scheduler(engine)
    told: asyncio.Queue[Sequence[Segment]] = asyncio.Queue()
    partial = PartialTranscriber(scheduler, WorkContext("live"), 1000, told.put)
    engine.gate.close()
    held = asyncio.ensure_future(scheduler.transcribe(window("held"), batch_job(), 0))
    await engine.gate.wait_until_reached()
    partial.update(window("", start_s=7200, seconds=2).audio, None)
    while not scheduler.queued:
        await asyncio.sleep(0.005)
    assert [rank for _, rank, _ in scheduler._queue.waiting()] == [Priority.AHEAD]
    engine.gate.open()
    assert len(await told.get()) == 1
    await held
    await asyncio.to_thread(scheduler.close)
