"""A recording is listened to in slices beside the line, whole and in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.audio import Audio, Samples
from app.domain.errors import EngineError, StorageError
from app.domain.request import SpeakerCount
from app.domain.time import Span, samples_to_ms
from app.domain.transcript import Segment, SpeakerTurn
from app.gpu.protocols import ELSEWHERE, Prepared, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.playback.pcm_spool import PcmSpool
from app.services.stages.diarize import DiarizationFeed
from app.services.stages.stage_clock import StageClock
from app.system.workdir import WorkDir

BLOCK = 8_000


class Idle:
    """A transcriber that is never asked."""

    device = "cpu"
    lanes = 1
    max_batch = 1
    cache_key = "idle 1"

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        return [[] for _ in batch]


class Collector:
    """Remembers every sample, and says that one person spoke all the time."""

    device = "cpu"
    slice_samples = 20_000
    cache_key = "collector 1"

    def __init__(self) -> None:
        self.slices: list[tuple[int, bool]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fails = False

    def process(self, samples: Samples, voices: Any, *, last: bool = False) -> Any:
        self.gate.wait(10)
        if self.fails:
            raise EngineError("deaf")
        self.slices.append((len(samples), last))
        return samples if voices is None else np.concatenate([voices, samples])

    def turns(self, voices: Any, speakers: SpeakerCount) -> list[SpeakerTurn]:
        self.heard = voices
        self.speakers = speakers
        return [SpeakerTurn(Span(0, len(voices) // 16), "SPEAKER_00")]


async def blocks(count: int, last: int = BLOCK) -> AsyncIterator[Audio]:
    rng = np.random.default_rng(1)
    for number in range(count):
        length = BLOCK if number < count - 1 else last
        pcm = rng.integers(-(2**15), 2**15, length).astype(np.float32) / 2**15
        yield Audio(pcm, number * BLOCK)


class Scene:
    """One job that is listened to."""

    def __init__(self, folder: Path) -> None:
        self.diarizer = Collector()
        self.reached: list[tuple[int, float]] = []
        self.scheduler = Scheduler(Idle(), None, self.diarizer)
        self.workdir = WorkDir.open(folder)
        self.resources = AsyncExitStack()
        spool = PcmSpool(self.workdir, self.resources)
        self.feed = DiarizationFeed(
            self.diarizer,
            self.scheduler,
            WorkContext("job"),
            spool,
            StageClock(),
            SpeakerCount(),
            lambda end_ms, busy_ms: self.reached.append((end_ms, busy_ms)),
        )

    async def close(self) -> None:
        await self.feed.aclose()
        await self.resources.aclose()
        self.workdir.close()
        await asyncio.to_thread(self.scheduler.close)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    yield made
    await made.close()


@pytest.mark.parametrize(("count", "last"), [(7, 8_000), (5, 8_000), (6, 123), (1, 50)])
async def test_every_sample_is_heard_once_in_order(scene: Scene, count: int, last: int) -> None:
    passed = [block.samples async for block in scene.feed.record(blocks(count, last))]
    [turn] = await scene.feed.turns(SpeakerCount(least=2))
    recording = np.concatenate(passed)
    assert np.array_equal(scene.diarizer.heard, recording), "bit for bit, from the disk"
    assert turn.span.end_ms == len(recording) // 16
    assert scene.reached == sorted(scene.reached), "progress goes forward"
    assert scene.reached[-1][0] == samples_to_ms(len(recording))
    assert scene.reached[-1][1] > 0
    assert [is_last for _, is_last in scene.diarizer.slices].count(True) == 1
    assert scene.diarizer.slices[-1][1], "the last slice is known as such"
    assert scene.diarizer.speakers == SpeakerCount(least=2)


async def test_listening_begins_when_told_and_goes_on_while_the_recording_arrives(
    scene: Scene,
) -> None:
    kept = scene.feed.record(blocks(20))
    for _ in range(9):
        await anext(kept)
    assert scene.diarizer.slices == []
    scene.feed.start()
    async with asyncio.timeout(60):
        while len(scene.diarizer.slices) < 3:
            await asyncio.sleep(0.01)
    assert not any(last for _, last in scene.diarizer.slices)
    async for _ in kept:
        pass
    assert len(await scene.feed.turns(SpeakerCount())) == 1


async def test_a_line_never_waits_for_the_listener(scene: Scene) -> None:
    scene.diarizer.gate.clear()
    scene.feed.start()
    async with asyncio.timeout(60):
        assert len([block async for block in scene.feed.record(blocks(40))]) == 40
    scene.diarizer.gate.set()
    assert len(await scene.feed.turns(SpeakerCount())) == 1


async def test_silence_without_end_has_no_speakers(scene: Scene) -> None:
    async def nothing() -> AsyncIterator[Audio]:
        return
        yield

    assert [block async for block in scene.feed.record(nothing())] == []
    assert list(await scene.feed.turns(SpeakerCount())) == []


async def test_a_failure_is_told_to_who_asks_for_the_turns(scene: Scene) -> None:
    scene.diarizer.fails = True
    assert len([block async for block in scene.feed.record(blocks(9))]) == 9
    with pytest.raises(EngineError, match="deaf"):
        await scene.feed.turns(SpeakerCount())


async def test_a_full_disk_costs_the_speakers_and_not_the_line(scene: Scene) -> None:
    scene.workdir.close()
    assert len([block async for block in scene.feed.record(blocks(9))]) == 9
    with pytest.raises(StorageError):
        await scene.feed.turns(SpeakerCount())


class Elsewhere(Collector):
    """A diarizer on another machine."""

    device = ELSEWHERE


def elsewhere(scene: Scene) -> DiarizationFeed:
    """Return a feed of a diarizer elsewhere, in the place of the scene's own."""
    diarizer = Elsewhere()
    scene.scheduler.close()
    scene.diarizer, scene.scheduler = diarizer, Scheduler(Idle(), None, diarizer)
    spool = PcmSpool(scene.workdir, scene.resources)
    scene.feed = DiarizationFeed(
        diarizer,
        scene.scheduler,
        WorkContext("job"),
        spool,
        StageClock(),
        SpeakerCount(exact=2),
        lambda end_ms, busy_ms: None,
    )
    return scene.feed


