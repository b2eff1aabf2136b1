"""The aligner on speech whose word times are known, with the model that was trained for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the gpu extra")

from app.domain.audio import Audio
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.engines.wav2vec2 import Wav2Vec2Aligner
from app.gpu.protocols import AlignmentInput
from tests.gpu.aligner_fixtures import settings_for

FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "aligner"

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not (FOLDER / "model.safetensors").is_file(), reason="`make fixtures` makes the model"
    ),
]


def test_words_begin_where_they_were_spoken() -> None:
    from scripts.fixtures.aligner_figures import held_out, true_starts
    from scripts.fixtures.voices import read_sentences

    takes = held_out(read_sentences()[::2], seed=2024)
    engine = Wav2Vec2Aligner(settings_for(f"en={FOLDER}", f"es={FOLDER}", preload=["en", "es"]))
    passages = []
    for take in takes:
        audio = Audio(take.spoken.samples.astype(np.float32))
        unknown = Span(0, audio.span.end_ms)
        words = tuple(Word(word.text, unknown) for word in take.spoken.words)
        segment = Segment(take.spoken.text, unknown, words, take.language)
        passages.append(AlignmentInput(audio, (segment,)))
    off: list[float] = []
    for take, [aligned] in zip(takes, engine.align(passages), strict=True):
        assert [word.text for word in aligned.words] == take.spoken.text.split()
        starts = np.array([word.span.start_ms for word in aligned.words])
        off += np.abs(starts - true_starts(take.spoken)).tolist()
    assert len(off) > 200
    assert np.median(off) <= 50
    assert np.quantile(off, 0.95) <= 150
