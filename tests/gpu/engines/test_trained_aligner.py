"""Alignment with the small wav2vec2 that we trained, compared with the synthesizers' own times."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("whisperx", reason="needs the gpu extra")

import torch
from whisperx import alignment

from app.domain.audio import Audio
from app.gpu.engines.wav2vec2 import Wav2Vec2Aligner
from app.gpu.protocols import AlignmentInput
from scripts.fixtures.aligner_figures import (
    Error,
    HeldOutTake,
    errors_of_forced_align,
    errors_of_whisperx,
    held_out,
    in_recordings,
    sentence_splitter,
    true_starts,
)
from scripts.fixtures.spoken import Spoken
from scripts.fixtures.voices import FIXTURES, read_sentences
from tests.gpu.aligner_fixtures import roughly, settings_for

pytestmark = pytest.mark.gpu

ALIGNER = FIXTURES / "aligner"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def takes() -> list[HeldOutTake]:
    """Every sentence at another gain and speed, with noise at 20 dB; of a seed of its own."""
    return held_out(read_sentences(), seed=7)


def is_close(error: Error) -> bool:
    return error.median_ms <= 50 and error.p95_ms <= 150


def test_whisperx_finds_where_words_begin(takes: list[HeldOutTake]) -> None:
    error = errors_of_whisperx(ALIGNER, takes)
    assert error.words == sum(len(take.spoken.words) for take in takes) > 500
    assert is_close(error), error


def test_ctc_alignment_finds_where_words_begin(takes: list[HeldOutTake]) -> None:
    error = errors_of_forced_align(ALIGNER, takes)
    assert is_close(error), error


def test_several_sentences_in_one_recording(takes: list[HeldOutTake]) -> None:
    recordings = in_recordings(takes)
    assert np.median([len(recording.spoken.samples) for recording in recordings]) > 20 * 16_000
    assert is_close(errors_of_whisperx(ALIGNER, recordings))


def test_our_aligner_finds_where_words_begin(takes: list[HeldOutTake]) -> None:
    engine = Wav2Vec2Aligner(settings_for(f"en={ALIGNER}", f"es={ALIGNER}", batch_size=4))
    recordings = in_recordings(takes)
    aligned = engine.align([passage_of(recording) for recording in recordings])
    off: list[float] = []
    for recording, segments in zip(recordings, aligned, strict=True):
        words = [word for segment in segments for word in segment.words]
        assert [word.text for word in words] == [word.text for word in recording.spoken.words]
        starts = np.array([float(word.span.start_ms) for word in words])
        off += list(np.abs(starts - true_starts(recording.spoken)))
    assert is_close(Error.of(off)), Error.of(off)


def passage_of(recording: HeldOutTake) -> AlignmentInput:
    """Return what a transcriber might say: the words at times that are far from right."""
    audio = Audio(recording.spoken.samples)
    texts = [recording.spoken.text]
    return AlignmentInput(audio, roughly(texts, 0, audio.span.end_ms, recording.language))


def test_it_hears_which_words_are_said(takes: list[HeldOutTake]) -> None:
    model, metadata = alignment.load_align_model("en", "cpu", str(ALIGNER))
    english = [take.spoken for take in takes if take.language == "en"][:10]
    with sentence_splitter():
        right = [score(model, metadata, spoken, spoken.text) for spoken in english]
        wrong = [
            score(model, metadata, spoken, other.text)
            for spoken, other in zip(english, english[1:] + english[:1], strict=True)
        ]
    # The same sound with another text; single words of a wrong text may well be there.
    assert all(own > other for own, other in zip(right, wrong, strict=True)), (right, wrong)
    assert np.mean(right) > 1.4 * np.mean(wrong)


def score(model: torch.nn.Module, metadata: dict[str, object], spoken: Spoken, text: str) -> float:
    """Return how sure whisperx is of a text's words, 0..1."""
    segment = {"text": text, "start": 0.0, "end": len(spoken.samples) / 16_000}
    aligned = alignment.align([segment], model, metadata, spoken.samples, "cpu")
    return float(np.mean([word.get("score", 0.0) for word in aligned["word_segments"]]))


def test_the_card_holds_its_figures_and_the_files_are_small() -> None:
    card = (ALIGNER / "README.md").read_text("utf-8")
    assert "{" not in card
    rows = [line for line in card.splitlines() if line.startswith("|") and line.endswith("ms |")]
    assert len(rows) == 6
    for row in rows:
        median, p95 = (float(cell.removesuffix(" ms ")) for cell in row.split("|")[4:6])
        assert is_close(Error(1, median, p95)), row
    assert sum(path.stat().st_size for path in ALIGNER.iterdir()) <= 4e6
