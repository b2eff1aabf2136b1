"""The real application with engines that take no time, for recordings of many hours.

Loud is speech, and every loud second holds the same two and a half words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from fastapi import FastAPI

from app.domain.audio import Samples
from app.domain.time import SAMPLES_PER_MS, Span
from app.domain.transcript import Segment, Word
from app.gpu import engine_manager
from app.gpu.protocols import Prepared, VadState, Window
from app.main import create_app
from app.settings import Settings
from tests.gpu.fake_engine import FakeEngine

FRAME = 512
WORD_MS = 400
_TEXT = "there was nobody at all in the old house by the river on that cold night"
SENTENCE = _TEXT.split()


class LoudVad(FakeEngine):
    """Satisfies the protocol: a frame that is not quiet is speech."""

    name = "loud"
    frame_samples = FRAME

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def detect(self, samples: Samples, state: VadState | None) -> tuple[Samples, VadState]:
        loud = np.abs(samples.reshape(-1, FRAME)).max(axis=1) > 0.05
        return np.where(loud, 0.95, 0.02).astype(np.float32), VadState(state or object())


class Talker(FakeEngine):
    """Satisfies the protocol: one sentence after the other wherever it is loud."""

    name = "talker"
    lanes, max_batch = 1, 16

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        return [said(prepared.window) for prepared in batch]


def said(window: Window) -> list[Segment]:
    """Return the sentences of a window; the last may be cut short."""
    return sentences(*_loud(window))


def sentences(start_ms: int, end_ms: int) -> list[Segment]:
    """Return one sentence after the other, without a pause."""
    starts = range(start_ms, end_ms - WORD_MS + 1, WORD_MS)
    words = [Span(start, start + WORD_MS - 20) for start in starts]
    return [_sentence(words[at : at + len(SENTENCE)]) for at in range(0, len(words), len(SENTENCE))]


def _loud(window: Window) -> tuple[int, int]:
    loud = np.flatnonzero(np.abs(window.audio.samples) > 0.05)
    if not len(loud):
        return window.audio.span.start_ms, window.audio.span.start_ms
    start_ms = window.audio.span.start_ms
    first, last = loud[0] // SAMPLES_PER_MS, loud[-1] // SAMPLES_PER_MS
    return start_ms + int(first), start_ms + int(last)


def _sentence(spans: list[Span]) -> Segment:
    texts = [text for text, _ in zip(SENTENCE, spans, strict=False)]
    texts[0] = texts[0].capitalize()
    texts[-1] += "."
    words = tuple(Word(text, span) for text, span in zip(texts, spans, strict=True))
    whole = Span(spans[0].start_ms, spans[-1].end_ms)
    return Segment(" ".join(texts), whole, words, "en", 1.0, whole.end_ms)


def use_scripted_engines() -> None:
    """Put these engines under the usual names."""
    here = "tests.clients.scripted_engines"
    transcribers: dict[str, str] = {Settings().asr.engine: f"{here}:Talker"}
    engine_manager.VADS = {"silero": f"{here}:LoudVad"}  # type: ignore[attr-defined]
    engine_manager.TRANSCRIBERS = transcribers  # type: ignore[attr-defined]


def application() -> FastAPI:
    """Return the application with these engines under the usual names."""
    use_scripted_engines()
    return create_app()
