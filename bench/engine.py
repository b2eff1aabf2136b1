"""Bare engine: the transcriber alone on windows in memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.request import UploadedFile
from app.gpu.engine_registry import TRANSCRIBERS, VADS, load_engine
from app.gpu.protocols import Transcriber, Vad, Window
from app.gpu.self_test import transcribe_windows
from app.services.sources.opener import MediaOpener
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import cut_windows
from app.settings import Settings
from app.system.workdir import WorkDir
from bench.whisper import checkpoint, settings_for


@dataclass(frozen=True, slots=True)
class EngineRun:
    """Time of the engine for all windows, with the words that it transcribed."""

    end_s: float
    words: tuple[str, ...]


def bare_engine() -> Transcriber:
    """Load the transcriber as `serving` has it, one window at a time."""
    settings = settings_for(checkpoint(), batch=1)
    engine: Transcriber = load_engine(TRANSCRIBERS, settings.asr.engine, settings)
    return engine


async def windows_of(media: Path) -> list[Window]:
    """Return the windows that the pipeline cuts out of a recording."""
    settings = Settings()
    vad: Vad = load_engine(VADS, settings.vad.engine, settings)
    with tempfile.TemporaryDirectory() as folder, WorkDir.open(Path(folder)) as workdir:
        opened = await MediaOpener(settings, workdir).open(UploadedFile(media, sha256=""))
        try:
            cut = cut_windows(opened.blocks, vad, settings.vad, StageClock())
            return [Window(window.audio) async for window in cut]
        finally:
            await opened.aclose()


def transcribe_all(engine: Transcriber, windows: Sequence[Window]) -> EngineRun:
    """Transcribe one window after the other."""
    started_s = time.monotonic()
    segments = [
        segment for window in windows for segment in transcribe_windows(engine, [window])[0]
    ]
    end_s = time.monotonic() - started_s
    return EngineRun(end_s, tuple(word.text for segment in segments for word in segment.words))
