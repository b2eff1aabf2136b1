"""The real application with engines that take no time and have every ability of the guides."""

from __future__ import annotations

from fastapi import FastAPI

from app.domain.audio import Samples
from app.domain.request import SpeakerCount
from app.domain.time import SAMPLE_RATE_HZ, Span
from app.domain.transcript import SpeakerTurn
from app.gpu import engine_manager
from app.main import create_app
from app.settings import Settings
from tests.clients import scripted_engines
from tests.gpu.fake_engine import FakeEngine


class TranslatingTalker(scripted_engines.Talker):
    """Satisfies the protocol: the sentences are English, so there is nothing to translate."""

    translates = True


class HalfAndHalf(FakeEngine):
    """Satisfies the protocol: one speaker says the first half, another one the second."""

    name = "half and half"
    slice_samples = 10 * SAMPLE_RATE_HZ

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def process(self, samples: Samples, state: int | None, *, last: bool = False) -> int:
        return (state or 0) + len(samples)

    def turns(self, state: int, speakers: SpeakerCount) -> list[SpeakerTurn]:
        end_ms = state * 1000 // SAMPLE_RATE_HZ
        halves = (Span(0, end_ms // 2), Span(end_ms // 2, end_ms))
        return [SpeakerTurn(span, f"SPEAKER_{number:02d}") for number, span in enumerate(halves)]


def application() -> FastAPI:
    """Return the application with these engines under the usual names."""
    here = "tests.packaging.documented_engines"
    engine_manager.VADS = {"silero": "tests.clients.scripted_engines:LoudVad"}
    engine_manager.TRANSCRIBERS = {Settings().asr.engine: f"{here}:TranslatingTalker"}
    engine_manager.DIARIZERS = {Settings().diarization.engine: f"{here}:HalfAndHalf"}
    return create_app()
