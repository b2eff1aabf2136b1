"""The aligner as a whole, beside whisperx's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the gpu extra")

from app.domain.audio import Audio, Samples
from app.domain.errors import EngineError, OutOfMemoryError
from app.domain.transcript import Segment, Word
from app.gpu.engines.wav2vec2 import Wav2Vec2Aligner
from app.gpu.engines.wav2vec2.alignment_model import AlignmentModel
from app.gpu.engines.wav2vec2.wav2vec2_aligner import align_together
from app.gpu.protocols import AlignmentInput
from tests.gpu.aligner_fixtures import (
    CODES,
    FRAME_MS,
    SENTENCES,
    FixedNetwork,
    acoustics_of,
    alignment_input_of,
    roughly,
    said,
    settings_for,
    tiny_wav2vec2,
    whisperx_words,
)

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Wav2Vec2Aligner:
    """Aligns English and Spanish with random weights; the languages' models differ."""
    folder = tmp_path_factory.mktemp("aligners")
    english = tiny_wav2vec2(folder / "english", norm="group")
    spanish = tiny_wav2vec2(folder / "spanish", norm="layer", seed=1)
    return Wav2Vec2Aligner(settings_for(f"en={english}", f"es={spanish}", batch_size=2))


def words_of(segments: Sequence[Segment]) -> list[Word]:
    return [word for segment in segments for word in segment.words]


def noise(seconds: float, seed: int = 0, level: float = 0.1) -> Samples:
    return np.random.default_rng(seed).normal(0, level, int(16_000 * seconds)).astype(np.float32)


def spoken(
    seconds: float, texts: Sequence[str], language: str = "en", seed: int = 0
) -> AlignmentInput:
    audio = Audio(noise(seconds, seed), seed * 160_000)
    end_ms = audio.span.end_ms
    return AlignmentInput(audio, roughly(texts, audio.span.start_ms, end_ms, language))


@pytest.mark.parametrize(("frames", "doubt"), [(600, 0.5), (1499, 2.0)])
def test_words_and_edges_are_whisperxs(frames: int, doubt: float) -> None:
    truth = said(" ".join(SENTENCES), frames, noise=doubt, seed=3)
    passage = alignment_input_of(SENTENCES, frames)
    [ours] = align_together([passage], acoustics_of(truth.logits))
    theirs = whisperx_words(FixedNetwork(truth.logits), passage, CODES)
    assert [word.text for word in words_of(ours)] == [word["word"] for word in theirs]
    starts = [
        w.span.start_ms - 1000 * t["start"] for w, t in zip(words_of(ours), theirs, strict=True)
    ]
    ends = [w.span.end_ms - 1000 * t["end"] for w, t in zip(words_of(ours), theirs, strict=True)]
    assert np.median(np.abs(starts)) <= FRAME_MS
    assert np.median(np.abs(ends)) <= FRAME_MS
    assert np.quantile(np.abs(starts), 0.95) <= 2 * FRAME_MS


def test_true_times_are_found_however_wrong_the_segments_are() -> None:
    truth = said(" ".join(SENTENCES), 700, noise=3.0)
    passage = alignment_input_of(SENTENCES, 700, start_ms=60_000)
    late = tuple(
        replace(segment, words=tuple(replace(w, span=segment.span) for w in segment.words))
        for segment in passage.segments
    )
    for segments in (passage.segments, late):
        [aligned] = align_together(
            [replace(passage, segments=segments)], acoustics_of(truth.logits)
        )
        starts = [word.span.start_ms for word in words_of(aligned)]
        wrong = [
            abs(at - 60_000 - 20 * span[0]) for at, span in zip(starts, truth.spans, strict=True)
        ]
        assert max(wrong) <= FRAME_MS
        assert [one.text for one in aligned] == list(SENTENCES)
        assert [one.words[0].span.start_ms for one in aligned] == [
            one.span.start_ms for one in aligned
        ]


