"""The application with engines that take no time, which note every window that they decode."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from app.domain.transcript import Segment
from app.gpu import engine_manager
from app.gpu.protocols import Prepared
from app.main import create_app
from tests.audio_engines import Listener

DECODED = "decoded.jsonl"
_lock = threading.Lock()


class NotingListener(Listener):
    """Hears what `Listener` does and notes the places of its windows."""

    translates = True

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        with _lock, (self.settings.caches.folder / DECODED).open("a") as file:
            for prepared in batch:
                span = prepared.window.audio.span
                file.write(json.dumps([span.start_ms, span.end_ms, prepared.window.task]) + "\n")
        return super().decode(batch)


def decoded(cache_dir: Path) -> list[tuple[int, int, str]]:
    """Return the windows that were decoded so far."""
    path = cache_dir / DECODED
    return (
        [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []
    )


def application() -> FastAPI:
    """Return the application with these engines under the usual names."""
    engine_manager.VADS = {"silero": "tests.clients.scripted_engines:LoudVad"}
    names = {"whisperx": "tests.asr_app:NotingListener"}
    engine_manager.TRANSCRIBERS = {**engine_manager.TRANSCRIBERS, **names}
    return create_app()
