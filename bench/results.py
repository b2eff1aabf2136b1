"""Results of the benchmark, as a table or a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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
        others: CPU cores that processes other than ours occupied on average.
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


def write_results(path: Path, figures: Sequence[Figure]) -> None:
    """Write the figures as a JSON list of ``{"name", "value", "goal", "better", "unit"}``."""
    text = json.dumps([asdict(figure) for figure in figures], indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def merged(known: Sequence[Figure], taken: Sequence[Figure]) -> list[Figure]:
    """Return the known figures, with those that were measured again in their places.

    New figures come last, in their own order.
    """
    again = {figure.name: figure for figure in taken}
    updated = [again.pop(figure.name, figure) for figure in known]
    return [*updated, *again.values()]


def read_results(path: Path) -> list[Figure]:
    """Return the figures of such a file."""
    return [Figure(**figure) for figure in json.loads(path.read_text("utf-8"))]
