"""Time to the first cue of a long file, relative to that of a short one.

A file of one minute and one of sixty, which begin with the same sound, are uploaded in turns to
a server that does nothing else. The time runs from the request, the upload included, to the
first final cue with its translation; then the stream is dropped, and the job with it. Anything
that reads, checks or decodes the whole file first makes the ratio grow with the length.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.recording import TALK
from bench.serving import serving
from bench.wire import upload

LONG_OVER_SHORT = Goal("first_cue_60min_over_1min", 1.2, "ratio")

_SHORT_MINUTES = 1
_LONG_MINUTES = 60
_ROUNDS = 5


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the median of the ratios within the rounds."""
    files = {n: environment.recordings.get(TALK, n) for n in (_SHORT_MINUTES, _LONG_MINUTES)}
    times_s: dict[int, list[float]] = {minutes: [] for minutes in files}
    async with serving(JOB_GRACE_S="0") as server:
        environment.progress.step(f"first cue: {_ROUNDS} rounds")
        # The first request of a server's life pays for what is loaded lazily.
        await _first_cue_s(server.port, files[_SHORT_MINUTES])
        for number in range(1, _ROUNDS + 1):
            # The order alternates, so that a machine that slows down favours neither.
            for minutes in sorted(files, reverse=number % 2 == 0):
                await server.settle()
                times_s[minutes].append(await _first_cue_s(server.port, files[minutes]))
                taken = times_s[minutes][-1]
                environment.progress.now(f"first cue, round {number}: {minutes} min, {taken:.2f} s")
    for minutes, taken_s in times_s.items():
        shown = " ".join(f"{seconds:.2f}" for seconds in taken_s)
        environment.progress.step(f"first cue: {minutes} min, {shown} s")
    rounds = zip(times_s[_LONG_MINUTES], times_s[_SHORT_MINUTES], strict=True)
    return [LONG_OVER_SHORT.reached(statistics.median(long / short for long, short in rounds))]


async def _first_cue_s(port: int, media: Path) -> float:
    async with upload(port, media, target_lang="es") as stream:
        async for frame in stream.frames():
            if frame.is_cues:
                return frame.at_s - stream.asked_s
            if frame.is_final:
                raise BenchError(f"the job failed: {frame.data}")
    raise BenchError("the stream was cut")
