"""The path through emissions, beside whisperx's own."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the gpu extra")

import torch

from app.gpu.engines.wav2vec2.forced_alignment import LabelFrames, align_labels
from app.gpu.engines.wav2vec2.label_spelling import WILDCARD, Alphabet
from tests.gpu.aligner_fixtures import CODES, LABELS, SENTENCES, FixedNetwork, roughly, said

pytestmark = pytest.mark.gpu


def emission_of(*rows: str) -> torch.Tensor:
    """Return emissions that say one label a frame; ``_`` is the blank."""
    codes = [0 if row == "_" else CODES[row] for row in rows]
    logits = np.random.default_rng(0).normal(0, 0.1, (len(codes), len(LABELS)))
    logits[np.arange(len(codes)), codes] += 10
    return torch.log_softmax(torch.from_numpy(logits.astype(np.float32)), -1)


def path(rows: str, text: str) -> LabelFrames:
    labels = np.array([WILDCARD if char == "*" else CODES[char] for char in text])
    found = align_labels(emission_of(*rows), labels, 0)
    assert found is not None
    return found


def test_a_label_lasts_until_the_next_one_begins() -> None:
    found = path("_aa__b_t|__", "abt|")
    assert found.starts.tolist() == [1, 5, 7, 8]
    assert found.ends.tolist() == [5, 7, 8, 9]
    assert found.frames == 11


def test_equal_labels_beside_each_other_are_two() -> None:
    assert path("_ss__s_", "ss").starts.tolist() == [1, 5]
    assert path("__ssss_", "ss").starts.tolist()[1] - path("__ssss_", "ss").starts[0] >= 2


def test_a_wildcard_takes_what_is_said_between_its_neighbours() -> None:
    assert path("_a__x__b_", "a*b").starts.tolist() == [1, 4, 7]


def test_wildcards_in_a_row_need_no_silence_between_them() -> None:
    assert path("_axyzwb_", "a****b").starts.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_blank_elsewhere_than_first() -> None:
    emission = emission_of(*"_a_b_").roll(3, dims=1)
    labels = np.array([CODES["a"], CODES["b"], WILDCARD]) + np.array([3, 3, 0])
    found = align_labels(emission, labels[:2] % len(LABELS), 3)
    assert found is not None
    assert found.starts.tolist() == [1, 3]


def test_more_labels_than_frames_have_no_path() -> None:
    labels = np.array([CODES[char] for char in "abba"])
    assert align_labels(emission_of(*"abba"), labels, 0) is None
    assert align_labels(emission_of(*"ab_ba"), labels, 0) is not None
    assert align_labels(emission_of(*"ab"), labels[:0], 0) is None


def test_nobody_is_told_of_the_end_that_torchaudio_took_back() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path("_a_", "a")
    assert not caught


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_whisperx_finds_the_same_path(noise: float) -> None:
    from whisperx.alignment import backtrack, get_trellis, merge_repeats

    text = " ".join(SENTENCES)
    truth = said(text, 700, noise=noise)
    words = [word for segment in roughly(SENTENCES, 0, 14_000) for word in segment.words]
    spelling = Alphabet.of(CODES, len(LABELS), spaced=True).spell(words)
    [emission] = FixedNetwork(truth.logits).emissions([np.zeros(1, np.float32)])
    ours = align_labels(emission, spelling.labels, 0)
    tokens = spelling.labels.tolist()
    points = backtrack(get_trellis(emission, tokens, 0), emission, tokens, 0)
    theirs = merge_repeats(points, "".join(LABELS[token] for token in tokens))
    assert ours is not None
    assert len(theirs) == len(ours.starts)
    starts = np.abs(ours.starts - [segment.start for segment in theirs])
    ends = np.abs(ours.ends - [segment.end for segment in theirs])
    assert np.median(starts) == 0
    assert np.median(ends) == 0
    assert np.quantile(starts, 0.95) <= 1
    assert np.quantile(ends, 0.95) <= 1
