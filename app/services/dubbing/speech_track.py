"""The track of all spoken lines, and that of the original's gain, written piece by piece."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import MediaTooLongError
from app.services.dubbing.gain_curve import GainCurve
from app.system.workdir import storage_errors

_PIECE_S = 10
_FULL_SCALE = 32767
_MOST_SAMPLES = (2**32 - 2**12) // 2
"""Of a WAV file, whose sizes have 32 bits: twelve hours at 48 kHz."""

Piece = Callable[[int, int], NDArray[np.int16]]
"""Returns the samples from one to before another."""


@dataclass(frozen=True, slots=True)
class PlacedSound:
    """The samples of one line in a file, mono, 16 bits.

    Attributes:
        path: of the file.
        start: index of its first sample in the track.
        count: of its samples.
        gain: by which it is multiplied.
    """

    path: Path
    start: int
    count: int
    gain: float = 1.0

    @property
    def end(self) -> int:
        """Index of the sample behind its last one."""
        return self.start + self.count


def write_speech(path: Path, rate_hz: int, total: int, sounds: Sequence[PlacedSound]) -> None:
    """Write a WAV with every line at its place and silence elsewhere, ten seconds at a time.

    Args:
        path: of the WAV.
        rate_hz: sample rate.
        total: samples of the track; no line goes beyond it.
        sounds: in order of their start.

    Raises:
        MediaTooLongError: the track is longer than a WAV may be.
        StorageError: the disk is full.
    """
    mixer = _SoundMixer(sounds)
    _write(path, rate_hz, total, mixer.part)


def write_gain(path: Path, rate_hz: int, total: int, curve: GainCurve) -> None:
    """Write a WAV whose samples are a gain: full scale is 1.

    Raises:
        MediaTooLongError: the track is longer than a WAV may be.
        StorageError: the disk is full.
    """

    def part(begin: int, end: int) -> NDArray[np.int16]:
        return np.round(curve.part(begin, end) * _FULL_SCALE).astype(np.int16)

    _write(path, rate_hz, total, part)


def _write(path: Path, rate_hz: int, total: int, part: Piece) -> None:
    if total > _MOST_SAMPLES:
        raise MediaTooLongError(f"A dub may have {_MOST_SAMPLES // rate_hz} s at most")
    with storage_errors(), path.open("wb") as file, wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate_hz, total, "NONE", ""))
        for begin, end in _pieces(total, rate_hz * _PIECE_S):
            writer.writeframesraw(part(begin, end).tobytes())


def _pieces(total: int, size: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, total, size):
        yield begin, min(total, begin + size)


class _SoundMixer:
    """Adds up the sounds of a track; asked for its pieces in order."""

    def __init__(self, sounds: Sequence[PlacedSound]) -> None:
        self._waiting = sorted(sounds, key=lambda sound: sound.start, reverse=True)
        self._heard: list[PlacedSound] = []

    def part(self, begin: int, end: int) -> NDArray[np.int16]:
        while self._waiting and self._waiting[-1].start < end:
            self._heard.append(self._waiting.pop())
        mixed = np.zeros(end - begin, np.float32)
        for sound in self._heard:
            first, last = max(begin, sound.start), min(end, sound.end)
            offset = 2 * (first - sound.start)
            samples = np.fromfile(sound.path, "<i2", max(0, last - first), offset=offset)
            mixed[first - begin : first - begin + len(samples)] += samples * sound.gain
        self._heard = [sound for sound in self._heard if sound.end > end]
        return np.clip(np.round(mixed), -_FULL_SCALE, _FULL_SCALE).astype(np.int16)
