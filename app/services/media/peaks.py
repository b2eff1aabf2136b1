"""Finds the peaks of a recording, from which a waveform is drawn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np

from app.domain.audio import Audio
from app.domain.peaks import Peaks
from app.domain.time import SAMPLES_PER_MS, samples_to_ms

_LOUDEST = 255


class PeakMeter:
    """Finds the peaks of audio as it passes; its samples are not kept.

    Args:
        bin_ms: time of a bin, at least 1.
    """

    def __init__(self, bin_ms: int) -> None:
        self._bin_ms = bin_ms
        self._found = bytearray()
        self._end_sample = 0

    def add(self, block: Audio) -> None:
        """Take a block, which begins where the one before it ended or later."""
        self._end_sample = max(self._end_sample, block.end_sample)
        _raise_bins(self._found, block, self._bin_ms * SAMPLES_PER_MS)

    def peaks(self) -> Peaks:
        """Return the peaks so far."""
        values = np.frombuffer(bytes(self._found), np.uint8)
        return Peaks(self._bin_ms, samples_to_ms(self._end_sample), values)


async def find_peaks(blocks: AsyncIterator[Audio], bin_ms: int) -> Peaks:
    """Return the peaks of decoded audio.

    Args:
        blocks: in order, each where the one before it ends or later.
        bin_ms: time of a bin, at least 1.
    """
    meter = PeakMeter(bin_ms)
    async for block in blocks:
        meter.add(block)
    return meter.peaks()


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
