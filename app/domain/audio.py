"""Audio in the pipeline: mono float32 at 16 kHz, with its position in the recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span, samples_to_ms

Samples = NDArray[np.float32]
"""Mono samples at 16 kHz, nominal range -1..1, shape ``(n,)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A stretch of a recording.

    Attributes:
        samples: shape ``(n,)``, float32, -1..1.
        start_sample: index of the first sample, counted from the recording's start.
        gap: whether it is time in which the recording has no sound at all, not even silence.
    """

    samples: Samples
    start_sample: int = 0
    gap: bool = False

    @property
    def end_sample(self) -> int:
        """Index one past the last sample."""
        return self.start_sample + len(self.samples)

    @property
    def span(self) -> Span:
        """The stretch of media time that the samples cover."""
        return Span(samples_to_ms(self.start_sample), samples_to_ms(self.end_sample))
