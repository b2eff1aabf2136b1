"""Windows on their way: each stretch in order, none behind one that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.time import Span
from app.domain.transcript import Segment
from app.gpu.work_context import WorkContext
from app.services.playback.playback import Playback
from app.services.stages.transcribe import transcribe
from app.services.stages.vad import SpeechWindow
from app.system.async_iterators import close_stage


def window(start_s: int, part: int = 0, index: int = 0) -> SpeechWindow:
    audio = Audio(np.zeros(16_000, np.float32), start_s * 16_000)
    return SpeechWindow(index, audio, audio.span.end_ms, part=part)


class ScriptedTranscriber:
    """Hears a window when it is told to."""

    def __init__(self) -> None:
        self.capacity = 2
        self.begun: list[int] = []
        self.cancelled = 0
        self._allowed: dict[int, asyncio.Event] = {}

    def allow(self, *starts_s: int) -> None:
        for start_s in starts_s:
            self._gate(start_s).set()

    async def transcribe(self, window: SpeechWindow) -> list[Segment]:
        span = window.audio.span
        self.begun.append(span.start_ms // 1000)
        try:
            await self._gate(span.start_ms // 1000).wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if span.start_ms == 666_000:
            raise ValueError("deaf")
        return [Segment("x", Span(span.start_ms, span.end_ms), (), "en")]

    def _gate(self, start_s: int) -> asyncio.Event:
        return self._allowed.setdefault(start_s, asyncio.Event())


class Scene:
    """A job whose windows come from a queue."""

    def __init__(self) -> None:
        self.ear = ScriptedTranscriber()
        self.playback = Playback(WorkContext("job"))
        self.cut: asyncio.Queue[SpeechWindow | None] = asyncio.Queue()
        self.asked = 0
        self.heard = transcribe(self._windows(), self.ear, self.playback)  # type: ignore[arg-type]

    async def _windows(self) -> AsyncIterator[SpeechWindow]:
        self.asked += 1
        while (window := await self.cut.get()) is not None:
            yield window
            self.asked += 1

    def add(self, *starts_s: int, part: int = 0) -> None:
        for start_s in starts_s:
            self.cut.put_nowait(window(start_s, part))

    async def next_s(self) -> int:
        async with asyncio.timeout(20):
            return (await anext(self.heard)).span.start_ms // 1000

    async def begun(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.ear.begun) < count:
                await asyncio.sleep(0.01)


async def test_one_part_comes_in_order_and_only_so_many_are_begun() -> None:
    scene = Scene()
    scene.add(*range(9))
    scene.ear.allow(1, 2, 3)
    first = asyncio.create_task(scene.next_s())
    await scene.begun(4)
    await asyncio.sleep(0.05)
    assert scene.ear.begun == [0, 1, 2, 3], "twice what the engine hears at a time"
    assert not first.done(), "the first is not heard yet"
    scene.ear.allow(*range(9))
    scene.cut.put_nowait(None)
    assert await first == 0
    assert [s.span.start_ms // 1000 async for s in scene.heard] == list(range(1, 9))


async def test_the_first_text_waits_for_no_more_than_is_heard_with_it() -> None:
    scene = Scene()
    scene.add(*range(9))
    first = asyncio.create_task(scene.next_s())
    await scene.begun(2)
    await asyncio.sleep(0.05)
    assert scene.ear.begun == [0, 1]
    assert scene.asked == 3, "the recording is read no further"
    scene.ear.allow(0)
    assert await first == 0
    await scene.begun(5)
    await asyncio.sleep(0.05)
    assert scene.ear.begun == [0, 1, 2, 3, 4]
    await close_stage(scene.heard)


async def test_the_next_part_does_not_wait_for_the_one_that_was_left() -> None:
    scene = Scene()
    scene.add(0, 1, 2, 3, 4)
    first = asyncio.create_task(scene.next_s())
    await scene.begun(2)
    scene.playback.move(500_000)
    await scene.begun(5)
    scene.playback.settle()
    scene.add(500, 501, part=1)
    await scene.begun(7)
    scene.ear.allow(500, 501)
    assert [await first, await scene.next_s()] == [500, 501]
    scene.ear.allow(0, 1, 2, 3, 4)
    assert [await scene.next_s() for _ in range(5)] == [0, 1, 2, 3, 4]
    await close_stage(scene.heard)


async def test_a_jump_to_a_window_that_is_on_its_way_passes_those_before_it() -> None:
    scene = Scene()
    scene.ear.capacity = 4
    scene.add(0, 30, 60, 90)
    first = asyncio.create_task(scene.next_s())
    await scene.begun(4)
    scene.playback.move(60_400)
    scene.playback.settle()
    scene.ear.allow(30, 60, 90)
    assert [await first, await scene.next_s()] == [60, 90]
    assert scene.playback.ranges.start_of(70_000) == 60_000
    assert scene.playback.ranges.start_of(59_999) == 0
    scene.add(120)
    scene.ear.allow(0, 120)
    assert sorted([await scene.next_s() for _ in range(3)]) == [0, 30, 120]
    await close_stage(scene.heard)


async def test_however_often_he_jumps_what_is_on_its_way_stays_bounded() -> None:
    scene = Scene()
    first = asyncio.create_task(scene.next_s())
    for part in range(20):
        scene.playback.move(part * 1000)
        scene.add(*range(part * 1000, part * 1000 + 5), part=part)
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert len(scene.ear.begun) == 12
    scene.cut.put_nowait(None)
    scene.ear.allow(*(part * 1000 + n for part in range(20) for n in range(5)))
    told = [await first] + [s.span.start_ms // 1000 async for s in scene.heard]
    assert len(told) == 100
    for part in range(20):
        mine = [start for start in told if start // 1000 == part]
        assert mine == sorted(mine)


async def test_who_stops_reading_withdraws_everything() -> None:
    scene = Scene()
    scene.add(0, 1, 2)
    scene.ear.allow(0)
    assert await scene.next_s() == 0
    await scene.begun(3)
    await close_stage(scene.heard)
    assert scene.ear.cancelled == 2


async def test_a_window_that_fails_does_so_after_those_before_it() -> None:
    scene = Scene()
    scene.add(665, 666, 667)
    scene.ear.allow(665, 666, 667)
    assert await scene.next_s() == 665
    with pytest.raises(ValueError, match="deaf"):
        await scene.next_s()
