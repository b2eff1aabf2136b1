"""Ratios between frame rates, by which a file's times may be stretched."""

from __future__ import annotations

from itertools import permutations

_RATES = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0)
"""Film, cinema, PAL and NTSC."""

_SAME = 1e-4


def _ratios() -> tuple[float, ...]:
    found = [1.0]
    for ours, theirs in permutations(_RATES, 2):
        ratio = ours / theirs
        if all(abs(ratio - other) > _SAME for other in found):
            found.append(ratio)
    return tuple(sorted(found, key=lambda ratio: abs(ratio - 1)))


RATIOS = _ratios()
"""Every ratio between two usual frame rates, 1 first: a file made for video at one rate, shown with
the same film at another one, runs away by the ratio. Source: ffsubsync tries the ratios of
23.976, 24 and 25 frames."""
