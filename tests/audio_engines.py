"""The real application with engines that take no time and tell voices apart by their loudness.

Every loud stretch is a sentence; one that is louder than `LOUD` is said by the louder person.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from app.domain.errors import EngineError
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.gpu import engine_manager
from app.gpu.protocols import DiarizationState, Prepared, Window
from app.main import create_app
from app.settings import Settings
from tests.gpu.fake_engine import FakeEngine

LOUD = 0.4
BROKEN = 0.85
"""A stretch that is louder still breaks the transcriber."""

_SILENCE = 0.02
_GAP = 4_000


def stretches(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Return where it is loud: first sample and one after the last."""
    loud = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) > _GAP)
    starts = [loud[0], *loud[cuts + 1]]
    ends = [*loud[cuts], loud[-1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]


class Listener(FakeEngine):
    """A transcriber that hears "Hello number N." in stretch N of a window."""

    name = "listener"
    lanes, max_batch = 1, 8

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # A test may hold up the loading of the models.
        while (settings.caches.folder / "hold").exists():
            time.sleep(0.05)

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        return [self._heard(prepared.window) for prepared in batch]

    def _heard(self, window: Window) -> list[Segment]:
        samples = window.audio.samples
        if len(samples) and np.abs(samples).max() > BROKEN:
            raise EngineError("The engine is out of order")
        offset_ms = window.audio.span.start_ms
        return [
            self._segment(offset_ms + start // 16, offset_ms + end // 16)
            for start, end in stretches(samples)
        ]

    def _segment(self, start_ms: int, end_ms: int) -> Segment:
        texts = ["Hello", "number", f"{start_ms // 1000}."]
        step = (end_ms - start_ms) // len(texts)
        spans = [Span(start_ms + n * step, start_ms + (n + 1) * step) for n in range(len(texts))]
        words = tuple(Word(text, span, 0.9) for text, span in zip(texts, spans, strict=True))
        whole = Span(start_ms, spans[-1].end_ms)
        return Segment(" ".join(texts), whole, words, "en", 0.9, whole.end_ms)


class LoudnessDiarizer(FakeEngine):
    """A diarizer that tells two people apart by how loud they are."""

    name = "loudness"
    slice_samples = 160_000

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def process(
        self, samples: Any, state: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        before: Any = np.zeros(0, np.float32) if state is None else state
        whole: Any = np.concatenate([before, samples])
        return whole

    def turns(self, state: Any, speakers: object) -> list[SpeakerTurn]:
        names: dict[bool, str] = {}
        turns: list[SpeakerTurn] = []
        for start, end in stretches(state):
            louder = bool(np.abs(state[start:end]).max() > LOUD)
            name = names.setdefault(louder, f"SPEAKER_{len(names):02}")
            turns.append(SpeakerTurn(Span(start // 16, end // 16), name))
        return turns


def application() -> FastAPI:
    """Return the application with these engines under the usual names."""
    here = "tests.audio_engines"
    engine_manager.VADS = {"silero": "tests.clients.scripted_engines:LoudVad"}
    names = {name: f"{here}:Listener" for name in ("whisperx",)}
    engine_manager.TRANSCRIBERS = {**engine_manager.TRANSCRIBERS, **names}
    engine_manager.DIARIZERS = {
        **engine_manager.DIARIZERS,
        "pyannote": f"{here}:LoudnessDiarizer",
    }
    return create_app()


def speech_like(*parts: tuple[float, float]) -> NDArray[np.float32]:
    """Return noise of given loudness and lengths in seconds; loudness 0 is silence."""
    rng = np.random.default_rng(3)
    sounds = [
        (rng.choice([-1.0, 1.0], int(seconds * 16_000)) * peak).astype(np.float32)
        for peak, seconds in parts
    ]
    return np.concatenate(sounds)
