"""The real application, whose Whisper fails on the first window that it is given."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from app.domain.errors import EngineError
from app.domain.transcript import Segment
from app.gpu import engine_manager
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Prepared
from app.main import create_app
from app.settings import Settings


class FirstBatchFails(WhisperxTranscriber):
    """Whisper on a device that is lost once, at its first batch after the start."""

    _has_failed = True

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._has_failed = False

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment] | Prepared]:
        if not self._has_failed:
            self._has_failed = True
            raise EngineError("The device was lost")
        return super().decode(batch)


def application() -> FastAPI:
    """Return the application with this engine under the usual name."""
    engine = Settings().asr.engine
    engine_manager.TRANSCRIBERS = {engine: "tests.clients.failing_engine:FirstBatchFails"}
    return create_app()
