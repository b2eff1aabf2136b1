"""Peaks of a recording: what a waveform is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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

    def in_bins(self, bin_ms: int) -> Peaks | None:
        """Return these peaks in longer bins; None where they are no whole number of these."""
        if bin_ms % self.bin_ms:
            return None
        size = bin_ms // self.bin_ms
        padded = np.zeros(-(-len(self.values) // size) * size, np.uint8)
        padded[: len(self.values)] = self.values
        return Peaks(bin_ms, self.length_ms, padded.reshape(-1, size).max(axis=1))