async def test_elsewhere_the_recording_is_read_ahead_of_who_listens(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    feed = elsewhere(scene)
    assert feed.beside
    feed.start()
    ahead = feed.record_ahead(blocks(40, last=100))
    first = await anext(ahead)
    # Nobody asks for more, and the speakers are found all the same.
    turns = await feed.turns(SpeakerCount())
    assert turns[0].span.end_ms == (39 * BLOCK + 100) // 16
    assert scene.diarizer.speakers == SpeakerCount(exact=2)
    rest = [block async for block in ahead]
    expected = [block.samples async for block in blocks(40, last=100)]
    passed = [first, *rest]
    assert [block.start_sample for block in passed] == [n * BLOCK for n in range(40)]
    for block, samples in zip(passed, expected, strict=True):
        assert np.array_equal(block.samples, samples)
    await feed.aclose()
    scene.scheduler.close()
    await scene.resources.aclose()
    scene.workdir.close()


async def test_elsewhere_gaps_and_the_error_at_the_end_pass(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    feed = elsewhere(scene)

    async def broken() -> AsyncIterator[Audio]:
        yield Audio(np.ones(10, np.float32) / 2, 0)
        yield Audio(np.zeros(10, np.float32), 10, gap=True)
        raise EngineError("cut off")

    passed: list[bool] = []
    with pytest.raises(EngineError, match="cut off"):
        async for block in feed.record_ahead(broken()):
            passed.append(block.gap)
    assert passed == [False, True]
    await feed.aclose()
    scene.scheduler.close()
    await scene.resources.aclose()
    scene.workdir.close()


async def test_elsewhere_a_full_disk_costs_the_speakers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path)
    feed = elsewhere(scene)

    async def full(self: PcmSpool, audio: Audio) -> None:
        raise StorageError("full")

    monkeypatch.setattr(PcmSpool, "write", full)
    feed.start()
    passed = [block async for block in feed.record_ahead(blocks(30))]
    assert [block.start_sample for block in passed] == [n * BLOCK for n in range(30)]
    with pytest.raises(StorageError):
        await feed.turns(SpeakerCount())
    await feed.aclose()
    scene.scheduler.close()
    await scene.resources.aclose()
    scene.workdir.close()
