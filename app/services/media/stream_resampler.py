"""Resampler of sound that arrives in pieces."""

from __future__ import annotations

import av
import numpy as np

from app.domain.audio import Samples
from app.domain.time import SAMPLE_RATE_HZ

LEAST_RATE_HZ, MOST_RATE_HZ = 8_000, 192_000
"""Rates that are taken: a telephone's, and the highest of common sound cards."""

_NOTHING: Samples = np.zeros(0, np.float32)


class StreamResampler:
    """Brings mono sound to the pipeline's rate; libswresample keeps what spans two pieces.

    Args:
        rate_hz: of the sound that comes, from `LEAST_RATE_HZ` to `MOST_RATE_HZ`.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._resampler = self._new()

    def _new(self) -> av.AudioResampler | None:
        if self._rate_hz == SAMPLE_RATE_HZ:
            return None
        return av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)

    def feed(self, samples: Samples) -> Samples:
        """Return the next samples at 16 kHz; a few may come with the piece after this."""
        if self._resampler is None or not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self._rate_hz
        return _joined(self._resampler.resample(frame))

    def finish(self) -> Samples:
        """Return the samples that are left, and begin anew."""
        if self._resampler is None:
            return _NOTHING
        left = _joined(self._resampler.resample(None))
        self._resampler = self._new()
        return left


def _joined(frames: list[av.AudioFrame]) -> Samples:
    parts = [frame.to_ndarray().reshape(-1) for frame in frames]
    return np.concatenate(parts).astype(np.float32, copy=False) if parts else _NOTHING
