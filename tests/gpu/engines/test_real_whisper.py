"""The Whisper engine on published weights, on people and on synthesizers that know their words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("whisperx", reason="needs the gpu extra")

from app.domain.audio import Audio, Samples
from app.domain.errors import InvalidLanguageError
from app.domain.transcript import Segment, Word
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.preemption import preemptible
from app.gpu.protocols import Prepared, Window
from app.gpu.self_test import transcribe_windows
from scripts.fixtures.spoken import Spoken
from scripts.fixtures.voices import Voice, read_sentences
from scripts.fixtures.word_times import speak_words
from tests.conftest import ROOT, Speech, read_samples
from tests.librivox import recordings
from tests.real_models import whisper_settings
from tests.wording import word_errors

pytestmark = pytest.mark.gpu

VOICES = tuple(Voice(name, "en", "flite") for name in ("slt", "rms"))
SPANISH = "Buenos días, señora, ¿cómo está usted?"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def engine() -> WhisperxTranscriber:
    """tiny.en."""
    return WhisperxTranscriber(whisper_settings())


@pytest.fixture(scope="module")
def multilingual() -> WhisperxTranscriber:
    """base."""
    return WhisperxTranscriber(whisper_settings("base"))


@pytest.fixture(scope="module")
def said() -> list[Spoken]:
    """Twelve English sentences in two voices, with a little noise."""
    english = [each.text for each in read_sentences() if each.language == "en"][:12]
    return [
        speak_words(text, VOICES[place % 2]).within(300, 300).noisy(30, place)
        for place, text in enumerate(english)
    ]


@pytest.fixture(scope="module")
def transcribed(engine: WhisperxTranscriber, said: list[Spoken]) -> list[list[Segment]]:
    return transcribe_windows(engine, [Window(Audio(each.samples)) for each in said])


def transcribe(engine: WhisperxTranscriber, samples: Samples, prompt: str = "") -> list[Segment]:
    [segments] = transcribe_windows(engine, [Window(Audio(samples), None, prompt)])
    return segments


def text_of(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments).replace("$20", "twenty dollars")


def words_of(segments: Sequence[Segment]) -> list[Word]:
    return [word for segment in segments for word in segment.words]


def test_the_words_of_synthetic_voices_are_right(
    said: list[Spoken], transcribed: list[list[Segment]]
) -> None:
    spoken = " ".join(each.text for each in said)
    assert word_errors(spoken, " ".join(map(text_of, transcribed))) <= 0.08
    assert {segment.language for segments in transcribed for segment in segments} == {"en"}


def test_words_stand_in_order_where_they_are_said(
    said: list[Spoken], transcribed: list[list[Segment]]
) -> None:
    off_ms: list[int] = []
    for spoken, segments in zip(said, transcribed, strict=True):
        words = words_of(segments)
        assert all(a.span.end_ms <= b.span.start_ms for a, b in pairwise(words))
        assert words[-1].span.end_ms <= Audio(spoken.samples).span.end_ms
        if [word.text for word in words] == [word.text for word in spoken.words]:
            pairs = zip(words, spoken.words, strict=True)
            off_ms += [abs(mine.span.start_ms - true.span.start_ms) for mine, true in pairs]
    assert len(off_ms) >= 60, "words of sentences that came out right to the last character"
    # By the model's attention, whose steps are 20 ms; exact times are the aligner's work.
    assert np.median(off_ms) < 150
    assert np.percentile(off_ms, 95) < 400


def test_times_count_from_the_recordings_start(
    engine: WhisperxTranscriber, said: list[Spoken]
) -> None:
    window = Window(Audio(said[0].samples, start_sample=10 * RATE_HZ))
    [later] = transcribe_windows(engine, [window])
    starts_ms = [word.span.start_ms - 10_000 for word in words_of(later)]
    # The sentence begins 0.3 s into its audio.
    assert 0 <= starts_ms[0] <= 800
    assert starts_ms == sorted(starts_ms)
    assert starts_ms[-1] <= len(said[0].samples) * 1000 // RATE_HZ


def test_sentences_of_one_window_are_segments_of_their_own(
    engine: WhisperxTranscriber, said: list[Spoken]
) -> None:
    talk = said[:3]
    segments = transcribe(engine, Spoken.joined(talk).samples)
    assert [segment.text for segment in segments] == [each.text for each in talk]
    ends_ms = np.cumsum([len(each.samples) for each in talk]) / 16
    for segment, end_ms in zip(segments, ends_ms, strict=True):
        assert segment.span.end_ms == pytest.approx(end_ms - 300, abs=500)


def test_people_are_heard(engine: WhisperxTranscriber) -> None:
    read = recordings()
    assert len(read) == 5
    windows = [Window(Audio(read_samples(path))) for _, path in read]
    heard = [text_of(segments) for segments in transcribe_windows(engine, windows)]
    assert word_errors(" ".join(text for text, _ in read), " ".join(heard)) <= 0.12


def test_languages_are_told_apart_in_one_batch(
    multilingual: WhisperxTranscriber, said: list[Spoken]
) -> None:
    spanish = speak_words(SPANISH, Voice("es", "es", "espeak-ng")).within(300, 300)
    batch = [said[0], spanish, said[1]]
    results = transcribe_windows(multilingual, [Window(Audio(each.samples)) for each in batch])
    for segments, spoken in zip(results, batch, strict=True):
        assert word_errors(spoken.text, text_of(segments)) <= 0.2, "an accent may be missing"
    assert [{segment.language for segment in segments} for segments in results] == [
        {"en"},
        {"es"},
        {"en"},
    ]


def test_a_model_of_one_language_refuses_others(engine: WhisperxTranscriber) -> None:
    assert engine.languages == ("en",)
    with pytest.raises(InvalidLanguageError, match="'de'"):
        engine.prepare(Window(Audio(np.zeros(RATE_HZ, np.float32)), "de"))


def test_a_prompt_does_not_mislead_it(
    multilingual: WhisperxTranscriber, said: list[Spoken]
) -> None:
    for spoken in said[:3]:
        prompted = transcribe(
            multilingual, spoken.samples, "A walk through the old town with Maria"
        )
        assert word_errors(spoken.text, text_of(prompted)) == 0


@pytest.mark.parametrize("level", [1e-4, 3e-3, 3e-2])
def test_where_nobody_speaks_there_is_no_text(engine: WhisperxTranscriber, level: float) -> None:
    noise = np.random.default_rng(7).normal(0, level, 4 * RATE_HZ).astype(np.float32)
    assert transcribe(engine, noise) == []


def test_the_sample_is_written_down(engine: WhisperxTranscriber) -> None:
    """Through an mp4's sound and its own pauses, two sentences at a time."""
    truth = json.loads((ROOT / "fixtures" / "talk" / "two-voices.json").read_text("utf-8"))[
        "sentences"
    ]
    sound = read_samples(ROOT / "fixtures" / "talk" / "two-voices.mp4")
    windows = []
    for first in range(0, len(truth), 2):
        part = truth[first : first + 2]
        begin, end = (part[0]["start_ms"] - 200) * 16, (part[-1]["end_ms"] + 200) * 16
        windows.append(Window(Audio(sound[begin:end], start_sample=begin)))
    segments = [each for one in transcribe_windows(engine, windows) for each in one]
    assert word_errors(" ".join(each["text"] for each in truth), text_of(segments)) <= 0.03
    starts_ms = np.array([word.span.start_ms for word in words_of(segments)])
    off_ms = [int(np.abs(starts_ms - sentence["start_ms"]).min()) for sentence in truth]
    assert np.median(off_ms) < 250
    assert max(off_ms) < 500


