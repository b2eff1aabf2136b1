"""Parakeet through onnx-asr, on a tiny ONNX model that transcribes tones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.audio import Audio
from app.domain.errors import EngineError, EngineLoadError, InvalidLanguageError, OutOfMemoryError
from app.domain.time import Span
from app.domain.transcript import Segment
from app.gpu.engine_registry import TRANSCRIBERS, load_engine
from app.gpu.engines.parakeet import ParakeetTranscriber
from app.gpu.engines.parakeet.language_identification import ENGLISH, EUROPEAN, spoken_language
from app.gpu.engines.parakeet.parakeet_words import TimedToken, build_words
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from app.settings import AsrSettings, ModelSettings, ParakeetSettings, Settings
from tests.gpu.engines.parakeet_fixtures import build, tone


def settings_for(model: object, **models: Any) -> Settings:
    return Settings(
        asr=AsrSettings(device="cpu", engine="parakeet"),
        parakeet=ParakeetSettings(model=str(model), cpu_threads=1),
        models=ModelSettings(**models),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("parakeet") / "tones")


@pytest.fixture(scope="module")
def engine(folder: Path) -> ParakeetTranscriber:
    loaded: ParakeetTranscriber = load_engine(TRANSCRIBERS, "parakeet", settings_for(folder))
    return loaded


def melody(*notes: tuple[float, float], seconds: float = 6.0) -> NDArray[np.float32]:
    """Return tones by pitch and start in seconds, each 0.4 s long, in faint noise."""
    samples = np.random.default_rng(0).normal(0, 1e-3, int(seconds * 16_000)).astype(np.float32)
    for hz, start_s in notes:
        note = tone(hz, 0.4)
        at = int(start_s * 16_000)
        samples[at : at + len(note)] += note
    return samples


SENTENCES = melody((400, 1.0), (900, 1.8), (2_000, 3.2), (4_000, 4.0))


def texts(segments: list[Segment]) -> list[str]:
    return [segment.text for segment in segments]


def test_words_have_their_times_and_sentences_are_segments(engine: ParakeetTranscriber) -> None:
    [segments] = transcribe_windows(engine, [Window(Audio(SENTENCES, 160_000))])
    assert texts(segments) == ["Hello world.", "Good day."]
    words = [word for segment in segments for word in segment.words]
    starts = [word.span.start_ms - 10_000 for word in words]
    assert np.abs(np.subtract(starts, [1_000, 1_800, 3_200, 4_000])).max() <= 120
    assert all(a.span.end_ms <= b.span.start_ms for a, b in itertools.pairwise(words))
    assert all(0.5 < word.confidence <= 1 for word in words)
    assert {segment.language for segment in segments} == {"en"}


def test_company_does_not_change_a_window(engine: ParakeetTranscriber) -> None:
    long = Window(Audio(np.tile(SENTENCES, 3)))
    short = Window(Audio(melody((2_000, 0.5), (4_000, 1.0), seconds=2)))
    [alone] = transcribe_windows(engine, [short])
    together = transcribe_windows(engine, [long, short, Window(Audio(np.zeros(400, np.float32)))])
    assert texts(together[0]) == ["Hello world.", "Good day."] * 3
    assert together[1] == alone
    assert texts(alone) == ["Good day."]
    assert together[2] == [], "less than a tenth of a second is no speech"


def test_silence_has_no_words(engine: ParakeetTranscriber) -> None:
    noise = np.random.default_rng(1).normal(0, 1e-3, 48_000).astype(np.float32)
    assert transcribe_windows(engine, [Window(Audio(noise))]) == [[]]


def test_a_window_that_nobody_wants_is_passed_over(engine: ParakeetTranscriber) -> None:
    gone = Window(Audio(SENTENCES))
    gone.cancelled.set()
    left, rest = transcribe_windows(engine, [gone, Window(Audio(SENTENCES))])
    assert (left, texts(rest)) == ([], ["Hello world.", "Good day."])


@pytest.mark.parametrize("wrong", [{"language": "de"}, {"allowed_languages": ("en", "ja")}])
def test_a_language_that_it_does_not_know_is_refused(
    engine: ParakeetTranscriber, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidLanguageError):
        engine.prepare(Window(Audio(SENTENCES), **wrong))


def test_a_window_that_is_too_long_is_refused(engine: ParakeetTranscriber) -> None:
    with pytest.raises(EngineError, match="30 s"):
        engine.prepare(Window(Audio(np.zeros(16_000 * 31, np.float32))))


def test_the_multilingual_model_is_known_by_its_vocabulary(tmp_path: Path) -> None:
    engine = ParakeetTranscriber(settings_for(build(tmp_path / "large", extra_tokens=8_185)))
    assert engine.languages == EUROPEAN
    window = Window(Audio(SENTENCES), "de-CH")
    [segments] = transcribe_windows(engine, [window])
    assert {segment.language for segment in segments} == {"de-CH"}


def test_the_language_of_a_text_is_told_by_the_text() -> None:
    german = "Wir haben gestern lange auf den Zug gewartet, weil die Strecke gesperrt war."
    assert spoken_language(german, None, EUROPEAN) == "de"
    assert spoken_language(german, None, ("en", "fr")) != "de"
    assert spoken_language("Ah.", None, EUROPEAN) == "und"
    assert spoken_language("Ah.", None, ENGLISH) == "en"
    assert spoken_language(german, "nl", EUROPEAN) == "nl", "the caller knows better"


def test_a_word_before_a_pause_ends_with_its_sound() -> None:
    tokens = [
        TimedToken(" wait", 0, 0.9),
        TimedToken("ing", 160, 0.4),
        TimedToken(" now", 4_960, 1.0),
    ]
    first, last = build_words(tokens, Span(1_000, 6_000))
    assert (first.text, first.span) == ("waiting", Span(1_000, 1_400))
    assert first.confidence == pytest.approx(0.6)
    assert last.span == Span(5_960, 6_000), "and never after its window"


def test_identity_follows_the_files(
    folder: Path, engine: ParakeetTranscriber, tmp_path: Path
) -> None:
    same = ParakeetTranscriber(settings_for(build(tmp_path / "moved")))
    other = ParakeetTranscriber(settings_for(build(tmp_path / "other", extra_tokens=1)))
    assert same.cache_key == engine.cache_key != other.cache_key
    assert engine.detail == "tones, float32"


def test_a_model_that_was_downloaded_is_found_without_the_network(
    folder: Path, tmp_path: Path
) -> None:
    snapshot = tmp_path / "models--istupakov--parakeet-tdt-0.6b-v3-onnx" / "snapshots" / "abc"
    build(snapshot)
    engine = ParakeetTranscriber(settings_for("v3", model_cache_dir=tmp_path, offline=True))
    assert engine.detail == "nvidia/parakeet-tdt-0.6b-v3, float32"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "vocab.txt").unlink(), "lacks vocab.txt"),
        (lambda folder: (folder / "encoder-model.onnx").write_bytes(b"no"), "cannot be loaded"),
        (
            lambda folder: (folder / "config.json").write_text('{"model_type": "whisper"}'),
            "whisper",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be loaded"),
    ],
)
def test_a_broken_model_is_an_error_at_boot(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    folder = build(tmp_path / "broken")
    spoil(folder)
    with pytest.raises(EngineLoadError, match=said) as caught:
        ParakeetTranscriber(settings_for(folder))
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("model", ["/nowhere/at/all", "v2"])
def test_a_model_that_is_not_here_is_an_error_at_boot(tmp_path: Path, model: str) -> None:
    with pytest.raises(EngineLoadError, match="PARAKEET_MODEL"):
        ParakeetTranscriber(settings_for(model, model_cache_dir=tmp_path, offline=True))


def test_memory_that_runs_out_is_told_as_such(
    engine: ParakeetTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def recognize(self, *_: object, **__: object) -> list[object]:
            raise RuntimeError("Failed to allocate memory for requested buffer")

    monkeypatch.setattr(engine, "_recognizer", Full())
    with pytest.raises(OutOfMemoryError):
        transcribe_windows(engine, [Window(Audio(SENTENCES))])
