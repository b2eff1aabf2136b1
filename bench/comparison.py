"""Rows of the table in which ours stands beside the peers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

TITLES = {
    "cuestream": "Cuestream",
    "sequential": "faster-whisper",
    "batched": "faster-whisper, batched",
    "whisperx": "whisperx",
}
"""Sides, and what the table calls them."""

_NONE = "—"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measured number of every side.

    Attributes:
        values: by side, in ``unit``; None where a side has no such thing.
        machine: where they were measured.
    """

    what: str
    unit: str
    values: Mapping[str, float | None]
    machine: str

    @property
    def shown(self) -> str:
        """The row as a line of text."""
        each = (f"{side} {_number(self.values.get(side))}" for side in TITLES)
        return f"{self.what} ({self.unit}): {', '.join(each)}"


def comparison_lines(rows: Sequence[Comparison]) -> list[str]:
    """Return the rows as a table, with the machines that they were measured on."""
    machines = dict.fromkeys(row.machine for row in rows)
    head = f"| what | {' | '.join(TITLES.values())} | unit |"
    return [
        f"Measured on {' and '.join(machines)}.",
        "",
        head,
        "|---|" + "---:|" * len(TITLES) + "---|",
        *(_line(row) for row in rows),
    ]


def read_comparisons(path: Path) -> list[Comparison]:
    """Return the rows of a file; none where there is no file."""
    if not path.exists():
        return []
    return [Comparison(**row) for row in json.loads(path.read_text("utf-8"))]


def write_comparisons(path: Path, rows: Iterable[Comparison]) -> None:
    """Write the rows as a JSON list."""
    text = json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def merged_comparisons(
    known: Sequence[Comparison], taken: Sequence[Comparison]
) -> list[Comparison]:
    """Return the known rows, with those that were measured again in their places, new ones last."""
    again = {row.what: row for row in taken}
    updated = [again.pop(row.what, row) for row in known]
    return [*updated, *again.values()]


def _line(row: Comparison) -> str:
    cells = [_number(row.values.get(side)) for side in TITLES]
    return f"| {row.what} | {' | '.join(cells)} | {row.unit} |"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4g}"