def test_numbers_are_found_by_what_is_said_for_them() -> None:
    truth = said("it cost abc dollars then", 200)
    passage = alignment_input_of(["It cost 450 dollars — then."], 200)
    [[aligned]] = align_together([passage], acoustics_of(truth.logits))
    starts = [word.span.start_ms // FRAME_MS for word in aligned.words if word.text != "—"]
    assert starts == [span[0] for span in truth.spans]
    dash = aligned.words[4].span
    assert aligned.words[3].span.end_ms <= dash.start_ms <= dash.end_ms
    assert dash.end_ms <= aligned.words[5].span.start_ms


def test_a_segment_without_a_spoken_character_stays_where_it_is() -> None:
    truth = said("well then let us go", 300)
    passage = alignment_input_of(["Well then,", "♪ …", "let us go."], 300)
    music = replace(passage.segments[1], words=())
    segments = (passage.segments[0], music, passage.segments[2])
    [aligned] = align_together([replace(passage, segments=segments)], acoustics_of(truth.logits))
    assert [one.text for one in aligned] == ["Well then,", "♪ …", "let us go."]
    starts = [
        word.span.start_ms // FRAME_MS for one in (aligned[0], aligned[2]) for word in one.words
    ]
    assert starts == [span[0] for span in truth.spans]
    lone = alignment_input_of(["— …", "?!"], 300)
    assert align_together([lone], acoustics_of(truth.logits)) == [lone.segments]


def test_languages_and_requests_mix_in_a_call(engine: Wav2Vec2Aligner) -> None:
    passages = [
        spoken(3, ["Uno dos tres."], "es-419", 1),
        spoken(5, ["One two three, four!", "Five six."], "en", 2),
        spoken(1, ["Seven or so."], "en-GB", 3),
        spoken(4, ["Cuatro cinco seis siete."], "es", 4),
        spoken(2, ["Eight nine."], "en", 5),
    ]
    together = engine.align(passages)
    for passage, segments in zip(passages, together, strict=True):
        assert list(engine.align([passage])) == [segments]
        assert [one.text for one in segments] == [one.text for one in passage.segments]
        assert [one.language for one in segments] == [one.language for one in passage.segments]
        before, after = words_of(passage.segments), words_of(segments)
        assert [word.text for word in after] == [word.text for word in before]
        assert [word.confidence for word in after] == [word.confidence for word in before]
        times = [at for word in after for at in (word.span.start_ms, word.span.end_ms)]
        assert times == sorted(times)
        assert times[0] >= passage.audio.span.start_ms
        assert times[-1] <= passage.audio.span.end_ms
        assert [word.span for word in after] != [word.span for word in before]


def test_what_cannot_be_aligned_comes_back_as_it_was(engine: Wav2Vec2Aligner) -> None:
    [segment] = spoken(1, ["Far too long for its sound, however fast it may be said."]).segments
    passages = [
        AlignmentInput(Audio(noise(0.3)), (segment,)),
        AlignmentInput(Audio(noise(0.01)), (replace(segment, text="", words=()),)),
        AlignmentInput(Audio(np.zeros(0, np.float32)), (segment,)),
        AlignmentInput(Audio(noise(1)), ()),
        AlignmentInput(Audio(noise(1)), (replace(segment, language="cy"),)),
    ]
    assert list(engine.align(passages)) == [passage.segments for passage in passages]
    assert list(engine.align([])) == []


def test_silence_and_the_shortest_sounds_do_no_harm(engine: Wav2Vec2Aligner) -> None:
    [segment] = spoken(1, ["A."]).segments
    [[silent], [short]] = engine.align(
        [
            AlignmentInput(Audio(np.zeros(16_000, np.float32)), (segment,)),
            AlignmentInput(Audio(noise(0.01)), (segment,)),
        ]
    )
    assert silent.words[0].span.end_ms <= 1000
    assert short.words[0].span.end_ms <= 10


def test_a_text_without_words_gets_some(engine: Wav2Vec2Aligner) -> None:
    passage = spoken(3, ["One two three."])
    bare = replace(passage.segments[0], words=(), confidence=0.6)
    [[aligned]] = engine.align([replace(passage, segments=(bare,))])
    [[known]] = engine.align([passage])
    assert [(word.text, word.span) for word in aligned.words] == [
        (word.text, word.span) for word in known.words
    ]
    assert {word.confidence for word in aligned.words} == {0.6}, "as sure as the segment was"


class Failing:
    """A network without memory, or without sense."""

    def __init__(self, message: str) -> None:
        self.message = message

    def emissions(self, clips: Sequence[Samples]) -> list[object]:
        raise RuntimeError(self.message)


@pytest.mark.parametrize(
    ("message", "kind"),
    [("CUDA out of memory. Tried to allocate", OutOfMemoryError), ("device-side", EngineError)],
)
def test_failures_are_ours(
    engine: Wav2Vec2Aligner, monkeypatch: pytest.MonkeyPatch, message: str, kind: type[Exception]
) -> None:
    acoustics = engine._models.get("en")
    broken = AlignmentModel(acoustics.name, acoustics.alphabet, Failing(message))
    monkeypatch.setitem(engine._models._loaded, "en", broken)
    with pytest.raises(kind, match="wav2vec2"):
        engine.align([spoken(1, ["One."])])


def test_whisperx_agrees_on_a_network_that_it_runs_itself(tmp_path: Path) -> None:
    from transformers import Wav2Vec2ForCTC

    folder = tiny_wav2vec2(tmp_path / "model")
    ours = Wav2Vec2Aligner(settings_for(f"en={folder}"))
    passage = spoken(12, SENTENCES[:2])
    [emission] = ours._models.get("en").network.emissions([passage.audio.samples])
    theirs = Wav2Vec2ForCTC.from_pretrained(folder).eval()
    [aligned] = ours.align([passage])
    words = whisperx_words(theirs, passage, CODES)
    assert [word.text for word in words_of(aligned)] == [word["word"] for word in words]
    assert len(emission) == 599
