"""The real application whose transcriber waits while a test holds it, and tells voices apart."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from app.domain.transcript import Segment
from app.gpu import engine_manager
from app.gpu.protocols import Prepared
from tests import audio_engines
from tests.server import ServerProcess

APP = "tests.clients.held_engines:application()"


class HeldListener(audio_engines.Listener):
    """A listener of one window at a time, that waits while the file ``DECODER_HOLD`` exists."""

    max_batch = 1

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        hold = Path(os.environ["DECODER_HOLD"])
        while hold.exists():
            time.sleep(0.02)
        return super().decode(batch)


@dataclass(frozen=True, slots=True)
class Held:
    """A server whose transcriber a test can hold."""

    server: ServerProcess
    file: Path

    def hold(self) -> None:
        self.file.touch()

    def release(self) -> None:
        self.file.unlink(missing_ok=True)


def held_server(folder: Path, **settings: str) -> Held:
    """Return such a server, ready."""
    file = folder / "hold-decoder"
    server = ServerProcess(folder, {"DECODER_HOLD": str(file), **settings}, APP)
    server.wait_ready()
    return Held(server, file)


def application() -> FastAPI:
    """Return the application with this engine under the usual name."""
    app = audio_engines.application()
    engine_manager.TRANSCRIBERS = {
        **engine_manager.TRANSCRIBERS,
        "whisperx": "tests.clients.held_engines:HeldListener",
    }
    return app
