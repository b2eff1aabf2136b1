"""Words get exact times where there is a model, and keep their own where there is none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineError, JobCancelledError
from app.domain.events import Notice
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.protocols import AlignmentInput, Prepared, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.cache.window_cache import WindowCache
from app.services.stages.align import WordAligner
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import SpeechWindow
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from tests.services.cache.stores import store_in


def said(text: str, language: str = "en", start_ms: int = 0) -> Segment:
    span = Span(start_ms, start_ms + 500)
    return Segment(text, span, (Word(text, span),), language)


class Parrot:
    """Hears one word in every window, in the language that the window asks for."""

    lanes = 1
    max_batch = 4
    cache_key = "parrot 1"
    device = "cpu"

    def __init__(self) -> None:
        self.heard = 0

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        self.heard += len(batch)
        return [
            [said("word", p.window.language or "en", p.window.audio.span.start_ms)] for p in batch
        ]


class Nudger:
    """Moves every word by 100 ms; knows English alone."""

    max_batch = 4
    cache_key = "nudger 1"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.aligned = 0
        self.fails = False
        self.gate = threading.Event()
        self.gate.set()

    def supports(self, language: str) -> bool:
        self.asked.append(language)
        self.gate.wait(10)
        return language == "en"

    def unavailable_reason(self, language: str) -> str:
        return "" if language == "en" else f"nobody taught it {language}"

    def align(self, passages: Sequence[AlignmentInput]) -> list[tuple[Segment, ...]]:
        if self.fails:
            raise EngineError("no aligning today")
        self.aligned += len(passages)
        return [tuple(map(_nudged, passage.segments)) for passage in passages]


def _nudged(segment: Segment) -> Segment:
    def move(span: Span) -> Span:
        return Span(span.start_ms + 100, span.end_ms + 100)

    words = tuple(replace(word, span=move(word.span)) for word in segment.words)
    return replace(segment, span=move(segment.span), words=words)


class Scene:
    """One server's engines and its cache, and the notices of the job in hand."""

    def __init__(self, folder: Path) -> None:
        self.parrot, self.nudger = Parrot(), Nudger()
        self.scheduler = Scheduler(self.parrot, self.nudger)
        self.cache = WindowCache(10, store_in(folder))
        self.notices: list[Notice] = []
        self.context = WorkContext("job")

    def aligner(self) -> WordAligner:
        return WordAligner(
            self.nudger, self.scheduler, self.context, StageClock(), self.notices.append
        )

    async def transcribe(self, aligner: WordAligner | None) -> list[Segment]:
        audio = Audio(np.full(32_000, 0.1, np.float32), 16_000)
        window = SpeechWindow(0, audio, 3_500)
        transcriber = WindowTranscriber(
            self.scheduler, self.cache, TranscribeOptions("a", self.context), StageClock(), aligner
        )
        return await transcriber.transcribe(window)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    yield made
    await asyncio.to_thread(made.scheduler.close)
    await made.cache.close()


AUDIO = Audio(np.zeros(32_000, np.float32))


async def test_the_words_of_a_translation_were_never_said(scene: Scene) -> None:
    heard = [replace(said("bye"), spoken="fr"), said("hello", start_ms=600)]
    aligned, complete = await scene.aligner().align(AUDIO, heard, 0)
    assert [segment.span.start_ms for segment in aligned] == [0, 700]
    assert complete
    assert not scene.notices


async def test_languages_are_asked_for_once_and_those_without_a_model_keep_their_times(
    scene: Scene,
) -> None:
    aligner = scene.aligner()
    segments = [said("hello"), said("hola", "es", 600), said("hi", "en", 1_200)]
    for index in range(2):
        aligned, complete = await aligner.align(AUDIO, segments, index)
        assert [segment.span.start_ms for segment in aligned] == [100, 600, 1_300]
        assert [segment.text for segment in aligned] == ["hello", "hola", "hi"]
        assert not complete
    assert sorted(scene.nudger.asked) == ["en", "es"]
    assert {notice.code for notice in scene.notices} == {"alignment_skipped"}
    message = scene.notices[0].message
    assert "Spanish" in message
    assert "nobody taught it es" in message


async def test_windows_that_come_together_wait_for_one_loading(scene: Scene) -> None:
    aligner = scene.aligner()
    scene.nudger.gate.clear()
    tasks = [asyncio.create_task(aligner.align(AUDIO, [said("a")], n)) for n in range(6)]
    await asyncio.sleep(0.05)
    tasks[0].cancel()
    scene.nudger.gate.set()
    results = await asyncio.gather(*tasks[1:])
    assert all(complete for _, complete in results)
    assert scene.nudger.asked == ["en"]


async def test_a_model_that_fails_costs_the_exact_times_alone(scene: Scene) -> None:
    scene.nudger.fails = True
    aligned, complete = await scene.aligner().align(AUDIO, [said("hello")], 0)
    assert ([segment.span.start_ms for segment in aligned], complete) == ([0], False)
    [notice] = scene.notices
    assert notice.code == "alignment_failed"
    assert "no aligning today" in notice.message


async def test_a_job_that_is_gone_is_told_so(scene: Scene) -> None:
    scene.context.cancelled.set()
    with pytest.raises(JobCancelledError):
        await scene.aligner().align(AUDIO, [said("hello")], 0)
    assert scene.notices == []


async def test_exact_times_come_from_memory(scene: Scene) -> None:
    first = await scene.transcribe(scene.aligner())
    again = await scene.transcribe(scene.aligner())
    assert first == again
    assert first[0].span.start_ms == 1_100
    assert (scene.parrot.heard, scene.nudger.aligned) == (1, 1)


async def test_words_that_were_heard_without_an_aligner_are_aligned_and_not_heard_again(
    scene: Scene,
) -> None:
    assert (await scene.transcribe(None))[0].span.start_ms == 1_000
    assert (await scene.transcribe(scene.aligner()))[0].span.start_ms == 1_100
    assert (await scene.transcribe(None))[0].span.start_ms == 1_000, "each as it was asked for"
    assert (scene.parrot.heard, scene.nudger.aligned) == (1, 1)


async def test_what_could_not_be_aligned_is_tried_again(scene: Scene) -> None:
    scene.nudger.fails = True
    assert (await scene.transcribe(scene.aligner()))[0].span.start_ms == 1_000
    scene.nudger.fails = False
    assert (await scene.transcribe(scene.aligner()))[0].span.start_ms == 1_100
    assert scene.parrot.heard == 1
