"""Measurement of what the channels of a recording hold, block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FRAME_SAMPLES = 512
"""A frame of 32 ms, about as long as speech stays the same."""

_FIRST_BIN, _BANDS, _BINS_PER_BAND = 6, 8, 15
"""Eight bands from 190 to 3,940 Hz, where speech has its energy: the bins of a frame are 31 Hz."""

_COMPARED_CHANNELS = 8
"""Channels of more are not compared with one another, only measured."""

_ALIKE = 0.5
"""Correlation in a cell (a frame of one band) from which two channels hold the same sound there,
or its inverse. Unrelated noise reaches it in one cell of twenty."""

_WINDOW = np.hanning(FRAME_SAMPLES).astype(np.float32)[:, None]
_TINY = np.float32(1e-3)
"""Energy of a frame at about -80 dB of full scale, below which nothing is distinguished."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockMeasure:
    """Measure of one block.

    Attributes:
        levels_db: of each frame and channel in the bands of speech, shape ``(frames, channels)``.
        shared: energy that each pair of channels has in common at most, ``(channels, channels)``.
        alike: of that, the energy in cells where both hold the same sound.
        inverse: of that, the energy in cells where one holds the inverse of the other's sound.
    """

    levels_db: Floats
    shared: Floats
    alike: Floats
    inverse: Floats


def measure(samples: Floats) -> BlockMeasure:
    """Measure a block.

    Args:
        samples: shape ``(n, channels)``, full scale 1.
    """
    count, channels = samples.shape
    frames = -(-count // FRAME_SAMPLES)
    padded = np.zeros((frames * FRAME_SAMPLES, channels), np.float32)
    padded[:count] = samples
    spectra = np.fft.rfft(padded.reshape(frames, FRAME_SAMPLES, channels) * _WINDOW, axis=1)
    last = _FIRST_BIN + _BANDS * _BINS_PER_BAND
    cells = spectra[:, _FIRST_BIN:last].reshape(frames * _BANDS, _BINS_PER_BAND, channels)
    energy = np.square(np.abs(cells)).sum(1)
    levels = 10 * np.log10(energy.reshape(frames, _BANDS, channels).sum(1) + _TINY)
    nothing = np.zeros((channels, channels), np.float32)
    if not 1 < channels <= _COMPARED_CHANNELS:
        return BlockMeasure(levels.astype(np.float32), nothing, nothing, nothing)
    cross = np.matmul(cells.transpose(0, 2, 1), cells.conj()).real
    shared = np.minimum(energy[:, :, None], energy[:, None, :])
    scale = np.sqrt(energy[:, :, None] * energy[:, None, :]) + _TINY
    likeness = cross / scale
    return BlockMeasure(
        levels.astype(np.float32),
        shared.sum(0),
        np.where(likeness > _ALIKE, shared, 0).sum(0),
        np.where(likeness < -_ALIKE, shared, 0).sum(0),
    )


@dataclass(frozen=True, slots=True, eq=False)
class ChannelSummary:
    """Summary of the blocks around a moment; an entry for each channel.

    Attributes:
        peak_db: level that one frame in fifty exceeds.
        floor_db: level that one frame in five falls short of.
        alike: share of the energy in common that is the same, ``(channels, channels)``.
        inverse: share of it that is the inverse.
    """

    peak_db: Floats
    floor_db: Floats
    alike: Floats
    inverse: Floats

    @property
    def range_db(self) -> Floats:
        """How far sound rises above its floor.

        Some 3 dB for noise, 10 to 15 for most music and 20 to 40 for speech, which pauses between
        words.
        """
        above: Floats = np.minimum(self.peak_db - self.floor_db, np.float32(40))
        return above


def summary(blocks: list[BlockMeasure]) -> ChannelSummary:
    """Sum up blocks; one at least."""
    levels = np.concatenate([block.levels_db for block in blocks])
    peak, floor = np.percentile(levels, (98, 20), axis=0)
    shared = np.sum([block.shared for block in blocks], axis=0) + _TINY
    return ChannelSummary(
        peak.astype(np.float32),
        floor.astype(np.float32),
        np.sum([block.alike for block in blocks], axis=0) / shared,
        np.sum([block.inverse for block in blocks], axis=0) / shared,
    )
