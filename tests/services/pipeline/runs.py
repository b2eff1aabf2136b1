"""Runs of the pipeline with scripted engines and real files, decoder and caches."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.audio import Samples
from app.domain.events import Event, Result
from app.domain.request import JobRequest, UploadedFile
from app.domain.time import SAMPLE_RATE_HZ, Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.gpu.loaded_engines import Engines
from app.gpu.protocols import DiarizationState, Prepared, Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.cache.caches import Caches
from app.services.pipeline.pipeline import Pipeline
from app.services.pipeline.pipeline_run import PipelineServices
from app.services.playback.playback import Playback
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers
from app.services.translation.llm.model_catalog import Prices
from app.settings import Settings
from app.system.workdir import WorkDir
from tests.gpu.fake_engine import FakeEngine
from tests.services.stages.translating import ScriptedTranslator


class LoudnessVad(FakeEngine):
    """Takes a frame for speech where it is not silent."""

    frame_samples = 512

    def detect(self, samples: Samples, state: Any) -> Any:
        frames = samples.reshape(-1, self.frame_samples)
        return (np.abs(frames).max(axis=1) > 0.01).astype(np.float32), state


class WindowCounter(FakeEngine):
    """Transcribes every window as one sentence of two words that names its start in seconds."""

    lanes = 1
    max_batch = 4

    def __init__(self) -> None:
        self.decoded: list[int] = []
        self.failure: Exception | None = None

    def prepare(self, window: Window) -> Prepared:
        return Prepared(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        if self.failure is not None:
            raise self.failure
        return [[self._segment(prepared.window)] for prepared in batch]

    def _segment(self, window: Window) -> Segment:
        start_ms = window.audio.span.start_ms + 250
        self.decoded.append(start_ms)
        second = Word(f"{start_ms // 1000}.", Span(start_ms + 400, start_ms + 800), 0.5)
        words = (Word("Second", Span(start_ms, start_ms + 300), 0.9), second)
        return Segment(f"Second {second.text}", Span(start_ms, start_ms + 800), words, "en")


class TwoSpeakers(FakeEngine):
    """Finds one speaker in the first five seconds and another one after them."""

    slice_samples = SAMPLE_RATE_HZ

    def process(
        self, samples: Samples, state: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        done: Any = state or 0
        total: Any = done + len(samples)
        return total

    def turns(self, state: Any, speakers: object) -> Sequence[SpeakerTurn]:
        end_ms = state * 1000 // SAMPLE_RATE_HZ
        return (
            SpeakerTurn(Span(0, 5_000), "SPEAKER_00"),
            SpeakerTurn(Span(5_000, end_ms), "SPEAKER_01"),
        )


class Runs:
    """Runs of one server: its engines, its translator and its caches.

    Args:
        workdir: for temporary files.
        caches: shared by all runs.
        transcribes: whether the server has speech engines.
        transcriber: a `WindowCounter` unless given.
    """

    def __init__(
        self,
        workdir: WorkDir,
        caches: Caches,
        *,
        transcribes: bool = True,
        transcriber: WindowCounter | None = None,
    ) -> None:
        settings = Settings()
        self.transcriber = transcriber or WindowCounter()
        self.translator = ScriptedTranslator()
        diarizer = TwoSpeakers()
        self.scheduler = Scheduler(self.transcriber, None, diarizer)
        engines = Engines(LoudnessVad(), self.scheduler, "counter 1", diarizer=diarizer)
        self.services = PipelineServices(
            settings,
            MediaOpener(settings, workdir, caches),
            caches,
            workdir,
            CallerLedgers(None, Prices()),
            engines if transcribes else None,
            self.translator,
        )
        self.events: list[Event] = []

    async def run(self, request: JobRequest, context: WorkContext | None = None) -> Result:
        """Run the pipeline; the events are those of the latest run."""
        self.events.clear()
        playback = Playback(context or WorkContext("job", position_ms=request.position_ms))
        return await Pipeline(self.services).run(request, playback, self.events.append)

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one class."""
        return [event for event in self.events if isinstance(event, kind)]

    def close(self) -> None:
        """Stop the scheduler."""
        self.scheduler.close()


def recording(path: Path, sentences: int = 3, peak: int = 20_000) -> UploadedFile:
    """Write a recording: a second of tone every four seconds."""
    time_s = np.arange(sentences * 4 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = np.where(time_s % 4 < 1, np.sin(time_s * 440 * 2 * np.pi), 0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((tone * peak).astype("<i2").tobytes())
    return UploadedFile(path, sha256=path.name)
