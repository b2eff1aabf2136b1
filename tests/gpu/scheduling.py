"""Fake engines for tests of the scheduler, with the work that they are given."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, cast

import numpy as np

from app.domain.audio import Audio
from app.domain.request import Audience
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn
from app.gpu.preemption import preemption_point
from app.gpu.protocols import AlignmentInput, DiarizationState, Prepared, Window
from app.gpu.scheduler.work_item import EngineStage, PendingResult, WorkItem
from app.gpu.work_context import WorkContext
from tests.gpu.fake_engine import FakeEngine

WAIT_S = 20


class Gate:
    """Blocks a thread that reaches it while it is closed; open at first."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self.reached = threading.Event()

    def close(self) -> None:
        self.reached.clear()
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def pass_through(self) -> None:
        self.reached.set()
        assert self._open.wait(WAIT_S), "the gate was never opened"

    async def wait_until_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, WAIT_S)


class Log:
    """Calls of engines, in order, by any thread."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, list[str]]] = []
        self.active: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self._lock = threading.Lock()

    def enter(self, stage: str, names: list[str]) -> None:
        with self._lock:
            self.entries.append((stage, names))
            self.active[stage] = self.active.get(stage, 0) + 1
            self.most[stage] = max(self.most.get(stage, 0), self.active[stage])

    def leave(self, stage: str) -> None:
        with self._lock:
            self.active[stage] -= 1


class FakeTranscriber(FakeEngine):
    """Transcribes each window as its prompt, which names it.

    Attributes:
        gate: every call of `decode` passes it, and then a point at which it can be preempted.
        prepare_gate: every call of `prepare` does.
        decode_as: decodes a batch instead.
        again: names of windows that are decoded once more, each so many times.
        keys: batch keys by name.
    """

    def __init__(self, max_batch: int = 4, lanes: int = 1, log: Log | None = None) -> None:
        self.max_batch, self.lanes = max_batch, lanes
        self.log = log or Log()
        self.gate, self.prepare_gate = Gate(), Gate()
        self.prepared: list[str] = []
        self.preparing_threads: set[str] = set()
        self.again: dict[str, int] = {}
        self.keys: dict[str, Any] = {}
        self.padded_ms = 0
        self.decode_as: Callable[[Sequence[Prepared]], Any] | None = None

    def prepare(self, window: Window) -> Prepared:
        self.prepared.append(window.prompt)
        self.preparing_threads.add(threading.current_thread().name)
        self.prepare_gate.pass_through()
        batch_key = cast("Hashable", self.keys.get(window.prompt))
        return Prepared(window, batch_key=batch_key, padded_ms=self.padded_ms)

    def decode(self, batch: Sequence[Prepared]) -> Any:
        self.log.enter("transcribe", [prepared.window.prompt for prepared in batch])
        try:
            self.gate.pass_through()
            preemption_point()
            if self.decode_as is not None:
                return self.decode_as(batch)
            return [self.transcribe_one(prepared) for prepared in batch]
        finally:
            self.log.leave("transcribe")

    def transcribe_one(self, prepared: Prepared) -> Any:
        name = prepared.window.prompt
        if prepared.attempt < self.again.get(name, 0):
            return Prepared(prepared.window, prepared.batch_key, 0, prepared.attempt + 1)
        return [Segment(name, Span(0, 1), (), "en")]

    @property
    def batches(self) -> list[list[str]]:
        return [names for stage, names in self.log.entries if stage == "transcribe"]


class FakeAligner(FakeEngine):
    """Returns segments as they are."""

    def __init__(self, log: Log, max_batch: int = 4) -> None:
        self.log, self.max_batch = log, max_batch
        self.gate = Gate()

    def supports(self, language: str) -> bool:
        return language == "en"

    def align(self, inputs: Sequence[AlignmentInput]) -> list[tuple[Segment, ...]]:
        self.log.enter("align", [alignment_input.segments[0].text for alignment_input in inputs])
        try:
            self.gate.pass_through()
            return [alignment_input.segments for alignment_input in inputs]
        finally:
            self.log.leave("align")


class FakeDiarizer(FakeEngine):
    """Counts the samples that it was fed."""

    slice_samples = 16_000

    def __init__(self, log: Log) -> None:
        self.log = log
        self.gate, self.turns_gate = Gate(), Gate()

    def process(
        self, samples: Any, state: DiarizationState | None, *, last: bool = False
    ) -> DiarizationState:
        self.log.enter("diarize", [])
        try:
            self.gate.pass_through()
            return DiarizationState((state or 0) + len(samples))  # type: ignore[operator]
        finally:
            self.log.leave("diarize")

    def turns(self, state: DiarizationState, speakers: object) -> list[SpeakerTurn]:
        self.log.enter("cluster", [])
        try:
            self.turns_gate.pass_through()
            return [SpeakerTurn(Span(0, int(cast("int", state)) // 16), "SPEAKER_00")]
        finally:
            self.log.leave("cluster")


def window(name: str, *, start_s: float = 0, seconds: float = 1.0) -> Window:
    samples = np.zeros(int(seconds * 16_000), np.float32)
    return Window(Audio(samples, int(start_s * 16_000)), prompt=name)


def alignment_input(name: str, *, start_s: float = 0) -> AlignmentInput:
    audio = window(name, start_s=start_s).audio
    return AlignmentInput(audio, (Segment(name, audio.span, (), "en"),))


def viewer(job: str = "viewer", *, caller: str = "", position_s: float = 0) -> WorkContext:
    return WorkContext(job, caller, "viewer", round(position_s * 1000))


def batch_job(job: str = "batch", *, caller: str = "") -> WorkContext:
    return WorkContext(job, caller, "batch")


class RecordedResult(PendingResult):
    """Collects results; for tests without an event loop."""

    def __init__(self) -> None:
        self.results: list[Any] = []

    def resolve(self, result: object) -> None:
        self.results.append(result)


def work_item(
    context: WorkContext,
    index: int = 1,
    *,
    start_s: float = 0,
    seconds: float = 10,
    queued_at_s: float = 0,
    attempt: int = 0,
    stage: EngineStage = "transcribe",
    batch_key: Hashable = None,
    padded_s: float | None = None,
) -> WorkItem:
    start_ms = round(start_s * 1000)
    return WorkItem(
        stage=stage,
        context=context,
        index=index,
        span=Span(start_ms, start_ms + round(seconds * 1000)),
        payload=None,
        result=RecordedResult(),
        cancelled=threading.Event(),
        queued_at_s=queued_at_s,
        batch_key=batch_key,
        attempt=attempt,
        padded_s=seconds if padded_s is None else padded_s,
    )


def work_context(job: str, audience: Audience) -> WorkContext:
    return WorkContext(job, "", audience)
