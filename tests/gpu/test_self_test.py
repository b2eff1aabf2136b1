"""Self-test of the engines on a clear sentence."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineError, EngineLoadError, OutOfMemoryError
from app.domain.time import SAMPLE_RATE_HZ, Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.gpu import engine_manager
from app.gpu.engine_manager import EngineManager
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import AlignmentInput, DiarizationState, Prepared, Window
from app.gpu.self_test import (
    TEXT,
    check_aligner,
    check_diarizer,
    check_transcriber,
    read_clip,
    transcribe_windows,
)
from app.routers.health_routes import ping_response
from app.services.readiness import Readiness
from app.settings import AlignmentSettings, AsrSettings, DiarizationSettings, Settings
from tests.gpu.fake_engine import FakeEngine
from tests.real_models import whisper_settings

NAME = Settings().asr.engine
"""Of the transcriber that a server without settings loads."""


class ScriptedTranscriber(FakeEngine):
    """A transcriber with a fixed text."""

    name = "listener"
    lanes = 1
    max_batch = 8

    def __init__(self, text: str = TEXT, device: str = "cpu", fits: int = 100) -> None:
        self.text, self.device, self.fits = text, device, fits
        self.calls: list[tuple[int, float, str | None]] = []

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        window = batch[0].window
        self.calls.append((len(batch), len(window.audio.samples) / 16_000, window.language))
        if len(batch) > self.fits:
            raise OutOfMemoryError("too many")
        return [[Segment(self.text, window.audio.span, (), "en")] for _ in batch]


class SilentTranscriber(ScriptedTranscriber):
    """Whisper as it was with a driver that is too old."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("")


class FixedAligner(FakeEngine):
    """An aligner that puts every word at a fixed time."""

    name = "timer"
    max_batch = 4

    def __init__(self, settings: Settings | None = None, shift_ms: int = 0) -> None:
        self.shift_ms = shift_ms
        self.asked: list[str] = []
        self.calls: list[int] = []

    def supports(self, language: str) -> bool:
        self.asked.append(language)
        return language == "en"

    def align(self, inputs: Sequence[AlignmentInput]) -> list[tuple[Segment, ...]]:
        self.calls.append(len(inputs))
        word = Word("We", Span(100 + self.shift_ms, 200 + self.shift_ms))
        return [(Segment("We", word.span, (word,), "en"),) for _ in inputs]


class MisplacedAligner(FixedAligner):
    """An aligner whose words lie outside the sentence."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, 60_000)


class CountingDiarizer(FakeEngine):
    """A diarizer that finds a fixed number of speakers."""

    name = "diarizer"
    device, detail, cache_key = "cpu", "", "1"
    slice_samples = 30 * SAMPLE_RATE_HZ

    def __init__(self, settings: Settings | None = None, people: int = 1) -> None:
        self.people = people
        self.processed_s = 0.0

    def process(
        self, samples: Any, state: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        assert last
        self.processed_s = len(samples) / SAMPLE_RATE_HZ
        return DiarizationState(None)

    def turns(self, state: DiarizationState, speakers: object) -> list[SpeakerTurn]:
        return [SpeakerTurn(Span(0, 1), f"SPEAKER_{n:02}") for n in range(self.people)]


class SilentDiarizer(CountingDiarizer):
    """A diarizer that finds no speaker."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, 0)


def test_the_clip_is_short_and_clear_enough_for_a_small_engine() -> None:
    assert 1.5 < len(read_clip()) / SAMPLE_RATE_HZ < 3.2
    engine = WhisperxTranscriber(whisper_settings())
    [segments] = transcribe_windows(engine, [Window(Audio(read_clip()))])
    assert " ".join(segment.text for segment in segments) == TEXT
    check_transcriber(engine, engine.languages)


def test_a_transcriber_that_returns_no_text_is_refused_with_advice() -> None:
    with pytest.raises(EngineLoadError, match="no text for a clear sentence") as caught:
        check_transcriber(ScriptedTranscriber(" "), None)
    assert "driver" in caught.value.message
    assert "ASR_SELF_TEST" in caught.value.message


def test_the_sentence_is_declared_english_where_the_engine_knows_it() -> None:
    for languages, expected in ((None, "en"), (("de", "en"), "en"), (("de",), None)):
        engine = ScriptedTranscriber()
        check_transcriber(engine, languages)
        assert [call[2] for call in engine.calls] == [expected]


