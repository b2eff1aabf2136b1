"""The engine's two steps: what is ready before the device, and what comes back from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.audio import Audio
from app.domain.errors import EngineLoadError, InvalidLanguageError
from app.domain.transcript import Segment
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.engines.whisperx.log_mel import bucket_of, log_mel
from app.gpu.engines.whisperx.whisper_languages import SpokenLanguage, WhisperLanguages
from app.gpu.protocols import Prepared, Window
from app.gpu.self_test import transcribe_windows
from scripts.fixtures.scripted_whisper import VOICES_HZ
from scripts.fixtures.whisper_vocabulary import LANGUAGES
from tests.gpu.conftest import Watched
from tests.gpu.whisper_fixtures import (
    CHINESE,
    ENGLISH,
    FRENCH,
    GERMAN,
    SPANISH,
    tone,
    window,
)

pytestmark = pytest.mark.gpu

Watch = Callable[..., Watched]


def said(segments: Sequence[Segment] | Prepared) -> str:
    assert not isinstance(segments, Prepared)
    return "".join(
        segment.text if segment.words[0].glued else f" {segment.text}" for segment in segments
    ).strip()


def languages(segments: Sequence[Segment]) -> set[str]:
    return {segment.language for segment in segments}


@pytest.mark.parametrize(
    ("seconds", "length"),
    [(0, 1000), (8.5, 1000), (8.51, 1500), (13.5, 1500), (14, 3000), (29.6, 3000), (30, 3000)],
)
def test_buckets_leave_silence_at_the_end(seconds: float, length: int) -> None:
    assert bucket_of(int(seconds * 16_000), (10, 15, 30)) == length
    assert bucket_of(int(seconds * 16_000), (30,)) == 3000


@pytest.mark.parametrize("samples", [1, 399, 16_000, 95_999, 159_840, 160_000])
@pytest.mark.parametrize("mels", [80, 128])
def test_spectrograms_agree_with_whisperx(samples: int, mels: int) -> None:
    from whisperx.audio import log_mel_spectrogram

    noise: NDArray[np.float32] = np.random.default_rng(5).normal(0, 0.1, samples).astype("f4")
    for length in (1000, 3000):
        padding = length * 160 - samples
        expected = log_mel_spectrogram(noise, mels, padding=padding).numpy()
        made = log_mel(noise, mels, length)
        assert made.shape == (mels, length)
        np.testing.assert_allclose(made, expected, atol=1e-4)


def test_what_may_share_a_call_has_one_key(transcriber: WhisperxTranscriber) -> None:
    def key(one: Window) -> object:
        return transcriber.prepare(one).batch_key

    short = key(window("en"))
    assert short == key(window("zh", seconds=2)) == key(window())
    assert short != key(window("en", prompt="A title"))
    assert key(window("en", prompt="A title")) == key(window("es", prompt="Another " * 40))
    assert short != key(window("en", seconds=12)) != key(window("en", seconds=20))
    lengths = [transcriber.prepare(window(seconds=s)).padded_ms for s in (6, 12, 20, 25)]
    assert lengths == [10_000, 15_000, 25_000, 30_000]


def test_every_bucket_hears_the_same(watched: Watch) -> None:
    engine, model = watched()
    for seconds in (6, 12, 20, 25):
        [segments] = transcribe_windows(engine, [window(seconds=seconds)])
        assert said(segments) == ENGLISH
        assert segments[0].words[1].span.start_ms == pytest.approx(200, abs=40)
    assert model.lengths == [1000, 1500, 2500, 3000]
    whole, other = watched(buckets_s=(30,))
    assert said(transcribe_windows(whole, [window()])[0]) == ENGLISH
    assert other.lengths == [3000]
    assert whole.cache_key != engine.cache_key, "the same audio may give another text"


def test_the_longest_bucket_is_always_there() -> None:
    from app.settings import WhisperSettings

    assert WhisperSettings(buckets_s=(12, 5)).buckets_s == (5, 12, 30)
    with pytest.raises(ValueError, match="1 to 30"):
        WhisperSettings(buckets_s=(31,))


def test_a_window_that_fails_comes_back_alone(watched: Watch) -> None:
    engine, model = watched(logprob_threshold=-0.1, temperatures=(0.0, 0.2, 0.4))
    first = engine.decode([engine.prepare(window(tag)) for tag in ("en", "de", "es")])
    assert (said(first[0]), said(first[2])) == (ENGLISH, SPANISH), "German delays no other"
    again = first[1]
    assert isinstance(again, Prepared)
    assert again.attempt == 1
    assert again.batch_key != engine.prepare(window("de")).batch_key
    other = replace(again, window=window("de", start_ms=50_000))
    second = engine.decode([again, other])
    assert all(isinstance(outcome, Prepared) for outcome in second)
    assert {outcome.batch_key for outcome in second if isinstance(outcome, Prepared)} == {
        second[0].batch_key
    }
    third = engine.decode([outcome for outcome in second if isinstance(outcome, Prepared)])
    assert [said(outcome) for outcome in third] == [GERMAN, GERMAN]
    assert third[1][0].span.start_ms >= 50_000
    assert model.encoded == [1] * 3, "what was encoded once is not encoded again"
    assert [call.windows for call in model.calls] == [3, 2, 2]


def test_detection_chooses_among_the_allowed(watched: Watch) -> None:
    engine, model = watched()
    english, spanish, _, _ = VOICES_HZ
    results = transcribe_windows(
        engine,
        [
            window(hz=english, allowed=("es", "zh", "en")),
            window(hz=spanish, allowed=("es", "zh")),
            window(hz=spanish, allowed=("zh-TW",)),
            window("de", hz=spanish, allowed=("zh",)),
        ],
    )
    assert [said(result) for result in results] == [ENGLISH, SPANISH, CHINESE, GERMAN]
    assert [languages(result) for result in results] == [{"en"}, {"es"}, {"zh-TW"}, {"de"}]
    assert model.detected == [4]
    transcribe_windows(engine, [window(allowed=("es",)), window("en")])
    assert model.detected == [4], "a single choice needs no detection"


def test_a_language_that_is_not_among_the_allowed_is_never_written(watched: Watch) -> None:
    engine, _ = watched()
    [segments] = transcribe_windows(engine, [window(hz=VOICES_HZ[2], allowed=("en", "es"))])
    assert languages(segments) <= {"en", "es"}


def test_an_allowed_language_that_whisper_lacks_is_refused(
    transcriber: WhisperxTranscriber,
) -> None:
    with pytest.raises(InvalidLanguageError, match="'tlh'"):
        transcriber.prepare(window(allowed=("en", "tlh")))


def test_the_servers_own_choice_of_languages(watched: Watch) -> None:
    engine, model = watched(allowed_languages=("es", "en-GB"))
    hz = VOICES_HZ[0]
    results = transcribe_windows(engine, [window(hz=hz), window(hz=hz, allowed=("zh",))])
    assert [languages(result) for result in results] == [{"en-GB"}, {"zh"}]
    single, model = watched(allowed_languages=("es",))
    assert said(transcribe_windows(single, [window(hz=hz)])[0]) == SPANISH
    assert model.detected == []
    strict, _ = watched(language="de", allowed_languages=("es", "en"))
    results = transcribe_windows(strict, [window(hz=hz), window(hz=hz, allowed=("es",))])
    assert [languages(result) for result in results] == [{"de"}, {"es"}], "requests go first"


def test_an_unknown_language_of_the_server_is_told_at_the_start(watched: Watch) -> None:
    with pytest.raises(EngineLoadError, match=r"WHISPER_ALLOWED_LANGUAGES: .*'tlh'"):
        watched(allowed_languages=("en", "tlh"))


def test_who_is_likely() -> None:
    known = WhisperLanguages(LANGUAGES)
    shares = [("ru", 0.4), ("no", 0.3), ("en", 0.29), ("jw", 0.005), ("es", 0.005)]
    assert [one.spoken.code for one in known.likely(shares, ())] == ["ru", "no", "en"]
    [sure] = known.likely([("jw", 0.95), ("en", 0.05)], ())
    assert (sure.spoken.tag, sure.probability) == ("jv", 0.95)
    among = (SpokenLanguage("no", "nb"), SpokenLanguage("de", "de"))
    [scaled] = known.likely([("ru", 0.5), ("no", 0.3), ("de", 0.01)], among)
    assert scaled.spoken == SpokenLanguage("no", "nb"), "0.3 of 0.31 is enough"
    [first] = known.likely([("en", 0.0), ("no", 0.0)], (SpokenLanguage("en", "en"),))
    assert first.spoken == SpokenLanguage("en", "en")
    assert known.among(["en", "en-GB", "nb"]) == (
        SpokenLanguage("en", "en-GB"),
        SpokenLanguage("no", "nb"),
    )


def test_a_doubtful_language_is_decided_by_the_text_in_it(watched: Watch) -> None:
    engine, model = watched(logprob_threshold=-0.1)
    model.detects = [("<|de|>", 0.4), ("<|es|>", 0.35), ("<|en|>", 0.25)]
    [segments] = transcribe_windows(engine, [window()])
    assert (said(segments), languages(segments)) == (SPANISH, {"es"})
    assert [(call.temperature, call.windows) for call in model.calls] == [(0.0, 3)]
    model.detects = [("<|de|>", 0.9), ("<|es|>", 0.1)]
    [segments] = transcribe_windows(engine, [window()])
    assert languages(segments) == {"de"}, "no doubt, however unsure of the words"


def test_words_that_nobody_can_have_said_are_decoded_again_and_then_cut(
    watched: Watch,
) -> None:
    """24 times "na" passes the gate here; that cannot be said in a window of a second."""
    engine, model = watched(compression_ratio_threshold=50, temperatures=(0.0, 0.1))
    slow, fast = window("fr"), Window(Audio(tone(440, 1.0)), "fr")
    slow_text, fast_text = map(said, transcribe_windows(engine, [slow, fast]))
    assert slow_text == FRENCH
    assert fast_text.count("na") < 5
    assert [call.windows for call in model.calls] == [2, 1], "it was given another chance"


def test_probabilities_are_probabilities(transcriber: WhisperxTranscriber) -> None:
    windows: list[Any] = [window(tag, seconds=s) for tag in ("en", "de", "zh") for s in (3, 12)]
    for segments in transcribe_windows(transcriber, windows):
        for segment in segments:
            assert 0 < segment.confidence <= 1
            lowest, highest = (f(w.confidence for w in segment.words) for f in (min, max))
            assert 0 < lowest <= segment.confidence <= highest <= 1
