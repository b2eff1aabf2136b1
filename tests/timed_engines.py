"""The real application with an engine whose calls take a known time, for comparisons of order."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from fastapi import FastAPI

from app.domain.transcript import Segment
from app.gpu import engine_manager
from app.gpu.protocols import Prepared
from app.main import create_app
from app.settings import Settings
from tests.clients.scripted_engines import Talker

CALL_S, WINDOW_S, MAX_BATCH = 1.0, 0.05, 4
"""Time of a call, and of each window of 28 s in it: long beside what else a busy machine does."""

CALLS = "calls.jsonl"


class TimedTalker(Talker):
    """Sleeps for as long as a device would compute; writes down each call's lengths in seconds."""

    max_batch = MAX_BATCH

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        lengths_s = [prepared.window.audio.span.duration_ms / 1000 for prepared in batch]
        time.sleep(CALL_S + WINDOW_S * sum(lengths_s) / 28)
        folder = self.settings.sources.work_dir
        assert folder is not None
        with (folder / CALLS).open("a") as calls:
            calls.write(json.dumps(lengths_s) + "\n")
        return super().decode(batch)


def application() -> FastAPI:
    """Return the application with this engine."""
    engine_manager.VADS = {"silero": "tests.clients.scripted_engines:LoudVad"}
    engine_manager.TRANSCRIBERS = {Settings().asr.engine: "tests.timed_engines:TimedTalker"}
    return create_app()
