"""Generated parts of `docs/benchmarks.md`, between markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.figure import BenchError, Figure

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"

RATIOS = "ratios"
SPEECH = "speech"
GPU = "gpu"


def write_part(name: str, lines: Iterable[str], path: Path = DOCUMENT) -> None:
    """Put lines between a part's markers.

    Raises:
        BenchError: the document has no such markers.
    """
    begin, end = _marker(name, "begin"), _marker(name, "end")
    text = path.read_text("utf-8")
    if begin not in text or end not in text:
        raise BenchError(f"{path.name} has no part {name!r}")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    body = "\n".join(lines).strip("\n")
    path.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", "utf-8")


def read_part(name: str, path: Path = DOCUMENT) -> str:
    """Return what stands between a part's markers."""
    text = path.read_text("utf-8")
    return text.split(_marker(name, "begin"))[1].split(_marker(name, "end"))[0].strip("\n")


def ratio_lines(figures: Sequence[Figure]) -> list[str]:
    """Return the figures of `make bench` as a table."""
    head = ["| figure | value | goal | unit |", "|---|---:|---:|---|"]
    return head + [_line(figure) for figure in figures]


def _line(figure: Figure) -> str:
    sign = "≤" if figure.better == "lower" else "≥"
    value = f"{figure.value:g}" if figure.met else f"**{figure.value:g}**"
    return f"| `{figure.name}` | {value} | {sign} {figure.goal:g} | {figure.unit} |"


def _marker(name: str, side: str) -> str:
    return f"<!-- {name}: {side} -->"
