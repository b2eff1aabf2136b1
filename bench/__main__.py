"""``python -m bench``: take the figures, print a table, write ``bench/results.json``."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop

from bench import (
    alignment,
    busy,
    callers,
    crowd,
    diarization,
    faults,
    first_cue,
    first_text,
    health,
    memory,
    pipeline,
    readers,
    reuse,
    stages,
    throughput,
    translation,
)
from bench.document import DOCUMENT, RATIOS, ratio_lines, write_part
from bench.figure import BenchError
from bench.machine import OtherLoad, describe_machine
from bench.measure import BenchEnvironment, Measure
from bench.progress import Progress
from bench.recording import Recordings
from bench.results import Row, format_table, merged, read_results, write_results

RESULTS = Path(__file__).parent / "results.json"

MEASURES: Mapping[str, Measure] = {
    "pipeline": pipeline.measure,
    "throughput": throughput.measure,
    "first_text": first_text.measure,
    "callers": callers.measure,
    "busy": busy.measure,
    "stages": stages.measure,
    "first_cue": first_cue.measure,
    "memory": memory.measure,
    "health": health.measure,
    "crowd": crowd.measure,
    "readers": readers.measure,
    "translation": translation.measure,
    "faults": faults.measure,
    "reuse": reuse.measure,
    "alignment": alignment.measure,
    "diarization": diarization.measure,
}


async def run(names: Sequence[str], progress: Progress) -> tuple[list[Row], list[str]]:
    """Take the figures of some measurements.

    Returns:
        The figures in order, and why others could not be taken.
    """
    rows: list[Row] = []
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cuestream-bench-") as folder:
        environment = BenchEnvironment(Recordings(Path(folder), progress.step), progress)
        for name in names:
            load = OtherLoad()
            try:
                figures = await MEASURES[name](environment)
            except* BenchError as errors:
                failures += [f"{name}: {error}" for error in errors.exceptions]
                progress.step(failures[-1])
            else:
                rows += [Row(figure, load.cores()) for figure in figures]
    return rows, failures


def main() -> int:
    """Run from a terminal; missed goals are printed and do not fail."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measurement", nargs="*", help=f"{', '.join(MEASURES)}; all if none")
    parser.add_argument(
        "--update", action="store_true", help="write some figures beside those of earlier runs"
    )
    arguments = parser.parse_args()
    chosen = arguments.measurement or list(MEASURES)
    if unknown := set(chosen) - set(MEASURES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    progress = Progress()
    progress.step(describe_machine())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows, failures = runner.run(run(chosen, progress))
    print(f"\n{format_table(rows)}\n")
    print("others: cores that other processes kept busy; ! from 0.2 on, take the figure again")
    if failures:
        print("\n".join(["not taken:", *failures]))
        return 1
    if arguments.update or set(chosen) == set(MEASURES):
        figures = [row.figure for row in rows]
        if arguments.update:
            figures = merged(read_results(RESULTS), figures)
        write_results(RESULTS, figures)
        write_part(RATIOS, ratio_lines(figures))
        for path in (RESULTS, DOCUMENT):
            print(f"written to {path.relative_to(RESULTS.parents[1])}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
