"""Overhead of the pipeline over the bare engine, with the latency of its first cue.

The same ten minutes go through the real server (upload, decoding, VAD, transcription, cues,
Spanish by apertium, SSE over loopback) and, as windows that lie ready in memory, through the
transcriber alone. Both decode one window at a time on one thread, and alternate. Time is wall
time, since both wait for that one thread: what the pipeline adds is what it fails to overlap with
the engine.
"""

from __future__ import annotations

import asyncio
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.gpu.protocols import Transcriber, Window
from bench.engine import EngineRun, bare_engine, transcribe_all, windows_of
from bench.figure import BenchError, Figure, Goal
from bench.machine import cpu_s
from bench.measure import BenchEnvironment
from bench.progress import Progress
from bench.recording import TALK
from bench.serving import Server, serving
from bench.wire import Frame, upload

OVER_ENGINE = Goal("pipeline_over_engine", 1.10, "ratio")
FIRST_OVER_LAST = Goal("first_cue_over_last", 0.05, "ratio")

_MINUTES = 10
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Run:
    """One job from the request to its end, in seconds since the request began."""

    first_cue_s: float
    last_cue_s: float
    end_s: float
    words: tuple[str, ...]


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return both figures: medians over the rounds of the ratio within each."""
    media = environment.recordings.get(TALK, _MINUTES)
    windows = await windows_of(media)
    over_engine: list[float] = []
    first_over_last: list[float] = []
    engine = await asyncio.to_thread(bare_engine)
    async with serving(ASR_BATCH_SIZE="1") as server:
        sides = _Sides(server, engine, media, windows, environment.progress)
        for number in range(1, _ROUNDS + 1):
            environment.progress.step(f"pipeline: round {number} of {_ROUNDS}")
            # The order alternates, so that a machine that slows down favours neither.
            bare_first = await sides.bare() if number % 2 == 0 else None
            run = await sides.served()
            bare = bare_first or await sides.bare()
            _check_equal(run.words, bare.words)
            over_engine.append(run.end_s / bare.end_s)
            first_over_last.append(run.first_cue_s / run.last_cue_s)
    return [
        OVER_ENGINE.reached(statistics.median(over_engine)),
        FIRST_OVER_LAST.reached(statistics.median(first_over_last)),
    ]


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is compared.

    The CPU time of the process that decodes is printed beside each wall time: a wall time that
    exceeds it by far was taken by others.
    """

    server: Server
    engine: Transcriber
    media: Path
    windows: Sequence[Window]
    progress: Progress

    async def served(self) -> Run:
        """Send the recording through the server."""
        before_s = cpu_s([self.server.worker])
        run = await run_job(self.server.port, self.media, self.progress)
        worker_s = cpu_s([self.server.worker]) - before_s
        self.progress.step(
            f"pipeline: server {run.end_s:.1f} s (its worker's CPU {worker_s:.1f} s), "
            f"cues from {run.first_cue_s:.2f} s to {run.last_cue_s:.1f} s"
        )
        return run

    async def bare(self) -> EngineRun:
        """Give the windows to the engine."""
        before_s = cpu_s([psutil.Process()])
        bare = await asyncio.to_thread(transcribe_all, self.engine, self.windows)
        engine_s = cpu_s([psutil.Process()]) - before_s
        self.progress.step(f"pipeline: bare engine {bare.end_s:.1f} s (its CPU {engine_s:.1f} s)")
        return bare


async def run_job(port: int, media: Path, progress: Progress) -> Run:
    """Send a file for translation to Spanish and read its stream to the end.

    Raises:
        BenchError: the job failed.
    """
    cues: list[Frame] = []
    async with upload(port, media, target_lang="es") as stream:
        async for frame in stream.frames():
            if frame.is_cues:
                cues.append(frame)
            elif frame.is_stage:
                progress.now(f"{frame.data['message']}, {len(cues)} cues")
            if frame.is_final:
                return _run(frame, cues, stream.asked_s)
    raise BenchError("the stream was cut")


def _run(end: Frame, cues: Sequence[Frame], asked_s: float) -> Run:
    if "result" not in end.data or not cues:
        raise BenchError(f"the job failed: {end.data}")
    result = end.data["result"]
    words = " ".join(cue["text"] for cue in result["subtitles"]).split()
    return Run(cues[0].at_s - asked_s, cues[-1].at_s - asked_s, end.at_s - asked_s, tuple(words))


def _check_equal(through_server: Sequence[str], bare: Sequence[str]) -> None:
    """The two must have done the same work."""
    if not math.isclose(len(through_server), len(bare), rel_tol=0.01):
        raise BenchError(
            f"the server heard {len(through_server)} words, the bare engine {len(bare)}"
        )
