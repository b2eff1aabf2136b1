"""The tracks that are mixed: exact to the sample, whatever the pieces they are written in."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from app.services.dubbing.gain_curve import ATTACK_MS, HELD_MS, RELEASE_MS, GainCurve
from app.services.dubbing.speech_track import PlacedSound, write_gain, write_speech

RATE_HZ = 8000


def placed(folder: Path, start: int, count: int, value: int) -> PlacedSound:
    path = folder / f"{start}.s16"
    path.write_bytes(np.full(count, value, "<i2").tobytes())
    return PlacedSound(path, start, count)


def read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as reader:
        assert reader.getframerate() == RATE_HZ
        return np.frombuffer(reader.readframes(10**9), "<i2")


def test_every_sound_lies_where_it_was_placed_across_pieces(tmp_path: Path) -> None:
    total = RATE_HZ * 21 + 7
    sounds = [
        placed(tmp_path, RATE_HZ * 10 - 50, 100, 1000),  # over the border of two pieces
        placed(tmp_path, RATE_HZ * 10 - 10, RATE_HZ * 11, 500),  # through a whole one
        placed(tmp_path, 5, 10, 30_000),
        placed(tmp_path, 8, 3, 30_000),
    ]
    write_speech(tmp_path / "track.wav", RATE_HZ, total, sounds)
    expected = np.zeros(total, np.int64)
    for sound in sounds:
        expected[sound.start : sound.end] += np.fromfile(sound.path, "<i2")
    assert np.array_equal(read(tmp_path / "track.wav"), np.clip(expected, -32767, 32767))


def test_the_gain_is_low_under_speech_and_in_short_pauses(tmp_path: Path) -> None:
    def at(ms: int) -> int:
        return ms * RATE_HZ // 1000

    spoken = [(at(2000), at(3000)), (at(3000 + HELD_MS - 100), at(5000)), (at(9000), at(9500))]
    write_gain(tmp_path / "gain.wav", RATE_HZ, at(12_000), GainCurve(spoken, RATE_HZ, 0.25))
    gain = read(tmp_path / "gain.wav") / 32767
    assert len(gain) == at(12_000)
    assert gain[: at(2000 - ATTACK_MS)] == pytest.approx(1)
    assert gain[at(2000) : at(5000)] == pytest.approx(0.25, abs=1e-3)
    assert gain[at(5000 + RELEASE_MS) + 1 : at(9000 - ATTACK_MS)] == pytest.approx(1, abs=1e-3)
    assert np.all(gain >= 0.25 - 1e-3)


def test_without_speech_the_original_stays(tmp_path: Path) -> None:
    write_gain(tmp_path / "gain.wav", RATE_HZ, 100, GainCurve([], RATE_HZ, 0.2))
    assert np.all(read(tmp_path / "gain.wav") == 32767)
