"""The bare engine: the transcriber alone on windows that lie ready."""

from __future__ import annotations

import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.domain.audio import Audio
from app.gpu.protocols import Transcriber, Vad, Window
from app.gpu.registry import TRANSCRIBERS, VADS, load_engine
from app.services.clock import StageClock
from app.services.sources.ffmpeg import decode_command
from app.services.stages.decode import BLOCK_SAMPLES
from app.services.stages.speech import cut_windows
from app.settings import AsrSettings, Settings


@contextmanager
def bare_engine() -> Iterator[Transcriber]:
    """Load the embedded transcriber with one lane, as the server has it."""
    engine = load_engine(TRANSCRIBERS, "embedded", Settings(asr=AsrSettings(lanes=1)))
    try:
        yield engine
    finally:
        engine.close()


async def windows_of(media: Path) -> list[Window]:
    """Return the windows that the pipeline cuts out of a recording."""
    settings = Settings()
    pcm = subprocess.run(decode_command(media), check=True, capture_output=True).stdout  # noqa: ASYNC221 - nothing else runs
    vad: Vad = load_engine(VADS, settings.vad.engine, settings)
    cut = cut_windows(_blocks(pcm), vad, settings.vad, StageClock())
    return [Window(window.audio) async for window in cut]


def transcribe_all(engine: Transcriber, windows: Sequence[Window]) -> tuple[float, list[str]]:
    """Transcribe one window after the other; return the seconds it took and the words."""
    started_s = time.monotonic()
    heard = [segment for window in windows for segment in engine.transcribe([window])[0]]
    spent_s = time.monotonic() - started_s
    return spent_s, [word.text for segment in heard for word in segment.words]


async def _blocks(pcm: bytes) -> AsyncIterator[Audio]:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(2**15)
    for start in range(0, len(samples), BLOCK_SAMPLES):
        yield Audio(samples[start : start + BLOCK_SAMPLES], start)
