"""The Whisper engine on a model whose words are known in advance."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineError, InvalidLanguageError, OutOfMemoryError
from app.domain.transcript import Segment
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.models.identity import identity_of
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from scripts.fixtures.scripted_whisper import TOKEN_MS, VOICES_HZ
from tests.gpu.conftest import Watched
from tests.gpu.whisper_fixtures import (
    CHINESE,
    ENGLISH,
    FRENCH,
    GERMAN,
    SPANISH,
    settings_for,
    tone,
    window,
)

pytestmark = pytest.mark.gpu

Watch = Callable[..., Watched]


def text(segments: list[Segment]) -> str:
    return "".join(
        segment.text if segment.words[0].glued else f" {segment.text}" for segment in segments
    ).strip()


def test_it_says_what_it_is(transcriber: WhisperxTranscriber, scripted_whisper: Path) -> None:
    assert transcriber.name == "whisperx"
    assert transcriber.device == "cpu"
    assert transcriber.detail == f"{scripted_whisper.name}, int8_float32"
    assert "int8_float32" in transcriber.cache_key
    assert identity_of(scripted_whisper) in transcriber.cache_key
    assert transcriber.languages is not None
    assert {"en", "zh", "fil", "jv", "nb"} <= set(transcriber.languages)
    assert (transcriber.lanes, transcriber.max_batch) == (1, 16)


def test_languages_share_one_call(watched: Watch) -> None:
    engine, model = watched()
    batch = [window("en"), window("es"), window("zh-TW"), window("de"), window("en-GB")]
    results = transcribe_windows(engine, batch)
    assert [text(result) for result in results] == [ENGLISH, SPANISH, CHINESE, GERMAN, ENGLISH]
    assert [call.windows for call in model.calls] == [5]
    assert model.encoded == [1] * 5, "a CPU encodes one by one"
    tags = [{segment.language for segment in result} for result in results]
    assert tags == [{"en"}, {"es"}, {"zh-TW"}, {"de"}, {"en-GB"}], "the caller's spelling is kept"


def test_unknown_languages_are_detected_on_the_same_encoding(watched: Watch) -> None:
    engine, model = watched()
    results = transcribe_windows(
        engine, [window(hz=hz) for hz in VOICES_HZ] + [window("es", hz=440)]
    )
    assert [text(result) for result in results] == [ENGLISH, SPANISH, CHINESE, GERMAN, SPANISH]
    assert [result[0].language for result in results] == ["en", "es", "zh", "de", "es"]
    assert model.encoded == [1] * 5, "each is encoded once"


def test_the_default_language_is_used_where_a_window_has_none(watched: Watch) -> None:
    engine, _ = watched(language="es")
    default, requested = transcribe_windows(engine, [window(hz=440), window("en", hz=440)])
    assert text(default) == SPANISH
    assert text(requested) == ENGLISH


def test_sentences_are_segments(transcriber: WhisperxTranscriber) -> None:
    [[first, second]] = transcribe_windows(transcriber, [window("en", start_ms=70_000)])
    assert (first.text, second.text) == ("Hello there, my friend.", "How are you today?")
    assert first.span.start_ms >= 70_000
    assert first.span.end_ms <= second.span.start_ms
    for segment in (first, second):
        assert segment.span.start_ms == segment.words[0].span.start_ms
        assert segment.span.end_ms == segment.words[-1].span.end_ms
        assert segment.clear_until_ms >= segment.span.end_ms
        assert " ".join(word.text for word in segment.words) == segment.text


def test_words_stand_where_the_model_looks(transcriber: WhisperxTranscriber) -> None:
    [[first, second]] = transcribe_windows(transcriber, [window("en", start_ms=70_000)])
    starts = {word.text: word.span.start_ms - 70_000 for word in (*first.words, *second.words)}
    # Hello| there|,| my| frien|d|.| How| are| you| today|?
    truth = {"Hello": 0, "there,": 1, "my": 3, "friend.": 4, "are": 8, "you": 9, "today?": 10}
    for word, token in truth.items():
        assert starts[word] == pytest.approx(token * TOKEN_MS, abs=40), word
    assert second.words[-1].span.end_ms - 70_000 == pytest.approx(12 * TOKEN_MS, abs=40)


def test_chinese_words_are_glued(transcriber: WhisperxTranscriber) -> None:
    [segments] = transcribe_windows(transcriber, [window("zh")])
    assert [segment.text for segment in segments] == ["今天天气很好。", "我们回家吧。"]
    assert all(word.glued for segment in segments for word in segment.words)
    assert len(segments[0].words) > 1


def test_confidence_is_the_models_own(transcriber: WhisperxTranscriber) -> None:
    [[sure, _], [unsure]] = transcribe_windows(transcriber, [window("en"), window("de")])
    assert sure.confidence > 0.98
    assert unsure.confidence == pytest.approx(0.74, abs=0.05), "exp of a log-probability of -0.3"
    assert all(word.confidence > 0.98 for word in sure.words)
    assert all(0.6 < word.confidence < 0.9 for word in unsure.words)


def test_company_does_not_change_a_window(transcriber: WhisperxTranscriber) -> None:
    [alone] = transcribe_windows(transcriber, [window("de", start_ms=500)])
    together = transcribe_windows(
        transcriber, [window("en"), window("de", start_ms=500), window("zh")]
    )
    assert together[1] == alone


def test_a_hint_needs_no_batch_of_its_own_for_each_request(watched: Watch) -> None:
    engine, model = watched()
    hints = ["", "A title", "Another, much longer title " * 20, ""]
    results = transcribe_windows(engine, [window("en", prompt=hint) for hint in hints])
    assert [text(result) for result in results] == [ENGLISH] * 4
    assert [call.windows for call in model.calls] == [2, 2], "without hints, and with any"


def test_only_windows_that_fail_are_decoded_again(watched: Watch) -> None:
    engine, model = watched(logprob_threshold=-0.1, temperatures=(0.0, 0.2, 0.4))
    results = transcribe_windows(engine, [window("en"), window("de"), window("es")])
    assert [text(result) for result in results] == [ENGLISH, GERMAN, SPANISH]
    assert [(call.windows, call.temperature) for call in model.calls] == [
        (3, 0.0),
        (1, 0.2),
        (1, 0.4),
    ]
    assert [call.beams for call in model.calls] == [5, 1, 1], "beams first, then samples"


def test_windows_that_pass_are_decoded_once(watched: Watch) -> None:
    engine, model = watched(logprob_threshold=-0.5)
    transcribe_windows(engine, [window("en"), window("de")])
    assert [(call.windows, call.temperature) for call in model.calls] == [(2, 0.0)]


def test_loops_are_decoded_again_until_they_end(watched: Watch) -> None:
    import ctranslate2

    ctranslate2.set_random_seed(3)
    engine, model = watched(logprob_threshold=-20.0, temperatures=(0.0, 1.0))
    [segments] = transcribe_windows(engine, [window("fr")])
    assert [call.temperature for call in model.calls] == [0.0, 1.0]
    assert text(segments) != FRENCH, "a sample that does not loop is kept instead"


def test_a_loop_is_kept_where_the_threshold_allows_it(watched: Watch) -> None:
    engine, model = watched(compression_ratio_threshold=50)
    [segments] = transcribe_windows(engine, [window("fr")])
    assert text(segments) == FRENCH
    assert len(model.calls) == 1


def test_silence_has_no_segments(watched: Watch) -> None:
    engine, model = watched()
    silence = Window(Audio(np.zeros(96_000, np.float32)))
    assert transcribe_windows(engine, [silence, window("en")])[0] == []
    assert [call.windows for call in model.calls] == [5], "in four languages, and never again"
    eager, _ = watched(no_speech_threshold=1.0, temperatures=(0.0,), beam_size=1)
    assert transcribe_windows(eager, [silence])[0] != [], "the threshold decides"


def test_what_the_model_is_sure_of_is_not_silence(watched: Watch) -> None:
    engine, _ = watched(no_speech_threshold=0.0)
    [segments] = transcribe_windows(engine, [window("en")])
    assert text(segments) == ENGLISH


def test_a_cancelled_window_is_not_decoded(watched: Watch) -> None:
    engine, model = watched()
    left = window("en")
    left.cancelled.set()
    results = transcribe_windows(engine, [left, window("es")])
    assert results[0] == []
    assert text(results[1]) == SPANISH
    assert model.encoded == [1]
    assert transcribe_windows(engine, [left]) == [[]]
    assert model.encoded == [1]


def test_a_window_that_is_cancelled_between_attempts_is_not_decoded_again(watched: Watch) -> None:
    engine, model = watched(logprob_threshold=-0.001)
    left = window("en")
    model.cancel_after_first = left.cancelled
    assert transcribe_windows(engine, [left]) == [[]]
    assert len(model.calls) == 1


def test_a_runaway_window_stops_by_its_length(watched: Watch, random_whisper: Path) -> None:
    engine, model = watched(random_whisper, temperatures=(0.0,), beam_size=1)
    transcribe_windows(engine, [window("en", seconds=2)])
    assert model.calls[0].longest == 40, "16 tokens and 12 a second"
    transcribe_windows(engine, [window("en", seconds=29)])
    assert model.calls[1].longest == 224, "as many as Whisper ever writes"


def test_thirty_seconds_are_read_and_not_one_sample_more(transcriber: WhisperxTranscriber) -> None:
    [segments] = transcribe_windows(transcriber, [window("en", seconds=30)])
    assert text(segments) == ENGLISH
    with pytest.raises(EngineError, match="30 s"):
        transcribe_windows(
            transcriber, [window("en"), Window(Audio(np.zeros(480_001, np.float32)), "en")]
        )


@pytest.mark.parametrize("samples", [0, 1, 160, 3200])
def test_very_short_windows_are_no_trouble(transcriber: WhisperxTranscriber, samples: int) -> None:
    short = Window(Audio(tone(440)[:samples], 16_000), "en")
    [segments] = transcribe_windows(transcriber, [short])
    assert all(segment.span.end_ms <= short.audio.span.end_ms for segment in segments)
    assert bool(segments) == (samples > 0)


def test_nothing_makes_nothing(transcriber: WhisperxTranscriber) -> None:
    assert transcribe_windows(transcriber, []) == []


def test_a_language_that_whisper_lacks_is_refused_before_any_work(watched: Watch) -> None:
    engine, model = watched()
    with pytest.raises(InvalidLanguageError, match="'tlh'"):
        transcribe_windows(engine, [window("en"), window("tlh")])
    assert model.encoded == []


def test_faults_of_the_framework_become_ours(watched: Watch) -> None:
    engine, model = watched()
    model.fault = RuntimeError("CUDA failed with error out of memory")
    with pytest.raises(OutOfMemoryError):
        transcribe_windows(engine, [window("en")])
    model.fault = RuntimeError("cuBLAS failed with status CUBLAS_STATUS_EXECUTION_FAILED")
    with pytest.raises(EngineError, match="CUBLAS_STATUS_EXECUTION_FAILED") as caught:
        transcribe_windows(engine, [window("en")])
    assert not isinstance(caught.value, OutOfMemoryError)
    model.fault = None
    assert text(transcribe_windows(engine, [window("en")])[0]) == ENGLISH, "the engine goes on"


def test_random_weights_fail_every_attempt_and_still_give_ordered_words(
    watched: Watch, random_whisper: Path
) -> None:
    engine, model = watched(random_whisper, temperatures=(0.0, 0.5, 1.0), beam_size=2)
    noise = np.random.default_rng(1).normal(0, 0.1, 64_000).astype(np.float32)
    noisy = Window(Audio(noise, 32_000), cancelled=Event())
    results = transcribe_windows(engine, [noisy, window("ja", seconds=3, start_ms=9_000)])
    assert [(call.windows, call.temperature) for call in model.calls] == [
        (5, 0.0),  # the noise in its four likeliest languages
        (2, 0.5),
        (2, 1.0),
    ]
    for requested, segments in zip(
        (noisy.audio, window("ja", seconds=3).audio), results, strict=True
    ):
        words = [word for segment in segments for word in segment.words]
        assert words, "invented, but not the same word over and over"
        assert all(word.confidence < 0.01 for word in words)
        assert all(a.span.end_ms <= b.span.start_ms for a, b in itertools.pairwise(words))
        assert words[-1].span.end_ms - words[0].span.start_ms <= requested.span.duration_ms
        assert all(segment.confidence < 0.01 for segment in segments)


def test_compute_type_and_threads_are_the_settings(scripted_whisper: Path) -> None:
    engine = WhisperxTranscriber(
        settings_for(scripted_whisper, compute_type="float32", beam_size=1)
    )
    assert engine.detail == f"{scripted_whisper.name}, float32"
    [segments] = transcribe_windows(engine, [window("en")])
    assert text(segments) == ENGLISH
