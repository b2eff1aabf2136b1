"""Counting how often stored work was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Observe = Callable[[str, bool], None]
"""Told of each look into the cache: the stage, and whether it found what it looked for."""


def unobserved(stage: str, hit: bool) -> None:
    """Count nothing."""


@dataclass(slots=True)
class Lookups:
    """Looks of one job for one kind of work.

    Attributes:
        hits: what was found, so that nobody had to do it again.
        misses: what was not.
    """

    hits: int = 0
    misses: int = 0

    def note(self, hit: bool) -> None:
        """Count one look."""
        if hit:
            self.hits += 1
        else:
            self.misses += 1

    @property
    def share(self) -> float:
        """Found by looked for; 0 where nobody looked."""
        looks = self.hits + self.misses
        return self.hits / looks if looks else 0.0