def test_on_a_gpu_one_full_batch_of_long_windows_is_computed() -> None:
    engine = ScriptedTranscriber(device="cuda")
    check_transcriber(engine, None)
    assert [(count, seconds > 25) for count, seconds, _ in engine.calls] == [(1, False), (8, True)]
    tight = ScriptedTranscriber(device="cuda", fits=3)
    check_transcriber(tight, None)
    assert [count for count, *_ in tight.calls] == [1, 8, 4, 2]


def test_what_fails_on_the_sentence_cannot_be_loaded() -> None:
    engine = ScriptedTranscriber()
    engine.fits = 0
    with pytest.raises(EngineLoadError, match="failed on a clear sentence: too many"):
        check_transcriber(engine, None)

    class Broken(CountingDiarizer):
        def turns(self, state: DiarizationState, speakers: object) -> list[SpeakerTurn]:
            raise EngineError("no clusters")

    with pytest.raises(EngineLoadError, match="no clusters"):
        check_diarizer(Broken())


def test_words_must_lie_inside_the_sentence() -> None:
    check_aligner(FixedAligner())
    with pytest.raises(EngineLoadError, match="found no times"):
        check_aligner(FixedAligner(shift_ms=60_000))


def test_a_speaker_must_be_found() -> None:
    diarizer = CountingDiarizer()
    check_diarizer(diarizer)
    assert diarizer.processed_s == 10
    with pytest.raises(EngineLoadError, match="heard nobody"):
        check_diarizer(CountingDiarizer(people=0))


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    here = __name__
    monkeypatch.setattr(engine_manager, "TRANSCRIBERS", {NAME: f"{here}:SilentTranscriber"})
    monkeypatch.setattr(engine_manager, "ALIGNERS", {"wav2vec2": f"{here}:MisplacedAligner"})
    monkeypatch.setattr(engine_manager, "DIARIZERS", {"pyannote": f"{here}:SilentDiarizer"})


async def readiness_of(settings: Settings) -> Readiness:
    async def probe() -> None:
        return None

    works: Any = SimpleNamespace(probe=probe, name="", detail="")
    readiness = Readiness(settings, EngineManager(settings), works, lambda _: works)
    await readiness.load()
    return readiness


@pytest.mark.usefixtures("known")
async def test_a_silent_engine_keeps_the_server_from_being_ready() -> None:
    readiness = await readiness_of(Settings())
    assert ping_response(readiness).status_code == 503
    assert "no text for a clear sentence" in (readiness.failure or "")
    failed = [status for status in readiness.statuses if status.state == "failed"]
    assert [status.role for status in failed] == ["transcriber"]


@pytest.mark.usefixtures("known")
async def test_without_the_self_test_every_loaded_engine_is_ready() -> None:
    settings = Settings(
        asr=AsrSettings(self_test=False),
        alignment=AlignmentSettings(enabled=True),
        diarization=DiarizationSettings(enabled=True),
    )
    readiness = await readiness_of(settings)
    manager = readiness.engine_manager
    try:
        assert ping_response(readiness).status_code == 200
        assert (manager.full, manager.expected_first_wait_s("viewer")) == (False, 0)
        report = manager.report()
        assert report is not None
        assert set(report.stages) == {"transcribe", "align", "diarize", "cluster"}
    finally:
        readiness.engine_manager.close()


@pytest.mark.parametrize(
    ("settings", "failure"),
    [
        (Settings(alignment=AlignmentSettings(enabled=True)), "found no times"),
        (Settings(alignment=AlignmentSettings(enabled=True, preload=("de",))), None),
        (Settings(diarization=DiarizationSettings(enabled=True)), "heard nobody"),
    ],
)
@pytest.mark.usefixtures("known")
async def test_the_other_engines_are_tested_too(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, failure: str | None
) -> None:
    monkeypatch.setattr(engine_manager, "TRANSCRIBERS", {NAME: f"{__name__}:WorkingTranscriber"})
    readiness = await readiness_of(settings)
    try:
        assert ping_response(readiness).status_code == (503 if failure else 200)
        assert (failure or "") in (readiness.failure or "")
    finally:
        readiness.engine_manager.close()


class WorkingTranscriber(ScriptedTranscriber):
    """A transcriber that works."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
