"""Audio that our engine decodes in a CPU second, relative to whisperx's `transcribe()`.

Ten minutes from the file's path to the last text: the same checkpoint, beams, batch, windows (our
VAD's on both sides, found anew each time) and nearly the same text. whisperx pads every window to
30 s and makes spectrograms in between batches; words get no times there, and do on our side.
"""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import jiwer

from app.domain.audio import Audio
from app.gpu.loaded_engines import Engines
from app.gpu.protocols import Vad, Window
from app.gpu.work_context import WorkContext
from app.services.media.pcm import BLOCK_SAMPLES
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import SpeechWindow, cut_windows
from app.settings import VadSettings
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.recording import TALK
from bench.whisper import CpuClock, checkpoint, engines, opened, settings_for

OVER_WHISPERX = Goal("engine_over_whisperx", 1.0, "ratio", better="higher")

BATCH = 8
_MINUTES = 10
_ROUNDS = 5
_DIFFERING = 0.05
"""Share of the words in which the two may differ: padding changes what a real model hears."""


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of the medians of CPU time.

    Raises:
        BenchError: the gpu extra is not installed, or the texts differ.
    """
    from bench.baselines import Whisperx

    media = environment.recordings.get(TALK, _MINUTES)
    ours_s: list[float] = []
    theirs_s: list[float] = []
    model = checkpoint()
    async with engines(settings_for(model, BATCH)) as ours:
        whisperx = Whisperx(model, finder(ours.vad))
        for number in range(_ROUNDS + 1):
            clock = CpuClock()
            own = await transcribe_file(ours, media, WorkContext("bench"))
            own_s = clock.elapsed_s
            clock = CpuClock()
            other = await asyncio.to_thread(whisperx.transcribe, media, BATCH)
            other_s = clock.elapsed_s
            check_alike(own, other)
            if number:
                ours_s.append(own_s)
                theirs_s.append(other_s)
                times = f"ours {own_s:.2f} s, whisperx {other_s:.2f} s of CPU"
                environment.progress.step(
                    f"throughput, round {number}: {times}, {len(own)} windows"
                )
    return [OVER_WHISPERX.reached(statistics.median(theirs_s) / statistics.median(ours_s))]


async def transcribe_file(
    ours: Engines, media: Path, context: WorkContext, first: Callable[[], None] | None = None
) -> list[str]:
    """Return the text of every window of a file, in order.

    Args:
        ours: loaded.
        media: the file.
        context: of its job.
        first: called when the first text is there.
    """
    async with opened(media) as found, asyncio.TaskGroup() as tasks:
        limit = asyncio.Semaphore(2 * BATCH)
        pending: list[asyncio.Task[str]] = []

        async def transcribe(cut: SpeechWindow) -> str:
            window = Window(cut.audio, "en", cancelled=context.cancelled)
            segments = await ours.scheduler.transcribe(window, context, cut.index)
            limit.release()
            if first is not None and cut.index == 0:
                first()
            return " ".join(segment.text for segment in segments)

        async for cut in cut_windows(found.blocks, ours.vad, VadSettings(), StageClock()):
            await limit.acquire()
            pending.append(tasks.create_task(transcribe(cut)))
    return [task.result() for task in pending]


def finder(vad: Vad) -> Callable[[Any], list[tuple[float, float]]]:
    """Return what finds our windows in a whole recording, in seconds."""

    async def find(samples: Any) -> list[tuple[float, float]]:
        async def blocks() -> AsyncIterator[Audio]:
            for start in range(0, len(samples), BLOCK_SAMPLES):
                yield Audio(samples[start : start + BLOCK_SAMPLES], start)

        cut = cut_windows(blocks(), vad, VadSettings(), StageClock())
        spans = [window.audio.span async for window in cut]
        return [(span.start_ms / 1000, span.end_ms / 1000) for span in spans]

    return lambda samples: asyncio.run(find(samples))


def check_alike(own: Sequence[str], other: Sequence[str]) -> None:
    """The two must have done the same work: the same windows, and nearly the same words.

    Raises:
        BenchError: they have not.
    """
    if len(own) != len(other):
        raise BenchError(f"{len(own)} windows on one side, {len(other)} on the other")
    mine, yours = (bare_words(" ".join(texts)) for texts in (own, other))
    differing = jiwer.wer(" ".join(yours), " ".join(mine))
    if differing > _DIFFERING:
        raise BenchError(f"{differing:.1%} of the words differ")


def bare_words(text: str) -> list[str]:
    """Return a text's words without case and punctuation."""
    return re.findall(r"[a-z0-9']+", text.lower())
