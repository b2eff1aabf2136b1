"""Whisper tiny.en for comparisons, with the settings of our side.

Both sides read the same files from disk, search with the same beams, and make no second attempt.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import EngineLoadError
from app.domain.request import UploadedFile
from app.gpu.engine_manager import EngineManager
from app.gpu.loaded_engines import Engines
from app.services.sources.opened import OpenedMedia
from app.services.sources.opener import MediaOpener
from app.settings import AlignmentSettings, AsrSettings, Settings, WhisperSettings
from app.system.workdir import WorkDir
from bench.figure import BenchError
from tests.real_models import whisper_folder

BEAM = 5


def checkpoint() -> Path:
    """Return the checkpoint's folder.

    Raises:
        BenchError: it cannot be fetched.
    """
    try:
        return whisper_folder("tiny.en")
    except EngineLoadError as error:
        raise BenchError(error.message) from error


def settings_for(model: Path, batch: int | None = None, **groups: object) -> Settings:
    """Return the settings of our side: one CPU thread for the model, as the other side has."""
    chosen: dict[str, object] = {
        "asr": AsrSettings(engine="whisperx", device="cpu", batch_size=batch),
        "whisper": WhisperSettings(
            model=str(model), beam_size=BEAM, cpu_threads=1, language="en", temperatures=(0.0,)
        ),
        "alignment": AlignmentSettings(enabled=False),
        **groups,
    }
    return Settings.model_validate(chosen)


@asynccontextmanager
async def engines(settings: Settings) -> AsyncIterator[Engines]:
    """Load our engines."""
    manager = EngineManager(settings)
    try:
        await manager.load()
        yield manager.engines
    finally:
        manager.close()


@asynccontextmanager
async def opened(media: Path) -> AsyncIterator[OpenedMedia]:
    """Open a recording as an upload is opened."""
    with tempfile.TemporaryDirectory() as folder, WorkDir.open(Path(folder)) as workdir:
        found = await MediaOpener(Settings(), workdir).open(UploadedFile(media, sha256=""))
        try:
            yield found
        finally:
            await found.aclose()


@dataclass(slots=True)
class CpuClock:
    """CPU seconds of this process and of its children that have ended."""

    started_s: float = 0.0

    def __post_init__(self) -> None:
        self.started_s = self._now_s()

    @property
    def elapsed_s(self) -> float:
        """Since it was made."""
        return self._now_s() - self.started_s

    def _now_s(self) -> float:
        children = os.times()
        return time.process_time() + children.children_user + children.children_system
