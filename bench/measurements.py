"""All measurements, each taken in a process of its own."""

from __future__ import annotations

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
from bench.comparison import Comparison
from bench.figure import BenchError, Figure
from bench.machine import OtherLoad
from bench.measure import BenchEnvironment, Measure
from bench.progress import Progress
from bench.recording import Recordings
from bench.results import Row
from bench.simulation import measured_costs
from bench.speech_corpus import SpeechCorpus

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
