"""The queue ahead of the device: what every request asks of its engines, in one order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from app.domain.audio import Audio
from app.domain.errors import JobCancelledError
from app.domain.request import Audience, SpeakerCount
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn
from app.gpu.protocols import (
    Aligner,
    AlignmentInput,
    DiarizationState,
    Diarizer,
    Prepared,
    Transcriber,
    Window,
)
from app.gpu.scheduler.batch import BatchCapacity, BatchFormer
from app.gpu.scheduler.calls import Caller
from app.gpu.scheduler.forecast import Forecast
from app.gpu.scheduler.lanes import WorkerThreads
from app.gpu.scheduler.memory import FreeBytes, MemoryGauge
from app.gpu.scheduler.preparing import Preparation
from app.gpu.scheduler.queue import WorkQueue
from app.gpu.scheduler.rank import Rank
from app.gpu.scheduler.report import SchedulerReport
from app.gpu.scheduler.work import Answer, Stage, WorkItem
from app.gpu.work_context import WorkContext
from app.settings import SchedulerSettings

_JOIN_S = 5.0

_NO_SOUND = Span(0, 0)


class Scheduler:
    """Feeds the engines of one device with the work of all requests.

    Args:
        transcriber: decodes windows.
        aligner: None where this server aligns nothing.
        diarizer: None where this server tells no speakers apart.
        settings: limits and times.
        free_bytes: asks how much of the device's memory is free; None where it has none.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        aligner: Aligner | None = None,
        diarizer: Diarizer | None = None,
        settings: SchedulerSettings | None = None,
        free_bytes: FreeBytes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        settings = settings or SchedulerSettings()
        self._transcriber = transcriber
        self._aligner = aligner
        self._diarizer = diarizer
        self._clock = clock
        gauge = MemoryGauge(free_bytes, clock)
        rooms, callers = self._engines(gauge, free_bytes)
        former = BatchFormer(rooms, settings.promote_s, settings.first_batch)
        # A batch for each lane and one more of each.
        self._queue = WorkQueue(former, 2 * self.capacity, settings.max_queued, clock)
        self._lanes = WorkerThreads(self._queue, callers, transcriber.lanes, clock)
        self._preparation = Preparation(self._queue, transcriber.prepare, settings.prepare_threads)
        self._forecast = Forecast(self._queue, self._lanes, gauge, free_bytes)
        self._lanes.start()
        self._preparation.start()

    @property
    def capacity(self) -> int:
        """Windows that are decoded at a time."""
        return self._transcriber.lanes * self._transcriber.max_batch

    @property
    def queued(self) -> int:
        """Pieces of work that wait."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether nothing more may wait."""
        return self._queue.full

    @property
    def crowded(self) -> bool:
        """Whether more waits that viewers need now than is computed at a time."""
        urgent = sum(rank <= Rank.AHEAD for _, rank, _ in self._queue.waiting())
        return urgent >= self.capacity

    @property
    def busy_s(self) -> float:
        """Seconds that lanes have spent in the engines."""
        return self._lanes.busy_s

    def expected_first_wait_s(self, audience: Audience = "viewer") -> float:
        """Predict how long the first window of a job would wait that came now."""
        return self._forecast.first_wait_s(audience)

    def report(self) -> SchedulerReport:
        """Look at everything; asks the driver, so not from an event loop."""
        return self._forecast.report()

    async def transcribe(
        self, window: Window, context: WorkContext, index: int
    ) -> Sequence[Segment]:
        """Transcribe one window among those of other requests.

        Args:
            window: the window; its ``cancelled`` event withdraws it.
            context: whose it is.
            index: its place in its request, counted from 0.

        Raises:
            EngineError: the engine failed on this window.
            JobCancelledError: the window was withdrawn, or the server stops.
            OverloadedError: nothing more may wait.
        """
        work = self._work("transcribe", context, index, window.audio.span, window)
        work.cancelled, work.state = window.cancelled, "raw"
        heard: Sequence[Segment] = await self._ask(work)
        return heard

    async def align(
        self, passage: AlignmentInput, context: WorkContext, index: int
    ) -> tuple[Segment, ...]:
        """Find out when exactly each word of one window was said.

        Args:
            passage: of a language that the aligner serves.
            context: whose it is.
            index: place of its window in its request.

        Raises:
            EngineError: the engine failed on this passage.
            JobCancelledError: the job was withdrawn, or the server stops.
            OverloadedError: nothing more may wait.
        """
        work = self._work("align", context, index, passage.audio.span, passage)
        aligned: tuple[Segment, ...] = await self._ask(work)
        return aligned

    async def listen(
        self,
        audio: Audio,
        voices: DiarizationState | None,
        context: WorkContext,
        *,
        last: bool = False,
    ) -> DiarizationState:
        """Let the diarizer listen to a slice of a recording; gives way to waiting viewers.

        Raises:
            EngineError: the engine failed.
            JobCancelledError: the job was withdrawn, or the server stops.
            OverloadedError: nothing more may wait.
        """
        diarizer = self._diarizer
        assert diarizer is not None  # noqa: S101 - callers ask whether there is one

        def run() -> DiarizationState:
            return diarizer.process(audio.samples, voices, last=last)

        heard: DiarizationState = await self._ask(
            self._work("diarize", context, 0, audio.span, run)
        )
        return heard

    async def turns(
        self, voices: DiarizationState, speakers: SpeakerCount, context: WorkContext
    ) -> Sequence[SpeakerTurn]:
        """Tell the speakers of a recording apart, once all of it was listened to.

        Raises:
            EngineError: the engine failed.
            JobCancelledError: the job was withdrawn, or the server stops.
            OverloadedError: nothing more may wait.
        """
        diarizer = self._diarizer
        assert diarizer is not None  # noqa: S101 - callers ask whether there is one

        def run() -> Sequence[SpeakerTurn]:
            return diarizer.turns(voices, speakers)

        turns: Sequence[SpeakerTurn] = await self._ask(
            self._work("cluster", context, 0, _NO_SOUND, run)
        )
        return turns

    def close(self) -> None:
        """Withdraw everything that waits and end the threads after what they do now."""
        self._queue.close()
        self._lanes.join(_JOIN_S)
        self._preparation.join(_JOIN_S)

    def _engines(
        self, gauge: MemoryGauge, free_bytes: FreeBytes | None
    ) -> tuple[dict[Stage, BatchCapacity], dict[Stage, Caller]]:
        rooms: dict[Stage, BatchCapacity] = {
            "transcribe": BatchCapacity(self._transcriber.max_batch, gauge)
        }
        callers: dict[Stage, Caller] = {
            "transcribe": Caller(self._transcriber.decode, self._heard, gauge)
        }
        if self._aligner is not None:
            space = MemoryGauge(free_bytes, self._clock)
            rooms["align"] = BatchCapacity(self._aligner.max_batch, space)
            callers["align"] = Caller(self._aligner.align, _give, space)
        if self._diarizer is not None:
            rooms["diarize"] = rooms["cluster"] = BatchCapacity(1)
            callers["diarize"] = callers["cluster"] = Caller(_run_each, _give)
        return rooms, callers

    def _work(
        self, stage: Stage, context: WorkContext, index: int, span: Span, payload: object
    ) -> WorkItem:
        return WorkItem(
            stage=stage,
            context=context,
            index=index,
            span=span,
            payload=payload,
            answer=Answer(),
            cancelled=threading.Event(),
            since_s=self._clock(),
            padded_s=span.duration_ms / 1000,
        )

    async def _ask(self, work: WorkItem) -> Any:
        if work.unwanted:
            raise JobCancelledError("Nobody waits for this any more")
        self._queue.put(work)
        try:
            return await work.answer.future
        finally:
            if not work.answer.future.done() or work.answer.future.cancelled():
                self._queue.withdraw(work)

    def _heard(self, work: WorkItem, outcome: object) -> None:
        if not isinstance(outcome, Prepared):
            work.answer.give(outcome)
            return
        self._queue.put_back(work, outcome)


def _give(work: WorkItem, result: object) -> None:
    work.answer.give(result)


def _run_each(payloads: list[Callable[[], object]]) -> list[object]:
    return [run() for run in payloads]
