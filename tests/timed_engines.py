"""The real application with an engine whose calls take a known time, for comparisons of order."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fastapi import FastAPI

from app.domain.audio import Audio
from app.domain.transcript import Segment
from app.gpu import engine_manager
from app.gpu.protocols import Prepared, Window
from app.main import create_app
from app.settings import Settings
from tests.clients.scripted_engines import Talker

CALL_S, WINDOW_S, MAX_BATCH = 0.6, 0.03, 4
"""Time of a call, and of each window of 28 s in it; a call is longer than it takes to cut more."""

CALLS, PREPARED, HOLD = "calls.jsonl", "prepared.jsonl", "hold"
"""Files in the server's folder: what was decoded, what is ready to be, and one whose presence holds
all but a first call of a recording."""


class TimedTalker(Talker):
    """Sleeps for as long as a device would compute, and writes down what each call decodes.

    A line of the files is a call, or what is prepared at a time: start and end of each window in
    seconds with its loudest sample, by which a test knows the recording.
    """

    max_batch = MAX_BATCH

    def prepare(self, window: Window) -> Prepared:
        self._write(PREPARED, [_described(window.audio)])
        return super().prepare(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        windows = [_described(prepared.window.audio) for prepared in batch]
        folder = self._folder
        while (folder / HOLD).exists() and not any(start_s == 0 for start_s, _, _ in windows):
            time.sleep(0.02)
        time.sleep(CALL_S + WINDOW_S * sum(end_s - start_s for start_s, end_s, _ in windows) / 28)
        self._write(CALLS, windows)
        return super().decode(batch)

    @property
    def _folder(self) -> Path:
        folder = self.settings.sources.work_dir
        assert folder is not None
        return folder

    def _write(self, name: str, windows: Sequence[tuple[float, float, float]]) -> None:
        with (self._folder / name).open("a") as file:
            file.write(json.dumps(windows) + "\n")


def _described(audio: Audio) -> tuple[float, float, float]:
    span = audio.span
    return span.start_ms / 1000, span.end_ms / 1000, round(float(np.abs(audio.samples).max()), 1)


def application() -> FastAPI:
    """Return the application with this engine."""
    engine_manager.VADS = {"silero": "tests.clients.scripted_engines:LoudVad"}
    engine_manager.TRANSCRIBERS = {Settings().asr.engine: "tests.timed_engines:TimedTalker"}
    return create_app()
