"""Counts of cache lookups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OnLookup = Callable[[str, bool], None]
"""Called after each cache lookup with the stage and whether it was a hit."""


def ignore_lookup(stage: str, hit: bool) -> None:
    """Count nothing."""


@dataclass(slots=True)
class Lookups:
    """Cache lookups of one job for one stage.

    Attributes:
        hits: lookups that found an entry.
        misses: lookups that found none.
    """

    hits: int = 0
    misses: int = 0

    def count(self, hit: bool) -> None:
        """Count one lookup."""
        if hit:
            self.hits += 1
        else:
            self.misses += 1

    @property
    def hit_ratio(self) -> float:
        """Hits by lookups, 0 to 1; 0 without lookups."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0
