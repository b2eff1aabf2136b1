"""The file of results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.figure import Figure


def write_results(path: Path, figures: Sequence[Figure]) -> None:
    """Write the figures as a JSON list of ``{"name", "value", "goal", "better", "unit"}``."""
    text = json.dumps([asdict(figure) for figure in figures], indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def merged(known: Sequence[Figure], taken: Sequence[Figure]) -> list[Figure]:
    """Return the figures that are known, with those that were taken again in their places.

    Figures that nobody knew come last, in their own order.
    """
    again = {figure.name: figure for figure in taken}
    kept = [again.pop(figure.name, figure) for figure in known]
    return [*kept, *again.values()]


def read_results(path: Path) -> list[Figure]:
    """Return the figures of such a file."""
    return [Figure(**figure) for figure in json.loads(path.read_text("utf-8"))]
