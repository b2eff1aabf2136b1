"""A benchmark figure with its goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher"]

_SIGNIFICANT_DIGITS = 4


class BenchError(Exception):
    """A figure cannot be taken; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Attributes:
        value: in ``unit``.
        goal: the worst value that is good enough.
        better: which side of the goal is the good one.
    """

    name: str
    value: float
    goal: float
    better: Better
    unit: str

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure before it is measured."""

    name: str
    goal: float
    unit: str
    better: Better = "lower"

    def reached(self, value: float) -> Figure:
        """Return the figure with what was measured, to four significant digits."""
        rounded = float(f"{value:.{_SIGNIFICANT_DIGITS}g}")
        return Figure(self.name, rounded, self.goal, self.better, self.unit)