def test_a_sentence_written_twice_is_cut_and_nothing_is_sampled_in_its_place(
    engine: WhisperxTranscriber, speech: Speech
) -> None:
    """Greedy search writes the last sentence of this window twice; a sample may say anything."""
    pause = np.zeros(9600, np.float32)
    told = ["We measure the height of the river every morning.", "The water came up very fast last"]
    first, second = speech.samples(told[0], "rms"), speech.samples(f"{told[1]} night.", "slt")
    sound = np.concatenate([pause[:3200], first, pause, second, pause[:1600]]) * np.float32(0.9)
    outcome = engine.decode([engine.prepare(Window(Audio(sound)))])[0]
    assert not isinstance(outcome, Prepared), "it was decoded a second time"
    assert text_of(outcome).split()[-7:] == [*told[1].split()[1:], "night."]


def test_likely_words_change_what_is_written(
    multilingual: WhisperxTranscriber, speech: Speech
) -> None:
    sound = speech.samples("We asked Catalin and Dorin about the bridge.")
    assert "Catalin" not in text_of(transcribe(multilingual, sound))
    assert "Catalin and Dorin" in text_of(transcribe(multilingual, sound, "Catalin, Dorin"))


def test_windows_that_go_first_in_the_middle_of_a_batch_change_nothing(
    engine: WhisperxTranscriber, said: list[Spoken]
) -> None:
    batch = [Window(Audio(each.samples)) for each in said[1:3]]
    alone, together = transcribe(engine, said[0].samples), transcribe_windows(engine, batch)
    went_first: list[list[Segment]] = []

    def run_first() -> None:
        with preemptible(None):
            went_first.append(transcribe(engine, said[0].samples))

    with preemptible(run_first):
        assert transcribe_windows(engine, batch) == together
    assert went_first == [alone] * 3, "between two windows, after the encoder, the decoder"
