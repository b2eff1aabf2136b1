"""A worker of the queue whose jobs take a fixed time and no processor: the queue itself shows.

``python -m bench.job_worker SECONDS`` runs jobs of so many seconds, with the settings of the
environment, until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import uvloop

from app.domain.cue import Cue
from app.domain.events import CuesReady, Event, MediaOpened, Result, SegmentTranscribed
from app.domain.request import JobRequest
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.jobs.job_work import JobWork
from app.services.jobs.metrics import Metrics
from app.services.jobs.runner import JobRunner
from app.services.jobs.store.open_job_store import open_job_store
from app.services.playback.playback import Playback
from app.settings import Settings

_BATCHES = 10
_WORD_MS = 400
_TEXT = "there was nobody at all in the old house by the river on that night"


class InstantPipeline:
    """Emits the events of a short recording: ten batches, and words for each.

    Args:
        engine_s: how long a job takes.
    """

    def __init__(self, engine_s: float) -> None:
        self._engine_s = engine_s

    def build(self, request: JobRequest) -> InstantPipeline:
        """Return the pipeline of a job."""
        del request
        return self

    async def run(
        self, request: JobRequest, playback: Playback, emit: Callable[[Event], None]
    ) -> Result:
        """Emit the events of a job; see `Pipeline.run`."""
        del request, playback
        emit(MediaOpened(60_000))
        segments = [_segment(number) for number in range(_BATCHES)]
        cues = []
        for number, segment in enumerate(segments):
            if self._engine_s:
                await asyncio.sleep(self._engine_s / _BATCHES)
            cue = Cue(number, segment.span, segment.text, language="en")
            cues.append(cue)
            emit(SegmentTranscribed(segment))
            emit(CuesReady((cue,), final=True))
        return Result(tuple(cues), False, "en", 60_000, 100, {}, segments=tuple(segments))


def _segment(number: int) -> Segment:
    texts = _TEXT.split()
    first = number * len(texts)
    starts_ms = [(first + n) * _WORD_MS for n in range(len(texts))]
    spans = [Span(start_ms, start_ms + _WORD_MS) for start_ms in starts_ms]
    words = tuple(Word(text, span) for text, span in zip(texts, spans, strict=True))
    return Segment(_TEXT, Span(starts_ms[0], spans[-1].end_ms), words, "en")


def instant_runner(settings: Settings, engine_s: float) -> JobRunner:
    """Return a runner whose jobs take no engine."""
    readiness: Any = SimpleNamespace(
        admit=lambda: None, state="ready", loaded=True, draining=False, engine_manager=None
    )
    work = JobWork(settings, readiness, InstantPipeline(engine_s), Metrics())
    return JobRunner(settings, readiness, work, open_job_store(settings))


async def _serve(engine_s: float) -> None:
    runner = instant_runner(Settings(), engine_s)
    await runner.open()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.close()


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1])))
