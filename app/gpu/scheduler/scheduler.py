"""Scheduler of all inference on one device."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from app.domain.audio import Audio
from app.domain.errors import EngineError, JobCancelledError
from app.domain.request import Audience, SpeakerCount
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn
from app.gpu.protocols import (
    ELSEWHERE,
    Aligner,
    AlignmentInput,
    DiarizationState,
    Diarizer,
    Prepared,
    Transcriber,
    WaitingDiarizer,
    Window,
)
from app.gpu.scheduler.batch_former import BatchCapacity, BatchFormer
from app.gpu.scheduler.batch_runner import BatchRunner
from app.gpu.scheduler.forecast import Forecast
from app.gpu.scheduler.memory_gauge import FreeBytes, MemoryGauge
from app.gpu.scheduler.priority import Priority
from app.gpu.scheduler.scheduler_report import SchedulerReport
from app.gpu.scheduler.work_item import EngineStage, WorkItem, new_work_item
from app.gpu.scheduler.work_queue import TRANSCRIBER_ALONE, WAITING_DIARIZER, WorkQueue
from app.gpu.scheduler.worker_threads import PreparationThreads, WorkerThreads
from app.gpu.work_context import WorkContext
from app.settings import SchedulerSettings

_JOIN_S = 5.0

_NO_AUDIO = Span(0, 0)


class Scheduler:
    """Feeds the engines of one device with the work of all requests.

    Args:
        transcriber: decodes windows; None where this server only diarizes.
        aligner: None where this server aligns no words.
        diarizer: None where this server does not diarize.
        settings: limits and times.
        free_bytes: asks how much of the device's memory is free; None where it has none.
    """

    def __init__(
        self,
        transcriber: Transcriber | None,
        aligner: Aligner | None = None,
        diarizer: Diarizer | None = None,
        settings: SchedulerSettings | None = None,
        free_bytes: FreeBytes | None = None,
    ) -> None:
        settings = settings or SchedulerSettings()
        self._transcriber = transcriber
        self._aligner = aligner
        self._diarizer = diarizer
        gauge = MemoryGauge(free_bytes)
        capacities, runners = self._stages(gauge, free_bytes)
        former = BatchFormer(capacities, settings.promote_s, settings.first_batch)
        # A batch for each worker thread and one more of each.
        waits = isinstance(diarizer, WaitingDiarizer)
        concurrent = WAITING_DIARIZER if waits else TRANSCRIBER_ALONE
        self._queue = WorkQueue(
            former, 2 * self.capacity, settings.max_queued, concurrent=concurrent
        )
        self._workers = WorkerThreads(
            self._queue,
            runners,
            1 if transcriber is None else transcriber.lanes,
            clusters=diarizer.lanes if isinstance(diarizer, WaitingDiarizer) else 1,
            waiting=_waiting_stages(transcriber, diarizer),
            # A batch that waits on a device keeps memory that the gauge would not know of.
            preempts=free_bytes is None,
        )
        prepare = _refused if transcriber is None else transcriber.prepare
        self._preparation = PreparationThreads(self._queue, prepare, settings.prepare_threads)
        self._forecast = Forecast(self._queue, self._workers, gauge, free_bytes)
        self._workers.start()
        self._preparation.start()

    @property
    def capacity(self) -> int:
        """Windows that are decoded at a time."""
        transcriber = self._transcriber
        return 1 if transcriber is None else transcriber.lanes * transcriber.max_batch

    @property
    def queued(self) -> int:
        """Number of waiting items."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether no further item may wait."""
        return self._queue.full

    @property
    def crowded(self) -> bool:
        """Whether viewers wait for more urgent windows than are decoded at a time."""
        urgent = sum(priority <= Priority.AHEAD for _, priority, _ in self._queue.waiting())
        return urgent >= self.capacity

    @property
    def busy_s(self) -> float:
        """Seconds that worker threads have spent in the engines."""
        return self._workers.busy_s

    @property
    def longest_call_s(self) -> float:
        """How long the longest call of an engine has been computing; 0 while none is.

        Calls that wait for a server elsewhere do not count: they have limits of their own.
        """
        return self._workers.longest_call_s

    @property
    def broken(self) -> bool:
        """Whether a thread that calls the engines or prepares windows has ended."""
        return not (self._queue.closed or (self._workers.alive and self._preparation.alive))

    def expected_first_wait_s(self, audience: Audience = "viewer") -> float:
        """Predict how long the first window of a job would wait that arrived now."""
        return self._forecast.first_wait_s(audience)

    def report(self) -> SchedulerReport:
        """Return the present state; asks the driver, so not from an event loop."""
        return self._forecast.report()

    async def transcribe(
        self, window: Window, context: WorkContext, index: int
    ) -> Sequence[Segment]:
        """Transcribe one window among those of other requests.

        Args:
            window: the window; its ``cancelled`` event withdraws it.
            context: of its job.
            index: its place in its request, counted from 0.

        Raises:
            EngineError: the engine failed on this window.
            JobCancelledError: the window was withdrawn, or the server stops.
            OverloadedError: the queue is full.
        """
        item = new_work_item("transcribe", context, index, window.audio.span, window)
        item.cancelled, item.state = window.cancelled, "raw"
        segments: Sequence[Segment] = await self._run(item)
        return segments

    async def align(
        self, alignment_input: AlignmentInput, context: WorkContext, index: int
    ) -> tuple[Segment, ...]:
        """Align the words of one window to its audio.

        Args:
            alignment_input: of a language that the aligner serves.
            context: of its job.
            index: place of its window in its request.

        Raises:
            EngineError: the engine failed on this window.
            JobCancelledError: the job was cancelled, or the server stops.
            OverloadedError: the queue is full.
        """
        span = alignment_input.audio.span
        item = new_work_item("align", context, index, span, alignment_input)
        aligned: tuple[Segment, ...] = await self._run(item)
        return aligned

    async def diarize(
        self,
        audio: Audio,
        state: DiarizationState | None,
        context: WorkContext,
        *,
        last: bool = False,
    ) -> DiarizationState:
        """Feed the diarizer a slice of a recording; gives way to waiting viewers.

        Raises:
            EngineError: the engine failed.
            JobCancelledError: the job was cancelled, or the server stops.
            OverloadedError: the queue is full.
        """
        diarizer = self._diarizer
        assert diarizer is not None  # noqa: S101 - callers ask whether there is one

        def run() -> DiarizationState:
            started_s = time.monotonic()
            try:
                return diarizer.process(audio.samples, state, last=last)
            finally:
                context.diarizing_s += time.monotonic() - started_s

        new_state: DiarizationState = await self._run(
            new_work_item("diarize", context, 0, audio.span, run)
        )
        return new_state

    async def turns(
        self, state: DiarizationState, speakers: SpeakerCount, context: WorkContext
    ) -> Sequence[SpeakerTurn]:
        """Cluster the speakers of a recording, once the diarizer was fed all of it.

        Raises:
            EngineError: the engine failed.
            JobCancelledError: the job was cancelled, or the server stops.
            OverloadedError: the queue is full.
        """
        diarizer = self._diarizer
        assert diarizer is not None  # noqa: S101 - callers ask whether there is one

        item = new_work_item("cluster", context, 0, _NO_AUDIO, None)

        def run() -> Sequence[SpeakerTurn]:
            if isinstance(diarizer, WaitingDiarizer):
                return diarizer.turns_while(state, speakers, lambda: item.is_cancelled)
            return diarizer.turns(state, speakers)

        item.payload = run
        turns: Sequence[SpeakerTurn] = await self._run(item)
        return turns

    def close(self) -> None:
        """Cancel all waiting work and end the threads after their present call."""
        self._queue.close()
        self._workers.join(_JOIN_S)
        self._preparation.join(_JOIN_S)

    def _stages(
        self, gauge: MemoryGauge, free_bytes: FreeBytes | None
    ) -> tuple[dict[EngineStage, BatchCapacity], dict[EngineStage, BatchRunner]]:
        capacities: dict[EngineStage, BatchCapacity] = {}
        runners: dict[EngineStage, BatchRunner] = {}
        if self._transcriber is not None:
            capacities["transcribe"] = BatchCapacity(self._transcriber.max_batch, gauge)
            decode = self._transcriber.decode
            runners["transcribe"] = BatchRunner(decode, self._on_decoded, gauge)
        if self._aligner is not None:
            align_gauge = MemoryGauge(free_bytes)
            capacities["align"] = BatchCapacity(self._aligner.max_batch, align_gauge)
            runners["align"] = BatchRunner(self._aligner.align, _resolve, align_gauge)
        if self._diarizer is not None:
            capacities["diarize"] = capacities["cluster"] = BatchCapacity(1)
            runners["diarize"] = runners["cluster"] = BatchRunner(_run_each, _resolve)
        return capacities, runners

    async def _run(self, item: WorkItem) -> Any:
        if item.is_cancelled:
            raise JobCancelledError("Nobody waits for this any more")
        self._queue.put(item)
        try:
            return await item.result.future
        finally:
            if not item.result.future.done() or item.result.future.cancelled():
                self._queue.withdraw(item)

    def _on_decoded(self, item: WorkItem, outcome: object) -> None:
        if isinstance(outcome, Prepared):
            self._queue.put_back(item, outcome)
        else:
            item.result.resolve(outcome)


def _waiting_stages(
    transcriber: Transcriber | None, diarizer: Diarizer | None
) -> frozenset[EngineStage]:
    """Return the stages whose calls wait for a server elsewhere."""
    stages: set[EngineStage] = set()
    if transcriber is not None and transcriber.device == ELSEWHERE:
        stages.add("transcribe")
    if diarizer is not None and diarizer.device == ELSEWHERE:
        stages.add("cluster")
    return frozenset(stages)


def _refused(window: Window) -> Prepared:
    """Prepare no window.

    Raises:
        EngineError: always.
    """
    raise EngineError("This worker transcribes nothing")


def _resolve(item: WorkItem, result: object) -> None:
    item.result.resolve(result)


def _run_each(payloads: list[Callable[[], object]]) -> list[object]:
    return [run() for run in payloads]
