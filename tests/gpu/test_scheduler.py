"""The scheduler: first windows come first, a failure stays with its own request."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from app.domain.errors import EngineError, JobCancelledError, OutOfMemoryError, OverloadedError
from app.domain.request import SpeakerCount
from app.domain.transcript import Segment
from app.gpu.protocols import Prepared
from app.gpu.scheduler import Scheduler
from app.gpu.scheduler.memory_gauge import FreeBytes
from app.gpu.scheduler.worker_threads import DEVICE_STAGES
from app.gpu.work_context import WorkContext
from app.settings import SchedulerSettings
from tests.gpu.scheduling import (
    WAIT_S,
    FakeAligner,
    FakeDiarizer,
    FakeTranscriber,
    Log,
    alignment_input,
    batch_job,
    viewer,
    window,
)

TranscribeTask = asyncio.Task[Sequence[Segment]]


class Stand:
    """A scheduler whose engines can be blocked."""

    def __init__(
        self,
        max_batch: int = 4,
        lanes: int = 1,
        free_bytes: FreeBytes | None = None,
        **settings: Any,
    ) -> None:
        self.log = Log()
        self.engine = FakeTranscriber(max_batch, lanes, self.log)
        self.aligner, self.diarizer = FakeAligner(self.log), FakeDiarizer(self.log)
        self.scheduler = Scheduler(
            self.engine, self.aligner, self.diarizer, SchedulerSettings(**settings), free_bytes
        )

    async def hold(self) -> TranscribeTask:
        """Occupy a worker thread, so that further work has to wait."""
        self.engine.gate.close()
        task = self.ask("held", viewer("held"), 0)
        await self.engine.gate.wait_until_reached()
        return task

    def ask(
        self, name: str, context: WorkContext, index: int, start_s: float = 0
    ) -> TranscribeTask:
        asked = window(name, start_s=start_s)
        return asyncio.ensure_future(self.scheduler.transcribe(asked, context, index))

    async def waits(self, count: int) -> None:
        """Wait until so many items wait and are ready."""

        def ready() -> bool:
            items = self.scheduler._queue.waiting()
            return len(items) == count and all(work.state == "ready" for work, *_ in items)

        await until(ready)


async def until(condition: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < ends_s, "it never came true"
        await asyncio.sleep(0.005)


@pytest.fixture
async def stand() -> AsyncIterator[Callable[..., Stand]]:
    made: list[Stand] = []

    def make(**how: Any) -> Stand:
        made.append(Stand(**how))
        return made[-1]

    yield make
    for each in made:
        for gate in (
            each.engine.gate,
            each.engine.prepare_gate,
            each.aligner.gate,
            each.diarizer.gate,
            each.diarizer.turns_gate,
        ):
            gate.open()
        await asyncio.to_thread(each.scheduler.close)


MakeStand = Callable[..., Stand]


async def texts(tasks: Sequence[TranscribeTask]) -> list[str]:
    return [segments[0].text for segments in await asyncio.gather(*tasks)]


async def test_windows_of_different_requests_share_a_batch_in_the_order_of_their_priorities(
    stand: MakeStand,
) -> None:
    s = stand(max_batch=4)
    held = await s.hold()
    one, two = viewer("one"), viewer("two")
    tasks = [
        s.ask("batch", batch_job(), 0),
        s.ask("rest", one, 9, start_s=500),
        s.ask("ahead 2", one, 2, start_s=30),
        s.ask("ahead 1", one, 1, start_s=10),
        s.ask("first 2", two, 0),
    ]
    await s.waits(5)
    assert s.scheduler.queued == 5
    s.engine.gate.open()
    assert await texts(tasks) == ["batch", "rest", "ahead 2", "ahead 1", "first 2"]
    await held
    # One slot of the first batch is the batch job's.
    assert s.engine.batches[1:] == [["first 2", "ahead 1", "ahead 2", "batch"], ["rest"]]


async def test_a_jump_moves_what_waits_already(stand: MakeStand) -> None:
    s = stand(max_batch=1)
    held = await s.hold()
    context = viewer("jumps")
    tasks = [s.ask("0:30", context, 2, start_s=30), s.ask("10:00", context, 30, start_s=600)]
    await s.waits(2)
    context.position_ms = 590_000
    s.engine.gate.open()
    await asyncio.gather(*tasks, held)
    assert s.engine.batches[1:] == [["10:00"], ["0:30"]]


async def test_an_idle_device_waits_for_no_further_work(stand: MakeStand) -> None:
    s = stand(max_batch=16)
    assert await texts([s.ask("alone", batch_job(), 5)]) == ["alone"]
    assert s.engine.batches == [["alone"]]


async def test_a_window_that_is_not_good_enough_is_decoded_again(stand: MakeStand) -> None:
    s = stand(max_batch=1)
    s.engine.again = {"hard": 2}
    held = await s.hold()
    tasks = [s.ask("hard", viewer("a"), 0), s.ask("easy", viewer("b"), 0)]
    await s.waits(2)
    s.engine.gate.open()
    assert await texts(tasks) == ["hard", "easy"]
    await held
    assert s.engine.batches[1:] == [["hard"], ["easy"], ["hard"], ["hard"]]
    assert s.engine.prepared.count("hard") == 1


async def test_a_bad_window_fails_its_own_request_alone(stand: MakeStand) -> None:
    s = stand()

    def decode(batch: Sequence[Prepared]) -> Any:
        if any(prepared.window.prompt == "3" for prepared in batch):
            raise EngineError("bad window")
        return [s.engine.transcribe_one(prepared) for prepared in batch]

    s.engine.decode_as = decode
    held = await s.hold()
    tasks = [s.ask(str(n), viewer(f"job {n}"), 1) for n in range(1, 5)]
    await s.waits(4)
    s.engine.gate.open()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, EngineError) for result in results] == [False, False, True, False]
    await held


async def test_out_of_memory_fails_no_request_and_is_remembered(stand: MakeStand) -> None:
    s = stand(max_batch=8)

    def decode(batch: Sequence[Prepared]) -> Any:
        if len(batch) > 2:
            raise OutOfMemoryError("too many")
        return [s.engine.transcribe_one(prepared) for prepared in batch]

    s.engine.decode_as = decode
    for _ in range(2):
        held = await s.hold()
        tasks = [s.ask(str(n), viewer("a"), n + 1, start_s=n) for n in range(8)]
        await s.waits(8)
        s.engine.gate.open()
        assert await texts(tasks) == [str(n) for n in range(8)]
        await held
    sizes = [len(batch) for batch in s.engine.batches]
    assert sizes == [1, 8, 4, 2, 2, 4, 2, 2, 1, 2, 2, 2, 2]
    assert s.scheduler.report().memory.ceiling_s == 2


async def test_withdrawn_work_never_reaches_an_engine(stand: MakeStand) -> None:
    s = stand(max_batch=2)
    held = await s.hold()
    gone, left = viewer("gone"), s.ask("left", viewer("x"), 1)
    unwanted = window("unwanted")
    alone = asyncio.ensure_future(s.scheduler.transcribe(unwanted, viewer("y"), 1))
    tasks = [s.ask("gone", gone, 1), s.ask("kept", viewer("z"), 1)]
    await s.waits(4)
    gone.cancelled.set()
    unwanted.cancelled.set()
    left.cancel()
    # While the device is still blocked: a request that is cancelled frees its place at once.
    await until(lambda: s.scheduler.queued == 1)
    s.engine.gate.open()
    results = await asyncio.gather(alone, *tasks, return_exceptions=True)
    assert [type(result) for result in results] == [JobCancelledError, JobCancelledError, list]
    await held
    assert s.engine.batches == [["held"], ["kept"]]
    with pytest.raises(JobCancelledError):
        await s.ask("late", gone, 2)


async def test_a_window_withdrawn_before_it_was_made_ready_costs_nothing(stand: MakeStand) -> None:
    s = stand(max_batch=1, prepare_threads=1)
    s.engine.prepare_gate.close()
    slow, context = s.ask("slow", viewer(), 0), viewer("gone")
    await s.engine.prepare_gate.wait_until_reached()
    gone = s.ask("gone", context, 0)
    await until(lambda: s.scheduler.queued == 2)
    context.cancelled.set()
    s.engine.prepare_gate.open()
    with pytest.raises(JobCancelledError):
        await gone
    await slow
    assert s.engine.prepared == ["slow"]


async def test_the_next_batch_is_made_ready_while_one_runs_but_no_more(stand: MakeStand) -> None:
    s = stand(max_batch=2)
    held = await s.hold()
    later = [s.ask(f"batch {n}", batch_job(), n, start_s=n) for n in range(9)]
    await until(lambda: len(s.engine.prepared) == 5)
    await until(lambda: _states(s).count("ready") == 4)
    assert _states(s).count("raw") == 5, "two batches are ready, the rest waits as sound"
    first = s.ask("first", viewer("new"), 0)
    await until(lambda: "first" in s.engine.prepared)
    s.engine.gate.open()
    await asyncio.gather(held, first, *later)
    assert s.engine.prepared[1:5] == ["batch 0", "batch 1", "batch 2", "batch 3"]
    assert s.engine.preparing_threads <= {"prepare-0", "prepare-1"}


def _states(s: Stand) -> list[str]:
    return [work.state for work, *_ in s.scheduler._queue.waiting()]


async def test_a_window_that_cannot_be_made_ready_fails_alone(stand: MakeStand) -> None:
    s = stand()
    s.engine.keys = {"odd": []}
    with pytest.raises(EngineError, match="batch key"):
        await s.ask("odd", viewer(), 0)

    def broken(_: object) -> Prepared:
        raise ZeroDivisionError

    s.scheduler._preparation._prepare = broken
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        await s.ask("broken", viewer(), 0)
    s.scheduler._preparation._prepare = s.engine.prepare
    assert await texts([s.ask("good", viewer(), 0)]) == ["good"]


async def test_the_worker_outlives_a_defect_and_a_loop_that_has_ended(stand: MakeStand) -> None:
    s = stand()
    s.engine.decode_as = lambda _: 1 / 0
    with pytest.raises(EngineError, match="ZeroDivisionError"):
        await s.ask("defect", viewer(), 0)
    s.engine.decode_as = None
    s.engine.gate.close()

    def leave() -> None:
        async def ask() -> None:
            asyncio.get_running_loop().call_later(0.05, asyncio.get_running_loop().stop)
            await s.scheduler.transcribe(window("orphan"), viewer(), 0)

        loop = asyncio.new_event_loop()
        task = loop.create_task(ask())
        loop.run_forever()
        task.get_coro().close()
        loop.close()

    thread = threading.Thread(target=leave)
    thread.start()
    await s.engine.gate.wait_until_reached()
    await asyncio.to_thread(thread.join)
    s.engine.gate.open()
    assert await texts([s.ask("good", viewer(), 0)]) == ["good"]


async def test_aligner_and_diarizer_do_one_call_at_a_time_whatever_the_number_of_workers(
    stand: MakeStand,
) -> None:
    s = stand(lanes=4)
    s.aligner.gate.close()
    s.diarizer.gate.close()
    aligned = [
        asyncio.ensure_future(s.scheduler.align(alignment_input(f"p{n}"), viewer(), n))
        for n in range(9)
    ]
    listening = [
        asyncio.ensure_future(s.scheduler.diarize(window("").audio, None, viewer(f"v{n}")))
        for n in range(3)
    ]
    await s.aligner.gate.wait_until_reached()
    await s.diarizer.gate.wait_until_reached()
    assert await texts([s.ask(f"w{n}", viewer(), 1) for n in range(4)]) == ["w0", "w1", "w2", "w3"]
    s.aligner.gate.open()
    s.diarizer.gate.open()
    assert [segments[0].text for segments in await asyncio.gather(*aligned)] == [
        f"p{n}" for n in range(9)
    ]
    assert await asyncio.gather(*listening) == [16_000] * 3
    assert (s.log.most["align"], s.log.most["diarize"]) == (1, 1)


async def test_slices_give_way_to_text_that_viewers_wait_for(stand: MakeStand) -> None:
    s = stand(max_batch=1)
    held = await s.hold()
    context = viewer("a")
    tasks: list[Any] = [
        asyncio.ensure_future(s.scheduler.diarize(window("").audio, None, context)),
        s.ask("rest", context, 50, start_s=900),
        asyncio.ensure_future(s.scheduler.align(alignment_input("ahead", start_s=10), context, 1)),
        s.ask("first", viewer("b"), 0),
    ]
    await s.waits(4)
    s.engine.gate.open()
    await asyncio.gather(held, *tasks)
    assert [stage for stage, _ in s.log.entries[1:]] == [
        "transcribe",
        "align",
        "transcribe",
        "diarize",
    ]
    assert s.engine.batches[1:] == [["first"], ["rest"]]


async def test_clustering_holds_up_no_worker_but_no_second_call_of_the_diarizer(
    stand: MakeStand,
) -> None:
    s = stand()
    context = viewer()
    state = await s.scheduler.diarize(window("", seconds=2).audio, None, context, last=True)
    s.diarizer.turns_gate.close()
    turns = asyncio.ensure_future(s.scheduler.turns(state, SpeakerCount(), context))
    await s.diarizer.turns_gate.wait_until_reached()
    other = asyncio.ensure_future(s.scheduler.diarize(window("").audio, None, viewer("other")))
    assert await texts([s.ask("text", viewer("third"), 0)]) == ["text"]
    assert not other.done()
    assert "cluster" not in DEVICE_STAGES
    s.diarizer.turns_gate.open()
    assert (await turns)[0].span.duration_ms == 2000
    assert await other == 16_000


async def test_the_queue_is_bounded(stand: MakeStand) -> None:
    s = stand(max_queued=3)
    held = await s.hold()
    tasks = [s.ask(str(n), viewer(), n) for n in range(1, 4)]
    await s.waits(3)
    assert s.scheduler.full
    with pytest.raises(OverloadedError):
        await s.ask("too many", viewer(), 4)
    s.engine.gate.open()
    await asyncio.gather(held, *tasks)
    assert not s.scheduler.full


async def test_only_what_viewers_need_now_crowds_out_unfinished_live_utterances(
    stand: MakeStand,
) -> None:
    s = stand(max_batch=2)
    held = await s.hold()
    tasks = [s.ask(f"batch {n}", batch_job(), n) for n in range(4)]
    await s.waits(4)
    assert not s.scheduler.crowded
    tasks += [s.ask(f"first {n}", viewer(str(n)), 0) for n in range(2)]
    await s.waits(6)
    assert s.scheduler.crowded
    s.engine.gate.open()
    await asyncio.gather(held, *tasks)


async def ended(s: Stand, outer: WorkContext, outer_index: int) -> list[str]:
    """Return the names of a running window and of a first one that came later, as they ended."""
    names: list[str] = []
    s.engine.gate.close()
    running = s.ask("running", outer, outer_index)
    await s.engine.gate.wait_until_reached()
    first = s.ask("first", viewer("new"), 0)
    await s.waits(1)
    running.add_done_callback(lambda _: names.append("running"))
    first.add_done_callback(lambda _: names.append("first"))
    s.engine.gate.open()
    assert await texts([running, first]) == ["running", "first"]
    return names


async def test_a_first_window_is_computed_between_the_steps_of_other_batches(
    stand: MakeStand,
) -> None:
    assert await ended(stand(), batch_job(), 0) == ["first", "running"]
    assert await ended(stand(), viewer("old"), 3) == ["first", "running"]


async def test_first_windows_and_batches_on_a_device_are_not_interrupted(stand: MakeStand) -> None:
    assert await ended(stand(), viewer("old"), 0) == ["running", "first"]
    s = stand(free_bytes=lambda: 2**40)
    assert await ended(s, batch_job(), 0) == ["running", "first"]


async def test_a_first_window_that_fails_in_the_middle_of_a_batch_fails_alone(
    stand: MakeStand,
) -> None:
    s = stand()
    s.engine.gate.close()
    running = s.ask("running", batch_job(), 0)
    await s.engine.gate.wait_until_reached()
    bad, good = s.ask("bad", viewer("one"), 0), s.ask("good", viewer("two"), 0)
    await s.waits(2)

    def decode(batch: Sequence[Prepared]) -> list[Any]:
        if any(prepared.window.prompt == "bad" for prepared in batch):
            raise EngineError("bad sound")
        return [s.engine.transcribe_one(prepared) for prepared in batch]

    s.engine.decode_as = decode
    s.engine.gate.open()
    assert await texts([running, good]) == ["running", "good"]
    with pytest.raises(EngineError, match="bad sound"):
        await bad
    await until(lambda: s.scheduler.longest_call_s == 0.0)


async def test_closing_withdraws_what_waits(stand: MakeStand) -> None:
    s = stand(max_batch=1)
    held = await s.hold()
    tasks = [s.ask(str(n), viewer(), n) for n in range(1, 3)]
    await s.waits(2)
    closing = asyncio.ensure_future(asyncio.to_thread(s.scheduler.close))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, JobCancelledError) for result in results)
    s.engine.gate.open()
    await asyncio.gather(held, closing)
    with pytest.raises(JobCancelledError):
        await s.ask("late", viewer(), 3)


async def test_the_longest_call_of_an_engine_is_told_while_it_runs(stand: MakeStand) -> None:
    s = stand()
    assert (s.scheduler.longest_call_s, s.scheduler.broken) == (0.0, False)
    held = await s.hold()
    first_s = s.scheduler.longest_call_s
    await asyncio.sleep(0.05)
    assert s.scheduler.longest_call_s >= first_s + 0.04
    s.engine.gate.open()
    await held
    await until(lambda: s.scheduler.longest_call_s == 0.0)
    assert not s.scheduler.broken
