"""Gain of the original sound under speech: low while somebody speaks, and in short pauses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ATTACK_MS = 150
"""How long before a line the original begins to fade, and is low when the line begins."""
RELEASE_MS = 400
"""How long behind a line it comes back."""
HELD_MS = 1000
"""In shorter pauses it stays low: it would swell for a moment only.

Source of all three: usual settings of side-chain ducking under commentary, where the attack is
below the length of a syllable and the release about that of a word.
"""


class GainCurve:
    """The gain over time, in straight lines between its corners.

    Args:
        spoken: begin and end of each spoken line, in samples, in order of their begin.
        rate_hz: sample rate.
        low: gain while somebody speaks, 0..1.
    """

    def __init__(self, spoken: Sequence[tuple[int, int]], rate_hz: int, low: float) -> None:
        attack, release = ATTACK_MS * rate_hz // 1000, RELEASE_MS * rate_hz // 1000
        times: list[int] = []
        gains: list[float] = []
        for begin, end in _merged(spoken, HELD_MS * rate_hz // 1000):
            times += [begin - attack, begin, end, end + release]
            gains += [1.0, low, low, 1.0]
        self._times = np.array(times or [0])
        self._gains = np.array(gains or [1.0])

    def part(self, begin: int, end: int) -> NDArray[np.float64]:
        """Return the gain of the samples from one to before another."""
        gains: NDArray[np.float64] = np.interp(np.arange(begin, end), self._times, self._gains)
        return gains


def _merged(spoken: Sequence[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Return the spans with those as one between which there is less than a gap."""
    spans: list[tuple[int, int]] = []
    for begin, end in spoken:
        if spans and begin - spans[-1][1] < gap:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((begin, end))
    return spans
