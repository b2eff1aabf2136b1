"""Latency of eight concurrent callers, beside eight threads that share one locked whisperx.

Each has four minutes of another recording and goes from the file's path to its text. Behind a lock
a caller's first text is there when all of it is there, and after all earlier callers; ours share
batches, first windows first. The same checkpoint, beams, batch and windows on both sides, nearly
the same text, one CPU thread for the model. The lock covers `load_audio` and `transcribe()` of each
file.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.gpu.loaded_engines import Engines
from app.gpu.work_context import WorkContext
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.recording import TALK
from bench.throughput import check_alike, finder, transcribe_file
from bench.whisper import checkpoint, engines, settings_for

if TYPE_CHECKING:
    from bench.baselines import Whisperx

FIRST_TEXT = Goal("callers8_first_text_p95_over_locked", 0.25, "ratio")
THROUGHPUT = Goal("callers8_throughput_over_locked", 1.0, "ratio", better="higher")

_CALLERS = 8
_BATCH = 4
"""On both sides: our own choice for a CPU, where whisperx gains nothing by more either."""
_MINUTES = 4
_MINUTES_OF_ALL = 10
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Served:
    """Times and texts of one round.

    Attributes:
        first_s: seconds to each caller's first text.
        all_s: seconds until the last caller had everything.
        texts: of each caller's windows.
    """

    first_s: tuple[float, ...]
    all_s: float
    texts: tuple[Sequence[str], ...]

    @property
    def p95_s(self) -> float:
        """95th percentile of the first texts."""
        return float(np.percentile(self.first_s, 95))


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the medians of the rounds' ratios.

    Raises:
        BenchError: the gpu extra is not installed, or the texts differ.
    """
    first: list[float] = []
    speed: list[float] = []
    from bench.baselines import Whisperx

    model = checkpoint()
    with tempfile.TemporaryDirectory() as folder:
        whole = environment.recordings.get(TALK, _MINUTES_OF_ALL)
        media = [_cut(whole, Path(folder), number) for number in range(_CALLERS)]
        async with engines(settings_for(model, _BATCH)) as ours:
            whisperx = Whisperx(model, finder(ours.vad))
            await transcribe_file(ours, media[0], WorkContext("warm"))
            await asyncio.to_thread(whisperx.transcribe, media[0], _BATCH)
            for number in range(1, _ROUNDS + 1):
                if number % 2:
                    shared = await _shared(ours, media)
                    locked = await asyncio.to_thread(_locked, whisperx, media)
                else:
                    locked = await asyncio.to_thread(_locked, whisperx, media)
                    shared = await _shared(ours, media)
                for own, other in zip(shared.texts, locked.texts, strict=True):
                    check_alike(own, other)
                first.append(shared.p95_s / locked.p95_s)
                speed.append(locked.all_s / shared.all_s)
                environment.progress.step(
                    f"callers, round {number}: {_times('ours', shared)}, {_times('locked', locked)}"
                )
    return [
        FIRST_TEXT.reached(statistics.median(first)),
        THROUGHPUT.reached(statistics.median(speed)),
    ]


def _cut(whole: Path, folder: Path, number: int) -> Path:
    """Return some minutes of a recording, other ones for each caller."""
    minutes = (_MINUTES_OF_ALL - _MINUTES) / (_CALLERS - 1) * number
    path = folder / f"{number}.m4a"
    times = ("-ss", f"{60 * minutes:.2f}", "-t", str(60 * _MINUTES))
    command = ("ffmpeg", "-v", "error", *times, "-i", str(whole), "-c", "copy", str(path))
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError("ffmpeg could not cut a recording") from error
    return path


async def _shared(ours: Engines, media: Sequence[Path]) -> Served:
    started_s = time.monotonic()
    first_s = [0.0] * len(media)

    async def call(number: int) -> list[str]:
        def first() -> None:
            first_s[number] = time.monotonic() - started_s

        return await transcribe_file(ours, media[number], WorkContext(f"caller {number}"), first)

    texts = await asyncio.gather(*(call(number) for number in range(len(media))))
    return Served(tuple(first_s), time.monotonic() - started_s, tuple(texts))


def _locked(whisperx: Whisperx, media: Sequence[Path]) -> Served:
    started_s = time.monotonic()
    first_s = [0.0] * len(media)
    texts: list[Sequence[str]] = [()] * len(media)
    lock = threading.Lock()

    def call(number: int) -> None:
        with lock:
            texts[number] = whisperx.transcribe(media[number], _BATCH)
        first_s[number] = time.monotonic() - started_s

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(media))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Served(tuple(first_s), time.monotonic() - started_s, tuple(texts))


def _times(side: str, served: Served) -> str:
    each = " ".join(f"{seconds:.1f}" for seconds in sorted(served.first_s))
    return f"{side}, first texts at {each}, all at {served.all_s:.1f} s"
