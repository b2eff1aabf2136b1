"""Overlapping chunks of a recording that arrives in pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.domain.audio import Samples
from app.domain.errors import EngineLoadError
from app.domain.time import SAMPLE_RATE_HZ

_TOLERANCE = 1e-3
"""Samples by which a length in seconds may miss a whole number of them: rounding of floats."""


@dataclass(frozen=True, slots=True)
class ChunkGrid:
    """Length and step of chunks.

    Attributes:
        duration_s: length of a chunk, as the pipeline gives it.
        step_s: from the start of one chunk to that of the next.
        window: length of a chunk in samples.
        step: the step in samples.
    """

    duration_s: float
    step_s: float
    window: int
    step: int

    @classmethod
    def of(cls, duration_s: float, step_s: float) -> ChunkGrid:
        """Return the grid of a pipeline's sliding window.

        Raises:
            EngineLoadError: pyannote would cut differently for its two networks, since one
                counts samples and the other seconds.
        """
        window, step = round(duration_s * SAMPLE_RATE_HZ), round(step_s * SAMPLE_RATE_HZ)
        misses = (duration_s * SAMPLE_RATE_HZ - window, step_s * SAMPLE_RATE_HZ - step)
        if step < 1 or max(map(abs, misses)) > _TOLERANCE:
            raise EngineLoadError(
                "Its chunks and its steps must be whole numbers of samples at 16 kHz; change "
                "segmentation_step in config.yaml"
            )
        return cls(duration_s, step_s, window, step)


class ChunkBuffer:
    """Samples whose chunks are not whole yet.

    Stores less than one chunk and the samples that were added last. A chunk shares nine tenths of
    its samples with the one before it, so they stay when that one is taken.

    Args:
        grid: how the recording is cut.

    Attributes:
        chunks: how many were taken.
    """

    def __init__(self, grid: ChunkGrid) -> None:
        self._grid = grid
        self._waiting: Samples = np.zeros(0, np.float32)
        self.chunks = 0

    @property
    def whole(self) -> int:
        """Whole chunks in the buffer."""
        spare = len(self._waiting) - self._grid.window
        return spare // self._grid.step + 1 if spare >= 0 else 0

    def add(self, samples: Samples) -> None:
        """Append the next samples."""
        self._waiting = np.concatenate((self._waiting, samples.astype(np.float32, copy=False)))

    def take(self, count: int) -> Samples:
        """Return the samples that the next `count` chunks, which are whole, cover together."""
        grid = self._grid
        stretch = self._waiting[: grid.window + (count - 1) * grid.step]
        self._waiting = self._waiting[count * grid.step :].copy()
        self.chunks += count
        return stretch

    def take_last(self) -> Samples | None:
        """Return the last chunk of the recording, which is not whole and not padded.

        None where the last whole chunk ends with the recording, or the recording is empty.
        """
        grid = self._grid
        rest, self._waiting = self._waiting, np.zeros(0, np.float32)
        if not len(rest) or (self.chunks and len(rest) <= grid.window - grid.step):
            return None
        self.chunks += 1
        return rest
