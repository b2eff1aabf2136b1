"""One line of the table: what is measured, and beside what it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

HEAD = "| what | measured | bound | goal | unit |"
_RULE = "|---|---:|---:|---:|---|"


@dataclass(frozen=True, slots=True)
class Row:
    """A figure.

    Attributes:
        what: is measured.
        bound: what the device's own ceilings allow at best; None where there is no such.
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
        sign = "≤" if self.better == "lower" else "≥"
        goal = "" if self.goal is None else f"{sign} {self.goal:g}"
        value = "not measured" if self.value is None else _short(self.value)
        bound = "" if self.bound is None else _short(self.bound)
        return f"| {self.what} | {value} | {bound} | {goal} | {self.unit} |"


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


def lines_of(sections: Iterable[Section]) -> Iterator[str]:
    """Yield the sections as Markdown."""
    for section in sections:
        yield from ("", f"### {section.title}", "", HEAD, _RULE)
        yield from map(str, section.rows)


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
