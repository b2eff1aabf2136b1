"""Samples are cut in their quietest places and written as files."""

from __future__ import annotations

import numpy as np
import pytest

from app.gpu.calls.sound_files import is_inaudible, pieces, to_wav
from tests.endpoint_server import samples_of


def test_pieces_are_all_of_the_sound_and_are_cut_where_it_is_quiet() -> None:
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 0.2, 160_000).astype(np.float32)
    for start in (50_000, 110_000):
        sound[start : start + 6_000] = 0
    cut = list(pieces(sound, 70_000))
    assert np.array_equal(np.concatenate([piece for _, piece in cut]), sound)
    assert cut[0][0] == 0
    assert all(len(piece) <= 70_000 for _, piece in cut)
    for start, _ in cut[1:]:
        assert not sound[start - 100 : start + 100].any()


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 1000])
def test_pieces_of_any_length_end(length: int) -> None:
    sound = np.ones(length, np.float32)
    assert sum(len(piece) for _, piece in pieces(sound, 100)) == length


def test_a_file_holds_the_samples() -> None:
    sound = np.linspace(-1.5, 1.5, 1000, dtype=np.float32)
    assert np.abs(samples_of(to_wav(sound)) - np.clip(sound, -1, 1)).max() < 1e-4


def test_what_cannot_be_heard() -> None:
    assert is_inaudible(np.zeros(0, np.float32))
    assert is_inaudible(np.full(100, 1e-5, np.float32))
    assert not is_inaudible(np.full(100, 1e-3, np.float32))
