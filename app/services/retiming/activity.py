"""Activity over time, as a signal: where somebody speaks, where a cue is on screen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span

GRID_MS = 20
"""Step of the signals. Speech is detected in frames of 32 ms; offsets are refined beyond it."""

Signal = NDArray[np.float32]
"""Share of each step in which something is active, 0..1, shape ``(steps,)``."""


def activity(spans: Sequence[Span], length_ms: int) -> Signal:
    """Return the signal of spans from time 0 on; what lies beyond the length is left out."""
    steps = max(1, -(-length_ms // GRID_MS))
    edges = np.zeros(steps + 2, np.float64)
    starts = np.array([span.start_ms for span in spans], np.float64) / GRID_MS
    ends = np.array([span.end_ms for span in spans], np.float64) / GRID_MS
    for times, sign in ((starts, 1.0), (ends, -1.0)):
        inside = np.clip(times, 0, steps)
        whole = inside.astype(np.int64)
        share = inside - whole
        # A ramp over one step: the signal is the difference of two integrals.
        np.add.at(edges, whole, sign * (1 - share))
        np.add.at(edges, whole + 1, sign * share)
    return np.clip(np.cumsum(edges)[:steps], 0, 1).astype(np.float32)
