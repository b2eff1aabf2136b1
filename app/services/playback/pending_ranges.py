"""What nobody has heard yet of a recording whose length may not be known."""

from __future__ import annotations

from typing import NamedTuple

_FOREVER = 2**62
"""The end of a recording that has not ended yet."""


class Gap(NamedTuple):
    """A stretch of samples, ``start`` to one before ``end``."""

    start: int
    end: int


class Unheard:
    """Gaps in order; at first one that holds the whole recording."""

    def __init__(self) -> None:
        self._gaps = [Gap(0, _FOREVER)]

    def next_for(self, position: int) -> Gap | None:
        """Return the first gap that reaches beyond a place, else the first one of all."""
        ahead = (gap for gap in self._gaps if gap.end > position)
        return next(ahead, self._gaps[0] if self._gaps else None)

    def end_of(self, at: int) -> int:
        """Return where the gap ends that holds a place; the place itself where none does."""
        return next((gap.end for gap in self._gaps if gap.start <= at < gap.end), at)

    def remove(self, start: int, end: int) -> None:
        """This was heard."""
        self._gaps = [
            rest
            for gap in self._gaps
            for rest in (
                Gap(gap.start, min(gap.end, start)),
                Gap(max(gap.start, end), gap.end),
            )
            if rest.start < rest.end
        ]

    def end_at(self, end: int) -> None:
        """The recording has ended here."""
        self.remove(end, _FOREVER)
