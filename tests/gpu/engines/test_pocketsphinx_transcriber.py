"""pocketsphinx on real speech, in its own process."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
import psutil
import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineError, EngineLoadError, InvalidLanguageError
from app.gpu.engines.pocketsphinx.pocketsphinx_transcriber import PocketsphinxTranscriber
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from app.settings import AsrSettings, Settings
from tests.conftest import Speech, read_samples

SPOKEN = "The water came up very fast last night."
SENTENCE = "the water came up very fast last night"
LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")


@pytest.fixture(scope="module")
def engine() -> Iterator[PocketsphinxTranscriber]:
    engine = PocketsphinxTranscriber(Settings(asr=AsrSettings(lanes=1)))
    yield engine
    engine.close()


def test_words_and_times_of_a_sentence(engine: PocketsphinxTranscriber, speech: Speech) -> None:
    samples = speech.samples(SPOKEN)
    [[segment]] = transcribe_windows(engine, [Window(Audio(samples, start_sample=160_000))])
    assert segment.text == SENTENCE
    assert segment.language == "en-US"
    assert [word.text for word in segment.words] == SENTENCE.split()
    assert segment.span.start_ms >= 10_000
    assert segment.span.end_ms <= 10_000 + len(samples) // 16
    starts = [word.span.start_ms for word in segment.words]
    assert starts == sorted(starts)
    assert 0.5 < segment.confidence <= 1


def test_a_pause_splits_segments(engine: PocketsphinxTranscriber, speech: Speech) -> None:
    pause = np.zeros(16_000, np.float32)
    samples = np.concatenate([speech.samples(SPOKEN), pause, speech.samples(SPOKEN)])
    [segments] = transcribe_windows(engine, [Window(Audio(samples))])
    assert [segment.text for segment in segments] == [SENTENCE, SENTENCE]


def test_human_speech(engine: PocketsphinxTranscriber) -> None:
    truth = {}
    for line in (LIBRIVOX / "transcription").read_text().splitlines():
        text, _, name = line.rpartition("(")
        truth[name.rstrip(")")] = text.replace("<s>", "").replace("</s>", "").strip()
    transcribed = []
    for name in truth:
        audio = Audio(read_samples(LIBRIVOX / f"{name}.wav"))
        [segments] = transcribe_windows(engine, [Window(audio)])
        transcribed.append(" ".join(segment.text for segment in segments))
    assert len(truth) == 5
    assert jiwer.wer(list(truth.values()), transcribed) <= 0.35


def test_noise_without_words_is_no_segment(engine: PocketsphinxTranscriber) -> None:
    noise = np.random.default_rng(0).normal(0, 0.003, 32_000).astype(np.float32)
    assert transcribe_windows(engine, [Window(Audio(noise))]) == [[]]


def test_other_languages_are_refused(engine: PocketsphinxTranscriber) -> None:
    with pytest.raises(InvalidLanguageError):
        transcribe_windows(engine, [Window(Audio(np.zeros(16_000, np.float32)), language="de")])


def test_cancelling_ends_the_decoder_at_once_and_the_next_window_still_works(
    engine: PocketsphinxTranscriber, speech: Speech
) -> None:
    long = np.tile(speech.samples(SPOKEN), 40)
    window = Window(Audio(long))
    [child] = decoders()
    has_read = child.io_counters().read_chars

    def cancel_in_the_middle() -> None:
        while child.io_counters().read_chars - has_read < 2 * len(long):
            time.sleep(0.01)
        child.suspend()  # it cannot come to the end
        window.cancelled.set()

    threading.Thread(target=cancel_in_the_middle, daemon=True).start()
    hang = threading.Timer(120, child.kill)
    hang.start()
    assert transcribe_windows(engine, [window]) == [[]]
    assert hang.is_alive(), "the decoder was waited for"
    hang.cancel()
    assert not child.is_running()
    [[segment]] = transcribe_windows(engine, [Window(Audio(speech.samples(SPOKEN)))])
    assert segment.text == SENTENCE


def test_a_killed_decoder_is_replaced(engine: PocketsphinxTranscriber, speech: Speech) -> None:
    [child] = decoders()
    child.kill()
    child.wait(5)
    [[segment]] = transcribe_windows(engine, [Window(Audio(speech.samples(SPOKEN)))])
    assert segment.text == SENTENCE


def test_a_decoder_that_dies_at_work_fails_its_window_alone(
    engine: PocketsphinxTranscriber, speech: Speech
) -> None:
    [child] = decoders()
    child.suspend()
    threading.Timer(0.5, child.kill).start()
    window = Window(Audio(speech.samples(SPOKEN)))
    with pytest.raises(EngineError):
        transcribe_windows(engine, [window])
    [[segment]] = transcribe_windows(engine, [window])
    assert segment.text == SENTENCE


def test_a_decoder_that_cannot_be_replaced_costs_no_lane(
    engine: PocketsphinxTranscriber, speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    [child] = decoders()
    child.kill()
    child.wait(5)
    window = Window(Audio(speech.samples(SPOKEN)))
    with monkeypatch.context() as broken:
        broken.setattr("sys.executable", "/bin/false")
        for _ in range(2):
            with pytest.raises(EngineLoadError):
                transcribe_windows(engine, [window])
    [[segment]] = transcribe_windows(engine, [window])
    assert segment.text == SENTENCE


def decoders() -> list[psutil.Process]:
    ours = psutil.Process().children()
    return [process for process in ours if "pocketsphinx_process" in " ".join(process.cmdline())]


def test_a_missing_model_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETSPHINX_PATH", "/nonexistent")
    with pytest.raises(EngineLoadError, match="pocketsphinx cannot be loaded"):
        PocketsphinxTranscriber(Settings(asr=AsrSettings(lanes=1)))
