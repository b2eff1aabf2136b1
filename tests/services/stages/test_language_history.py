"""Languages of a recording: its own, doubtful windows, windows with two of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.protocols import Prepared, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.cache.stage_store import NullStore
from app.services.cache.window_cache import WindowCache
from app.services.playback.playback import Playback
from app.services.stages.language_history import LanguageHistory, better
from app.services.stages.stage_clock import StageClock
from app.services.stages.transcribe import transcribe
from app.services.stages.vad import SpeechWindow
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from tests.gpu.fake_engine import FakeEngine


def segment(
    language: str, seconds: float = 12, probability: float = 1.0, confidence: float = 0.9
) -> Segment:
    span = Span(0, round(seconds * 1000))
    return Segment(
        language, span, (), language, confidence, span.end_ms, language_probability=probability
    )


def test_a_recording_has_a_language_once_it_is_known() -> None:
    history = LanguageHistory()
    history.add([segment("es", 6)])
    assert history.language is None
    history.add([segment("es", 6)])
    assert history.language == "es"
    history.add([segment("en", 12)])
    assert history.language is None, "two speakers with a language each"


def test_only_a_doubtful_window_is_questioned() -> None:
    history = LanguageHistory()
    assert history.instead_of([segment("pt", probability=0.5)]) is None, "nothing is known yet"
    history.add([segment("es", 30)])
    assert history.instead_of([segment("pt", probability=0.5)]) == "es"
    assert history.instead_of([segment("pt", probability=0.95)]) is None
    assert history.instead_of([segment("es", probability=0.5)]) is None
    assert history.instead_of([segment("pt", probability=0.5), segment("en")]) is None
    assert history.instead_of([]) is None


def test_the_likelier_words_are_taken() -> None:
    detected, expected = [segment("pt", confidence=0.8)], [segment("es", confidence=0.75)]
    assert better(detected, expected) == expected
    assert better(detected, [segment("es", confidence=0.5)]) == detected
    assert better(detected, []) == detected


class Bilingual(FakeEngine):
    """Writes the language of a window, told by its level, as Whisper would: one for each window.

    A window is English at 0.1, Spanish at 0.2, and in doubt at 0.3.
    """

    lanes = 1
    max_batch = 8

    def __init__(self) -> None:
        self.windows: list[Window] = []

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> Sequence[Sequence[Segment]]:
        return [self._written(prepared.window) for prepared in batch]

    def _written(self, window: Window) -> list[Segment]:
        self.windows.append(window)
        levels = set(np.unique(np.round(window.audio.samples, 1))) - {0.0}
        doubtful = len(levels) > 1 or np.float32(0.3) in levels
        detected = "es" if np.float32(0.2) in levels else "en"
        language = window.language or ("pt" if np.float32(0.3) in levels else detected)
        span = window.audio.span
        starts = range(span.start_ms, span.end_ms, 1_000)
        words = tuple(Word(language, Span(at, min(at + 1_000, span.end_ms))) for at in starts)
        spoken = Segment(language, span, words, language, 0.9, span.end_ms)
        if window.language or not doubtful:
            return [spoken]
        second = "en" if language == "es" else "es"
        return [replace(spoken, language_probability=0.7, second_language=second)]


def speech(index: int, *levels: float) -> SpeechWindow:
    """A window of phrases of 8 s at these levels, with pauses of a second."""
    start = index * 100 * 16_000
    samples, voiced, at = [], [], start
    for level in levels:
        samples += [np.full(8 * 16_000, level, np.float32), np.zeros(16_000, np.float32)]
        voiced.append(Span(at // 16, at // 16 + 8_000))
        at += 9 * 16_000
    audio = Audio(np.concatenate(samples), start)
    return SpeechWindow(index, audio, audio.span.end_ms, tuple(voiced))


async def written(engine: Bilingual, windows: Sequence[SpeechWindow]) -> list[tuple[str, int, int]]:
    scheduler = Scheduler(engine)
    context = WorkContext("job")
    options = TranscribeOptions("key", context)
    transcriber = WindowTranscriber(scheduler, WindowCache(0, NullStore()), options, StageClock())

    async def each() -> AsyncIterator[SpeechWindow]:
        for window in windows:
            yield window

    try:
        return [
            (one.language, one.span.start_ms, one.span.end_ms)
            async for one in transcribe(each(), transcriber, Playback(context))
        ]
    finally:
        scheduler.close()


async def test_a_window_with_two_languages_is_transcribed_phrase_by_phrase() -> None:
    engine = Bilingual()
    assert await written(engine, [speech(0, 0.1, 0.2, 0.1)]) == [
        ("en", 0, 8_000),
        ("es", 9_000, 17_000),
        ("en", 18_000, 26_000),
    ]
    assert {window.allowed_languages for window in engine.windows[1:]} == {("es", "en")}


async def test_a_window_in_doubt_with_one_language_stays_whole() -> None:
    engine = Bilingual()
    [only] = await written(engine, [speech(0, 0.3, 0.3)])
    assert only == ("pt", 0, 17_000)


async def test_a_doubtful_window_follows_the_recording() -> None:
    engine = Bilingual()
    found = await written(engine, [speech(0, 0.2), speech(1, 0.2), speech(2, 0.3), speech(3, 0.1)])
    assert [language for language, _, _ in found] == ["es", "es", "es", "en"]
    assert [window.language for window in engine.windows].count("es") == 1


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_language_that_was_given_is_never_questioned(language: str) -> None:
    engine = Bilingual()
    scheduler = Scheduler(engine)
    transcriber = WindowTranscriber(
        scheduler,
        WindowCache(0, NullStore()),
        TranscribeOptions("key", WorkContext("job")),
        StageClock(),
    )
    try:
        [one] = await transcriber.speaking(language).transcribe(speech(0, 0.1, 0.2))
    finally:
        scheduler.close()
    assert one.language == language
    assert len(engine.windows) == 1
