"""``python -m bench.readme_figures``: write the README's figures from ``bench/results.json``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.document import write_part
from bench.figure import Figure
from bench.results import read_results

README = Path(__file__).parents[1] / "README.md"
PART = "figures"
_RESULTS = Path(__file__).with_name("results.json")


def _times(value: float) -> str:
    return f"{value:.2f} times"


def _percent(value: float) -> str:
    return f"{value * 100:.2g} %"


def _in(unit: str) -> Callable[[float], str]:
    return lambda value: f"{value:.3g} {unit}"


@dataclass(frozen=True, slots=True)
class ReadmeRow:
    """A figure in words.

    Attributes:
        name: of the figure.
        words: what was measured.
        show: writes its value, and its goal.
    """

    name: str
    words: str
    show: Callable[[float], str]


ROWS = (
    ReadmeRow(
        "first_cue_60min_over_1min", "first cue of an hour, by that of a minute of video", _times
    ),
    ReadmeRow("pipeline_over_engine", "the whole job, by its transcription alone", _times),
    ReadmeRow("engine_over_whisperx", "CPU time of whisperx, by ours for the same file", _times),
    ReadmeRow("second_language_over_first", "the same video in another language", _percent),
    ReadmeRow("repeat_over_first", "the same request once more", _percent),
    ReadmeRow("memory_60min_over_10min", "memory of an hour, by that of ten minutes", _times),
    ReadmeRow("word_start_error_median_ms", "error of a word's start, median", _in("ms")),
    ReadmeRow("hallucinated_cues_per_hour", "invented cues in an hour of noise", _in("")),
    ReadmeRow("health_p99_ms", "`/health` while eight jobs run, 99th percentile", _in("ms")),
    ReadmeRow("sse_reader_kib", "memory of one more open stream", _in("KiB")),
    ReadmeRow("shutdown_s", "from SIGTERM to the last event of 500 streams", _in("s")),
)
"""What a newcomer asks first; `docs/benchmarks.md` has all figures."""


def readme_lines(figures: Sequence[Figure]) -> list[str]:
    """Return the table of the README, and how many goals of all were missed."""
    known = {figure.name: figure for figure in figures}
    lines = ["| measured on two CPU cores | value | goal |", "|---|---:|---:|"]
    lines += [_line(row, known[row.name]) for row in ROWS]
    missed = [f"`{figure.name}`" for figure in figures if not figure.met]
    told = f", all but {', '.join(missed)}" if missed else ""
    met = len(figures) - len(missed)
    return [*lines, "", f"{met} of {len(figures)} goals are met{told}."]


def _line(row: ReadmeRow, figure: Figure) -> str:
    sign = "≤" if figure.better == "lower" else "≥"
    value = row.show(figure.value).strip()
    shown = value if figure.met else f"**{value}**"
    return f"| {row.words} | {shown} | {sign} {row.show(figure.goal).strip()} |"


def main() -> None:
    """Write the part."""
    write_part(PART, readme_lines(read_results(_RESULTS)), README)


if __name__ == "__main__":
    main()
