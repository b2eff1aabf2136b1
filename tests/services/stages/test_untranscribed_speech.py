"""Speech without text is found, heard again once, and counted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.domain.audio import Audio
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.protocols import Prepared, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.cache.window_cache import WindowCache
from app.services.stages.stage_clock import StageClock
from app.services.stages.untranscribed_speech import audio_of, fill, gaps
from app.services.stages.vad import SpeechWindow
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from tests.services.cache.stores import store_in


def said(text: str, *spans: tuple[int, int]) -> Segment:
    """A segment whose words have these spans."""
    parts = zip(text.split(), spans, strict=True)
    words = tuple(Word(part, Span(*span)) for part, span in parts)
    return Segment(text, Span(spans[0][0], spans[-1][1]), words, "en")


def test_speech_between_words_is_a_gap_and_a_breath_is_none() -> None:
    voiced = [Span(0, 9_000)]
    segment = said("one two three", (0, 500), (1_300, 1_800), (6_000, 9_000))
    assert gaps(voiced, [segment]) == [Span(2_050, 5_750)]


def test_a_window_without_text_is_one_gap_for_each_stretch_of_speech() -> None:
    assert gaps([Span(100, 2_100), Span(3_000, 3_900)], []) == [Span(100, 2_100)]


def test_a_segment_without_words_covers_its_span() -> None:
    segment = Segment("words", Span(0, 4_000), (), "en")
    assert gaps([Span(0, 6_000)], [segment]) == [Span(4_250, 6_000)]


def test_words_in_any_order_leave_the_same_gaps() -> None:
    segments = [said("late", (5_000, 6_000)), said("early", (0, 1_000))]
    assert gaps([Span(0, 6_000)], segments) == [Span(1_250, 4_750)]


def test_the_sound_of_a_gap_ends_with_its_window() -> None:
    window = Audio(np.arange(160_000, dtype=np.float32), 16_000)
    sound = audio_of(Span(1_100, 3_000), window)
    assert (sound.start_sample, sound.end_sample) == (16_000, 51_200)
    assert sound.samples[0] == 0


def test_what_is_found_outside_the_gap_was_there_already() -> None:
    before = said("hello there", (0, 400), (500, 900))
    found = said("there my friend", (850, 950), (1_500, 2_000), (2_100, 2_600))
    after = said("bye", (6_000, 6_400))
    filled = fill([before, after], [found], Span(1_150, 5_750))
    assert [segment.text for segment in filled] == ["hello there", "my friend", "bye"]
    assert filled[1].span == Span(1_500, 2_600)
    assert fill([before], [said("there", (850, 950))], Span(1_150, 5_750)) == [before]


class Distracted:
    """Hears the first two seconds of any long window, and all of a short one."""

    lanes = 1
    max_batch = 2
    cache_key = "distracted 1"
    device = "cpu"

    def __init__(self) -> None:
        self.asked: list[Span] = []

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        return [self._hear(prepared.window) for prepared in batch]

    def _hear(self, window: Window) -> list[Segment]:
        span = window.audio.span
        self.asked.append(span)
        end = min(span.start_ms + 2_000, span.end_ms) if span.duration_ms > 5_000 else span.end_ms
        return [said("word", (span.start_ms + 200, end - 200))]


class Deaf(Distracted):
    """Understands nothing of what is spoken."""

    def _hear(self, window: Window) -> list[Segment]:
        self.asked.append(window.audio.span)
        return []


async def test_speech_that_is_not_understood_is_heard_again_a_bounded_number_of_times(
    tmp_path: Path,
) -> None:
    engine = Deaf()
    scheduler = Scheduler(engine)
    cache = WindowCache(10, store_in(tmp_path))
    audio = Audio(np.full(480_000, 0.1, np.float32), 0)
    voiced = tuple(Span(2000 * n, 2000 * n + 1000 + 10 * n) for n in range(14))
    options = TranscribeOptions("a", WorkContext("job"))
    transcriber = WindowTranscriber(scheduler, cache, options, StageClock())
    try:
        assert await transcriber.transcribe(SpeechWindow(1, audio, 30_000, voiced)) == []
    finally:
        scheduler.close()
        await cache.close()
    assert [span.start_ms for span in engine.asked[1:]] == [2000 * n - 200 for n in range(6, 14)]
    assert options.untranscribed.ms == sum(span.duration_ms for span in voiced)


async def test_a_gap_is_heard_once_more_and_what_stays_is_counted(tmp_path: Path) -> None:
    engine = Distracted()
    scheduler = Scheduler(engine)
    cache = WindowCache(10, store_in(tmp_path))
    audio = Audio(np.full(160_000, 0.1, np.float32), 160_000)
    voiced = (Span(10_100, 14_900), Span(18_000, 19_900))
    window = SpeechWindow(1, audio, 21_000, voiced)
    try:
        for again in range(2):
            options = TranscribeOptions("a", WorkContext("job"))
            heard = await WindowTranscriber(scheduler, cache, options, StageClock()).transcribe(
                window
            )
            spans = [segment.span for segment in heard]
            assert spans == [Span(10_100, 11_800), Span(12_050, 14_900), Span(18_000, 19_900)]
            assert options.untranscribed.ms == 0
            assert options.lookups.hit_ratio == float(again), "the second time from memory"
    finally:
        scheduler.close()
        await cache.close()
    assert len(engine.asked) == 3, "the window, and each of its gaps once"
