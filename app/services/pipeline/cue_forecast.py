"""Forecast of how many cues a job will have."""

from __future__ import annotations

_USUAL_CUES = 5
_USUAL_CUE_MS = 4_000
"""What is assumed before anything is known counts as five cues, one every four seconds: the middle
between the shortest and the longest cue of the default reading profile."""

_SHARE_TOLD = 0.9
"""Of the cues that are expected still. A total that clients have been told cannot fall again, so
it is rather too low; with the rest of the recording the difference vanishes."""


class CueForecast:
    """Counts cues as they are shown and forecasts how many there will be."""

    def __init__(self) -> None:
        self._shown = 0
        self._known: int | None = None

    def know(self, count: int) -> None:
        """Note that the number of all cues is known."""
        self._known = count

    def after_next(self, covered_ms: int, total_ms: int | None) -> int | None:
        """Count one more cue; return how many there will be in all, None where nothing says so.

        Args:
            covered_ms: media time whose cues are shown, this one's included.
            total_ms: of the media; None while it is not known.
        """
        self._shown += 1
        if self._known is not None:
            return max(self._known, self._shown)
        if total_ms is None:
            return None
        cues, ms = self._shown + _USUAL_CUES, covered_ms + _USUAL_CUES * _USUAL_CUE_MS
        left_ms = max(0, total_ms - covered_ms)
        return self._shown + int(left_ms * cues / ms * _SHARE_TOLD)
