"""The table that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figure import Figure

_HEAD = ("figure", "value", "goal", "", "unit", "others")
_LEFT = {0, 3, 4}
"""Columns of words; numbers go to the right."""

_DISTURBED_CORES = 0.2
"""From here on, what else ran on the machine may have changed a figure."""


@dataclass(frozen=True, slots=True)
class Row:
    """A figure and how quiet the machine was meanwhile.

    Attributes:
        others: CPU cores that processes other than ours kept busy on average.
    """

    figure: Figure
    others: float


def format_table(rows: Sequence[Row]) -> str:
    """Return the table, one line a figure; ``!`` marks a machine that was not quiet."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    figure = row.figure
    sign = "≤" if figure.better == "lower" else "≥"
    disturbed = " !" if row.others >= _DISTURBED_CORES else "  "
    return (
        figure.name,
        f"{figure.value:g}",
        f"{sign} {figure.goal:g}",
        "met" if figure.met else "MISSED",
        figure.unit,
        f"{row.others:.2f}{disturbed}",
    )
