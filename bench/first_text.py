"""CPU time to the first text of a long file, relative to faster-whisper.

CPU time from the file's path to the first text, the decoder's included: the sequential loop looks
for speech in the whole file and then decodes its first 30 s, the batched pipeline computes every
spectrogram and decodes a whole batch. Ours decodes the file as it comes, up to its first window.
The same checkpoint, beams, and one CPU thread for the model everywhere.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import jiwer

from app.gpu.loaded_engines import Engines
from app.gpu.protocols import Window
from app.gpu.work_context import WorkContext
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import cut_windows
from app.settings import VadSettings
from app.system.async_iterators import close_stage
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.recording import TALK
from bench.throughput import bare_words
from bench.whisper import CpuClock, checkpoint, engines, opened, settings_for

OVER_SEQUENTIAL = Goal("first_text_over_sequential", 0.2, "ratio")
OVER_BATCHED = Goal("first_text_over_batched", 0.12, "ratio")
LONG_OVER_SHORT = Goal("first_text_60min_over_1min", 1.2, "ratio")

_MINUTES = 10
_SHORT_MINUTES, _LONG_MINUTES = 1, 60
_BATCH = 8
"""faster-whisper's own default."""
_ROUNDS = 5
_WORDS = 5
"""At the beginning of all first texts, which end at different places; one may differ."""

Way = Callable[[], Awaitable[str]]


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratios of the medians of CPU time.

    Raises:
        BenchError: the gpu extra is not installed, or the texts differ.
    """
    from bench.baselines import first_batched, first_sequential

    minutes = (_SHORT_MINUTES, _MINUTES, _LONG_MINUTES)
    media = {number: environment.recordings.get(TALK, number) for number in minutes}
    model = checkpoint()
    sequential, batched = first_sequential(model), first_batched(model, _BATCH)
    async with engines(settings_for(model)) as ours:
        ways: dict[str, Way] = {
            "sequential": lambda: asyncio.to_thread(sequential, media[_MINUTES]),
            "batched": lambda: asyncio.to_thread(batched, media[_MINUTES]),
        }
        for number in minutes:
            ways[f"ours, {number} min"] = _ours(ours, media[number])
        spent_s = await _rounds(ways, environment)
    own_s = spent_s[f"ours, {_MINUTES} min"]
    long_s, short_s = (spent_s[f"ours, {n} min"] for n in (_LONG_MINUTES, _SHORT_MINUTES))
    return [
        OVER_SEQUENTIAL.reached(own_s / spent_s["sequential"]),
        OVER_BATCHED.reached(own_s / spent_s["batched"]),
        LONG_OVER_SHORT.reached(long_s / short_s),
    ]


async def _rounds(ways: dict[str, Way], environment: BenchEnvironment) -> dict[str, float]:
    """Return the median of each way's CPU seconds; the first round is not counted."""
    spent_s: dict[str, list[float]] = {name: [] for name in ways}
    begun: list[str] = []
    for number in range(_ROUNDS + 1):
        for name in sorted(ways, reverse=number % 2 == 0):
            clock = CpuClock()
            text = await ways[name]()
            if number:
                spent_s[name].append(clock.elapsed_s)
                environment.progress.now(
                    f"first text, round {number}: {name}, {spent_s[name][-1]:.2f} s"
                )
            begun.append(" ".join(bare_words(text)[:_WORDS]))
            if jiwer.wer(begun[0], begun[-1]) > 1 / _WORDS:
                raise BenchError(f"{name} begins with {begun[-1]!r}, not {begun[0]!r}")
    for name, each_s in spent_s.items():
        shown = " ".join(f"{seconds:.2f}" for seconds in each_s)
        environment.progress.step(f"first text: {name}, {shown} s of CPU")
    return {name: statistics.median(each_s) for name, each_s in spent_s.items()}


def _ours(ours: Engines, media: Path) -> Way:
    async def first() -> str:
        return await first_text(ours, media, WorkContext("bench"))

    return first


async def first_text(ours: Engines, media: Path, context: WorkContext) -> str:
    """Return what is said in the first window of a file."""
    async with opened(media) as found:
        windows = cut_windows(found.blocks, ours.vad, VadSettings(), StageClock())
        try:
            async for cut in windows:
                window = Window(cut.audio, "en", cancelled=context.cancelled)
                segments = await ours.scheduler.transcribe(window, context, cut.index)
                return " ".join(segment.text for segment in segments)
        finally:
            await close_stage(windows)
    raise BenchError("no speech was found")
