"""The real application with engines that take the time they are told to, and two speakers.

``BATCH_S`` is how long a batch takes. Speakers are known once the file ``SPEAKERS_GATE`` exists.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from app.domain.transcript import Segment, SpeakerTurn
from app.gpu import engine_manager
from app.gpu.protocols import Prepared
from app.main import create_app
from app.settings import Settings
from tests.clients import scripted_engines
from tests.services.pipeline.runs import TwoSpeakers


class SlowTalker(scripted_engines.Talker):
    """A talker of two windows at a time."""

    max_batch = 2

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        time.sleep(float(os.environ.get("BATCH_S", "0")))
        return super().decode(batch)


class GatedSpeakers(TwoSpeakers):
    """Two speakers, who are found as soon as a file is there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def turns(self, state: Any, speakers: object) -> Sequence[SpeakerTurn]:
        gate = Path(os.environ["SPEAKERS_GATE"])
        while not gate.exists():
            time.sleep(0.02)
        return super().turns(state, speakers)


def application() -> FastAPI:
    """Return the application with these engines under the usual names."""
    here = "tests.clients.speaking_engines"
    settings = Settings()
    engine_manager.VADS = {"silero": "tests.clients.scripted_engines:LoudVad"}
    engine_manager.TRANSCRIBERS = {settings.asr.engine: f"{here}:SlowTalker"}
    engine_manager.DIARIZERS = {settings.diarization.engine: f"{here}:GatedSpeakers"}
    return create_app()
