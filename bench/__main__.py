"""``python -m bench``: take the figures, print a table, write ``bench/results.json``."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import (
    accuracy,
    alignment,
    burn_in,
    busy,
    callers,
    caption_lines,
    crowd,
    diarization,
    faults,
    first_cue,
    first_text,
    hallucinations,
    health,
    jobs,
    layout,
    long_form,
    memory,
    packaging,
    picture_zoom,
    pipeline,
    readers,
    reuse,
    stages,
    throughput,
    translation,
    whole_file,
    word_times,
)
from bench.comparison import (
    Comparison,
    comparison_lines,
    merged_comparisons,
    read_comparisons,
    write_comparisons,
)
from bench.document import DOCUMENT, RATIOS, SPEECH, ratio_lines, write_part
from bench.figure import BenchError, Figure
from bench.machine import OtherLoad, describe_machine
from bench.measure import BenchEnvironment, Measure
from bench.progress import Progress
from bench.readme_figures import PART, README, readme_lines
from bench.recording import Recordings
from bench.results import Row, format_table, merged, read_results, write_results
from bench.simulation import measured_costs
from bench.speech_corpus import SpeechCorpus

RESULTS = Path(__file__).parent / "results.json"
COMPARISONS = Path(__file__).parent / "comparisons.json"

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
    "caption_lines": caption_lines.measure,
    "jobs": jobs.measure,
    "costs": measured_costs.measure,
    "layout": layout.measure,
    "burn_in": burn_in.measure,
    "img2vid": picture_zoom.measure,
    "packaging": packaging.measure,
    # Hours of speech: last, since a run that is stopped keeps what it took.
    "accuracy": accuracy.measure,
    "word_times": word_times.measure,
    "hallucinations": hallucinations.measure,
    "whole_file": whole_file.measure,
    "long_form": long_form.measure,
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What was measured.

    Attributes:
        rows: figures in order.
        comparisons: rows of the table of all sides.
        failures: why figures could not be taken.
    """

    rows: list[Row] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def figures(self) -> list[Figure]:
        """The figures alone."""
        return [row.figure for row in self.rows]

    def add(self, other: Taken) -> None:
        """Add what another measurement took."""
        self.rows.extend(other.rows)
        self.comparisons.extend(other.comparisons)
        self.failures.extend(other.failures)


def run(
    names: Sequence[str],
    progress: Progress,
    *,
    fresh_peers: bool = False,
    taken_so_far: Callable[[Taken], None] = lambda _: None,
) -> Taken:
    """Take the figures of some measurements, each in a process of its own.

    What one leaves behind, such as a large heap and threads of libraries that wait busily, would
    slow down what the next one runs in the same process, and so ours alone: in one process for all
    of them a whole file took twice as long as in a new one.

    Args:
        names: of the measurements.
        progress: takes their steps.
        fresh_peers: whether results of the peers of earlier runs are left aside.
        taken_so_far: called after each measurement with what all of them took.
    """
    taken = Taken()
    with tempfile.TemporaryDirectory(prefix="cuestream-bench-") as folder:
        for name in names:
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=context) as process:
                asked = process.submit(take, name, Path(folder), progress.started_s, fresh_peers)
                try:
                    taken.add(asked.result())
                except BrokenProcessPool as error:
                    taken.failures.append(f"{name}: {error}")
            taken_so_far(taken)
    return taken


def take(name: str, folder: Path, started_s: float, fresh_peers: bool) -> Taken:
    """Take the figures of one measurement in this process.

    Args:
        name: of the measurement.
        folder: for recordings, which later measurements find there.
        started_s: when the run began, on the monotonic clock.
        fresh_peers: see `run`.
    """
    progress, taken = Progress(started_s=started_s), Taken()
    environment = BenchEnvironment(
        Recordings(folder, progress.step), SpeechCorpus(folder), progress,
        taken.comparisons, fresh_peers,
    )  # fmt: skip
    load = OtherLoad()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(_figures(name, environment))
    except* BenchError as errors:
        taken.failures.extend(f"{name}: {error}" for error in errors.exceptions)
        progress.step(taken.failures[-1])
    except* Exception as errors:  # noqa: BLE001 a defect of one costs the others nothing
        traceback.print_exception(errors)
        taken.failures.append(f"{name}: {errors.exceptions[0]!r}")
    else:
        taken.rows.extend(Row(figure, load.cores()) for figure in figures)
    return taken


async def _figures(name: str, environment: BenchEnvironment) -> Sequence[Figure]:
    return await MEASURES[name](environment)


def main() -> int:
    """Run from a terminal; missed goals are printed and do not fail."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measurement", nargs="*", help=f"{', '.join(MEASURES)}; all if none")
    parser.add_argument(
        "--update", action="store_true", help="write some figures beside those of earlier runs"
    )
    parser.add_argument(
        "--fresh-peers", action="store_true", help="ask the peers again, whatever is cached"
    )
    arguments = parser.parse_args()
    chosen = arguments.measurement or list(MEASURES)
    if unknown := set(chosen) - set(MEASURES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    every_one = set(chosen) == set(MEASURES)
    progress = Progress()
    progress.step(describe_machine())
    # The whole takes hours: one that is stopped keeps what it took, beside earlier figures.
    kept = _update if arguments.update or every_one else lambda _: None
    taken = run(chosen, progress, fresh_peers=arguments.fresh_peers, taken_so_far=kept)
    print(f"\n{format_table(taken.rows)}\n")
    print("others: cores that other processes kept busy; ! from 0.2 on, take the figure again")
    if every_one and not taken.failures and not arguments.update:
        _write(taken.figures, taken.comparisons)
    for path in (RESULTS, COMPARISONS, DOCUMENT, README) if arguments.update or every_one else ():
        print(f"written to {path.relative_to(RESULTS.parents[1])}")
    if taken.failures:
        print("\n".join(["not taken:", *taken.failures]))
        return 1
    return 0


def _update(taken: Taken) -> None:
    """Write what was measured beside earlier figures."""
    _write(
        merged(read_results(RESULTS), taken.figures),
        merged_comparisons(read_comparisons(COMPARISONS), taken.comparisons),
    )


def _write(figures: Sequence[Figure], comparisons: Sequence[Comparison]) -> None:
    """Write figures in the place of all earlier ones."""
    write_results(RESULTS, figures)
    write_comparisons(COMPARISONS, comparisons)
    write_part(RATIOS, ratio_lines(figures))
    write_part(SPEECH, comparison_lines(comparisons))
    write_part(PART, readme_lines(figures), README)


if __name__ == "__main__":
    raise SystemExit(main())
