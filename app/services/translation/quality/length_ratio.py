"""Ratio of the widths of translations to those of their sources."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.services.layout.width import text_width

_LEAST_COLUMNS = 10
"""Shorter sources have no usual ratio: ``Yes.`` may be ``Claro que sí.``"""

_FIRST_TOLERANCE = math.log(1.7)
_TOLERANCE = math.log(1.6)
"""Tolerated distance from the usual ratio, before and after it is known. Beyond it a line waits for
the end of its answer, which costs a moment and no request."""

_KNOWN_FROM = 12
"""Lines after which the usual ratio counts as known."""

_MEMORY = 0.05
"""Weight of the latest line in the running mean."""

_SHIFT_LINES = 3
"""Fewer lines in a row may fit their neighbours by chance."""

_CLEARLY = 0.5
"""A shift must reduce the mean misfit to this share."""


class LengthRatio:
    """The usual ratio of widths between two languages, learned from what was accepted."""

    def __init__(self) -> None:
        self._mean = 0.0
        self._seen = 0

    def learn(self, source: str, text: str) -> None:
        """Update the usual ratio with an accepted pair."""
        if (log := _log_ratio(source, text)) is None:
            return
        self._seen += 1
        self._mean += (log - self._mean) * max(_MEMORY, 1 / (self._seen + 1))

    def is_odd(self, source: str, text: str) -> bool:
        """Whether a translation is unusually long or short."""
        log = _log_ratio(source, text)
        tolerance = _TOLERANCE if self._seen >= _KNOWN_FROM else _FIRST_TOLERANCE
        return log is not None and abs(log - self._mean) > tolerance

    def is_long(self, source: str, text: str) -> bool:
        """Whether a translation is long enough to contain another line's too."""
        log = _log_ratio(source, text)
        return log is not None and log - self._mean > math.log(1.4)

    def shifted_from(self, sources: Sequence[str], texts: Sequence[str]) -> int | None:
        """Return the place from which texts fit the next or previous sources better than their own.

        Args:
            sources: lines in order.
            texts: their translations as answered.
        """
        fit = [self._deviation(source, text) for source, text in zip(sources, texts, strict=True)]
        for step in (1, -1):
            other = [
                self._deviation(sources[place + step], text)
                if 0 <= place + step < len(sources)
                else None
                for place, text in enumerate(texts)
            ]
            start = _where_better(fit, other)
            if start is not None:
                return start
        return None

    def _deviation(self, source: str, text: str) -> float:
        widths = max(1, text_width(source)), max(1, text_width(text))
        return abs(math.log(widths[1] / widths[0]) - self._mean)


def _log_ratio(source: str, text: str) -> float | None:
    widths = text_width(source), text_width(text)
    if widths[0] < _LEAST_COLUMNS or not widths[1]:
        return None
    return math.log(widths[1] / widths[0])


def _where_better(own: Sequence[float], other: Sequence[float | None]) -> int | None:
    """Return the first place from which on the shifted texts fit clearly better on average."""
    for start in range(len(own) - _SHIFT_LINES):
        pairs = [(a, b) for a, b in zip(own[start:], other[start:], strict=True) if b is not None]
        if len(pairs) < _SHIFT_LINES:
            return None
        mean_own = sum(a for a, _ in pairs) / len(pairs)
        mean_other = sum(b for _, b in pairs) / len(pairs)
        if own[start] > _FIRST_FIT and mean_own > _AVERAGE_FIT and mean_other < _CLEARLY * mean_own:
            return start
    return None


_FIRST_FIT = math.log(1.25)
_AVERAGE_FIT = math.log(1.35)
"""Least misfit of a shift at its first line, and on average."""
