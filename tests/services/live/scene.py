"""A stage for live streams: engines that do as they are told, and whoever listens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import CuestreamError
from app.domain.language import Language
from app.domain.request import Task
from app.domain.time import Span
from app.domain.transcript import Segment
from app.gpu.protocols import Prepared, Window
from app.gpu.scheduler import Scheduler
from app.services.live.live_result import LiveResult
from app.services.live.session import LiveSession
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
)
from app.settings import LiveSettings, Settings

RATE = 16_000


class LoudVad:
    """Hears speech in whatever is loud."""

    frame_samples = 512

    def detect(self, samples: NDArray[np.float32], state: object) -> Any:
        loud = np.abs(samples.reshape(-1, 512)).max(axis=1) > 0.01
        return loud.astype(np.float32), state


class Ears:
    """A transcriber that says how long each window was, in tenths of a second.

    Attributes:
        gate: windows wait until it is set.
        failures: what the next calls raise, one each; None for nothing.
    """

    lanes = 1
    max_batch = 4
    cache_key = "ears 1"
    device = "cpu"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.failures: list[CuestreamError | None] = []
        self.windows: list[Window] = []

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        windows = [prepared.window for prepared in batch]
        self.windows += windows
        self.gate.wait(20)
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        return [[_segment(window)] for window in windows]


def _segment(window: Window) -> Segment:
    text, spoken = f"{window.audio.span.duration_ms // 100}", None
    if window.task == "translate":
        spoken = "fr"
    return Segment(text, Span(0, 1), (), "en-US", spoken=spoken)


class Shouter:
    """A translator that shouts.

    Attributes:
        gate: lines wait until it is set.
        failures: as for Ears.
    """

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures: list[CuestreamError | None] = []
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def check(self, pair: LanguagePair) -> None:
        return None

    async def translate(
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> AsyncIterator[tuple[int, str]]:
        self.asked += [(line.text, tuple(b.text for b in before)) for line in lines]
        await self.gate.wait()
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        for line in lines:
            yield line.id, f"¡{line.text}!"


class Scene:
    """One worker's engines, and a reader who remembers what was told.

    Args:
        live: settings of live captions that differ from the usual ones.
    """

    def __init__(self, **live: Any) -> None:
        self.settings = Settings(live=LiveSettings(**live))
        self.ears, self.shouter = Ears(), Shouter()
        self.scheduler = Scheduler(self.ears)
        self.told: list[LiveResult] = []
        self.loaded = asyncio.Event()
        self.readiness: Any = SimpleNamespace(
            state="ready",
            loaded=True,
            draining=False,
            engine_manager=SimpleNamespace(
                engines=SimpleNamespace(vad=LoudVad(), scheduler=self.scheduler)
            ),
            translator=self.shouter,
            wait=self.loaded.wait,
            admit=lambda: None,
        )

    async def tell(self, result: LiveResult) -> None:
        self.told.append(result)

    def session(self, target: str | None = "es", task: Task = "transcribe") -> LiveSession:
        language = Language.parse(target) if target else None
        return LiveSession(language, self.readiness, self.settings, self.tell, task)

    @property
    def lines(self) -> list[tuple[str, str, str | None]]:
        return [(r.status, r.error or r.text, r.translation) for r in self.told]

    def close(self) -> None:
        self.ears.gate.set()
        self.scheduler.close()


def speech(seconds: float) -> NDArray[np.float32]:
    return np.full(int(seconds * RATE), 0.5, np.float32)


def silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(int(seconds * RATE), np.float32)


async def until(true: Callable[[], object]) -> None:
    """Wait for something that is about to happen."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)
