"""Whisper's translation into English, with real weights and human speech."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain.audio import Audio
from app.domain.transcript import Segment
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from scripts.voice_prompts import PlacedPrompt, joined, voice_prompts
from tests.gpu.whisper_fixtures import settings_for

pytestmark = pytest.mark.gpu

PROMPTS = {
    "en": ("conf-onlyperson",),
    "fr": ("conf-lockednow", "vm-enter-num-to-call"),
    "it": ("vm-delete", "conf-onlyperson"),
    "ru": ("vm-undelete", "conf-onlyperson"),
}
WORDS = {
    "fr": ("conference", "number"),
    "it": ("message", "conference"),
    "ru": ("message|communication", "conference"),
}
"""One of each prompt; which one is written differs with the processor's quantised products."""


@pytest.fixture(scope="module")
def engine() -> WhisperxTranscriber:
    return WhisperxTranscriber(settings_for(Path("base")))


@pytest.fixture(scope="module")
def speech() -> dict[str, tuple[Audio, list[PlacedPrompt]]]:
    heard = {}
    for language, names in PROMPTS.items():
        by_name = {prompt.name: prompt for prompt in voice_prompts(language)}
        samples, placed = joined([by_name[name] for name in names])
        heard[language] = Audio(samples, 16_000), placed
    return heard


@pytest.fixture(scope="module")
def written(
    engine: WhisperxTranscriber, speech: dict[str, tuple[Audio, list[PlacedPrompt]]]
) -> dict[str, list[Segment]]:
    """Segments of the windows that were translated, all decoded in one batch."""
    windows = [Window(audio, task="translate") for audio, _ in speech.values()]
    return dict(zip(speech, transcribe_windows(engine, windows), strict=True))


@pytest.mark.parametrize("language", ["fr", "it", "ru"])
def test_speech_becomes_english_at_its_time(
    written: dict[str, list[Segment]],
    speech: dict[str, tuple[Audio, list[PlacedPrompt]]],
    language: str,
) -> None:
    segments = written[language]
    assert {(segment.language, segment.spoken) for segment in segments} == {("en", language)}
    words = [word for segment in segments for word in segment.words]
    for placed, expected in zip(speech[language][1], WORDS[language], strict=True):
        [said, *_] = [word for word in words if re.search(expected, word.text.lower())]
        # Offset: the window begins a second into its recording.
        assert placed.start_ms + 700 < said.span.start_ms < placed.end_ms + 1300


def test_english_speech_is_transcribed(written: dict[str, list[Segment]]) -> None:
    assert {(segment.language, segment.spoken) for segment in written["en"]} == {("en", None)}
    assert "conference" in " ".join(segment.text for segment in written["en"])


def test_windows_of_both_tasks_share_a_batch(
    engine: WhisperxTranscriber,
    speech: dict[str, tuple[Audio, list[PlacedPrompt]]],
    written: dict[str, list[Segment]],
) -> None:
    audio = speech["it"][0]
    tasks = [Window(audio, "it"), Window(audio, "it", task="translate"), Window(audio, "it")]
    prepared = [engine.prepare(window) for window in tasks]
    assert len({each.batch_key for each in prepared}) == 1
    said, english, again = engine.decode(prepared)
    assert said == again
    assert isinstance(english, list)
    assert [each.text for each in english] == [each.text for each in written["it"]]
    assert isinstance(said, list)
    assert {(segment.language, segment.spoken) for segment in said} == {("it", None)}
    assert "messaggio" in " ".join(segment.text for segment in said)


def test_an_english_model_translates_nothing() -> None:
    assert WhisperxTranscriber(settings_for(Path("tiny.en"))).translates is False


def test_a_multilingual_model_translates(engine: WhisperxTranscriber) -> None:
    assert engine.translates is True
