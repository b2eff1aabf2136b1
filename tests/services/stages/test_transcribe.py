"""Windows that were heard earlier are not heard again, unless they are to be."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import JobCancelledError
from app.domain.time import Span
from app.domain.transcript import Segment
from app.gpu.protocols import Prepared, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.cache.window_cache import WindowCache
from app.services.playback.playback import Playback
from app.services.stages.stage_clock import StageClock
from app.services.stages.transcribe import transcribe
from app.services.stages.vad import SpeechWindow
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from tests.services.cache.stores import store_in


class Listener:
    """Hears in each window how loud it is, and nothing in one that was cancelled."""

    lanes = 1
    max_batch = 4
    cache_key = "listener 1"
    device = "cpu"

    def __init__(self) -> None:
        self.heard = 0

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        self.heard += len(batch)
        windows = [prepared.window for prepared in batch]
        return [[] if w.cancelled.is_set() else [self._segment(w)] for w in windows]

    def _segment(self, window: Window) -> Segment:
        return Segment(str(window.audio.samples[0]), window.audio.span, (), "en")


async def windows(count: int) -> AsyncIterator[SpeechWindow]:
    for index in range(count):
        audio = Audio(np.full(16_000, index / 10, np.float32), index * 32_000)
        yield SpeechWindow(index, audio, audio.span.end_ms + 500)


async def run(engine: Listener, cache: WindowCache, options: TranscribeOptions) -> list[Segment]:
    scheduler = Scheduler(engine)
    try:
        heard = transcribe(
            windows(6),
            WindowTranscriber(scheduler, cache, options, StageClock()),
            Playback(options.context),
        )
        return [segment async for segment in heard]
    finally:
        scheduler.close()
        await cache.close()


async def test_another_process_hears_nothing_twice(tmp_path: Path) -> None:
    engine = Listener()
    first = TranscribeOptions("a", WorkContext("job"))
    heard = await run(engine, WindowCache(10, store_in(tmp_path)), first)
    assert [segment.span for segment in heard] == [
        Span(n * 2000, n * 2000 + 1000) for n in range(6)
    ]
    assert (first.lookups.hits, first.lookups.misses, engine.heard) == (0, 6, 6)
    again = TranscribeOptions("a", WorkContext("job"))
    assert await run(engine, WindowCache(10, store_in(tmp_path)), again) == heard
    assert (again.lookups.hit_ratio, engine.heard) == (1.0, 6)
    assert (
        await run(
            engine, WindowCache(10, store_in(tmp_path)), TranscribeOptions("b", WorkContext("job"))
        )
        == heard
    )
    assert engine.heard == 12, "how it is heard is part of the address"


async def test_a_fresh_hearing_reads_nothing_and_writes_all(tmp_path: Path) -> None:
    engine = Listener()
    for times in (1, 2):
        fresh = TranscribeOptions("a", WorkContext("job"), fresh=True)
        await run(engine, WindowCache(10, store_in(tmp_path)), fresh)
        assert (engine.heard, fresh.lookups.hits) == (6 * times, 0)
    await run(
        engine, WindowCache(10, store_in(tmp_path)), TranscribeOptions("a", WorkContext("job"))
    )
    assert engine.heard == 12


class Deaf(Listener):
    """Hears nothing."""

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        self.heard += len(batch)
        return [[] for _ in batch]


async def test_windows_where_nobody_spoke_are_passed_over_and_not_heard_again(
    tmp_path: Path,
) -> None:
    engine = Deaf()
    for _ in range(2):
        assert (
            await run(
                engine,
                WindowCache(10, store_in(tmp_path)),
                TranscribeOptions("a", WorkContext("job")),
            )
            == []
        )
    assert engine.heard == 6


class Interrupted(Listener):
    """Is told to stop while it listens, and so hears nothing."""

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        for prepared in batch:
            prepared.window.cancelled.set()
        return super().decode(batch)


@pytest.mark.parametrize("capacity", [0, 10])
async def test_what_an_engine_did_not_finish_is_not_remembered(
    tmp_path: Path, capacity: int
) -> None:
    cache = WindowCache(capacity, store_in(tmp_path))
    with suppress(JobCancelledError):
        await run(Interrupted(), cache, TranscribeOptions("a", WorkContext("job")))
    whole = TranscribeOptions("a", WorkContext("job"))
    assert len(await run(Listener(), cache, whole)) == 6
    assert whole.lookups.hits == 0
