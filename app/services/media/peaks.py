"""Peaks of a recording: what a waveform is drawn from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Audio
from app.domain.time import SAMPLES_PER_MS, samples_to_ms

_LOUDEST = 255


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Loudest samples of a recording.

    Attributes:
        bin_ms: time that each covers.
        length_ms: of the recording.
        values: shape ``(n,)``, uint8; the largest magnitude in each bin, 255 for full scale.
    """

    bin_ms: int
    length_ms: int
    values: NDArray[np.uint8]


async def find_peaks(blocks: AsyncIterator[Audio], bin_ms: int) -> Peaks:
    """Return the peaks of decoded audio; its samples are not kept.

    Args:
        blocks: in order, each where the one before it ends or later.
        bin_ms: time of a bin, at least 1.
    """
    size = bin_ms * SAMPLES_PER_MS
    found = bytearray()
    end_sample = 0
    async for block in blocks:
        end_sample = max(end_sample, block.end_sample)
        _raise_bins(found, block, size)
    return Peaks(bin_ms, samples_to_ms(end_sample), np.frombuffer(bytes(found), np.uint8))


def _raise_bins(found: bytearray, block: Audio, size: int) -> None:
    """Add a block to bins, of which the first may have the end of the block before it."""
    first, last = block.start_sample // size, -(-block.end_sample // size)
    if last > len(found):
        found.extend(bytes(last - len(found)))
    if block.gap or not len(block.samples):
        return
    ahead = block.start_sample - first * size
    padded = np.zeros((last - first) * size, np.float32)
    padded[ahead : ahead + len(block.samples)] = np.abs(block.samples)
    loudest = padded.reshape(-1, size).max(axis=1)
    levels = np.minimum(np.rint(np.nan_to_num(loudest) * _LOUDEST), _LOUDEST).astype(np.uint8)
    known = np.frombuffer(bytes(found[first:last]), np.uint8)
    found[first:last] = np.maximum(levels, known).tobytes()
