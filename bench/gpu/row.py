"""A row of the GPU table: a figure, its bound, its goal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

HEAD = "| what | measured | bound | goal | unit |"
_RULE = "|---|---:|---:|---:|---|"
GOALS_HEAD = "| what | bound | goal | unit |"
_GOALS_RULE = "|---|---:|---:|---|"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure.

    Attributes:
        what: what is measured.
        bound: the best value that the device's own ceilings allow; None where there is no bound.
        goal: the worst value that is good enough; None where there is none.
        better: which side of the goal is the good one.
        value: None where it has not been measured.
    """

    what: str
    unit: str
    bound: float | None = None
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"
    value: float | None = None

    def measured(self, value: float) -> Row:
        """Return the row with its value."""
        return replace(self, value=value)

    def __str__(self) -> str:
        return f"| {self.what} | {_short(self.value)} | {self._bound_and_goal} |"

    @property
    def goal_line(self) -> str:
        """The row without a measured value."""
        return f"| {self.what} | {self._bound_and_goal} |"

    @property
    def _bound_and_goal(self) -> str:
        sign = "≤" if self.better == "lower" else "≥"
        goal = "" if self.goal is None else f"{sign} {self.goal:g}"
        return f"{_short(self.bound)} | {goal} | {self.unit}"


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


def lines_of(sections: Iterable[Section]) -> Iterator[str]:
    """Yield the measured rows of the sections as Markdown; sections without one are left out."""
    for section in sections:
        measured = [row for row in section.rows if row.value is not None]
        if measured:
            yield from ("", f"### {section.title}", "", HEAD, _RULE)
            yield from map(str, measured)


def goal_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the goals of those rows that have one as a Markdown table, without measured values."""
    yield from ("", GOALS_HEAD, _GOALS_RULE)
    yield from (row.goal_line for row in rows if row.goal is not None)


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
