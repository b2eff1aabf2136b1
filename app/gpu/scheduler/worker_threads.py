"""Threads that call the engines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from app.domain.errors import CuestreamError, EngineError
from app.gpu.preemption import preemptible
from app.gpu.protocols import Prepared, Window
from app.gpu.scheduler.batch_former import Batch
from app.gpu.scheduler.batch_runner import BatchRunner
from app.gpu.scheduler.priority import Priority
from app.gpu.scheduler.scheduler_report import FILL_BOUNDS, PADDING_BOUNDS, HistogramRecorder
from app.gpu.scheduler.work_item import ENGINE_STAGES, EngineStage, WorkItem
from app.gpu.scheduler.work_queue import WorkQueue
from app.system.thread_priority import lower_priority

log = structlog.get_logger()

DEVICE_STAGES: frozenset[EngineStage] = frozenset({"transcribe", "align", "diarize"})
_CLUSTER: frozenset[EngineStage] = frozenset({"cluster"})
_DIARIZATION: frozenset[EngineStage] = frozenset({"diarize", "cluster"})


@dataclass(slots=True)
class _RunningBatch:
    """A batch that computes.

    Attributes:
        started_s: when it began, later by as long as others went before it since.
    """

    batch: Batch
    started_s: float


class _Threads:
    """Threads that work until the queue is closed."""

    _threads: Sequence[threading.Thread]

    def start(self) -> None:
        """Start every thread."""
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    def join(self, timeout_s: float) -> None:
        """Wait until every thread has ended after the queue was closed."""
        for thread in self._threads:
            thread.join(timeout=timeout_s)


class WorkerThreads(_Threads):
    """One thread for each concurrent call of a device, and others for clustering.

    Clustering speakers takes a processor for up to some seconds and no device: on a thread of the
    device it would hold up first windows.

    Args:
        queue: source of the batches.
        runners: by stage.
        count: concurrent calls of the device.
        clusters: threads for clustering, where there is a diarizer: one computes, several wait for
            servers.
        waiting: stages whose calls wait for servers.
        preempts: whether first windows are computed between the steps of other batches, which
            then hold their memory.
        clock: monotonic seconds.

    Attributes:
        throughputs: by stage.
        fill: windows in a batch by the largest batch.
        padding: share of a batch of windows that is padding.
        busy_s: time that threads of the device have spent in engines.
    """

    def __init__(
        self,
        queue: WorkQueue,
        runners: Mapping[EngineStage, BatchRunner],
        count: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        clusters: int = 1,
        waiting: frozenset[EngineStage] = frozenset(),
        preempts: bool = False,
    ) -> None:
        self._queue = queue
        self._waiting = waiting
        self._preempts = preempts
        self._runners = runners
        self._clock = clock
        self._running: dict[int, _RunningBatch] = {}
        self._lock = threading.Lock()
        self.count = count
        self.throughputs = {stage: StageThroughput() for stage in ENGINE_STAGES}
        self.fill = HistogramRecorder(FILL_BOUNDS)
        self.padding = HistogramRecorder(PADDING_BOUNDS)
        self.busy_s = 0.0
        # All threads of the device may wait for a server, and diarization must begin meanwhile.
        others = _DIARIZATION if "cluster" in waiting else _CLUSTER
        stages = [DEVICE_STAGES] * count + ([others] * clusters if "cluster" in runners else [])
        self._threads = [
            threading.Thread(
                target=self._work, args=(number, allowed), name=f"engine-{number}", daemon=True
            )
            for number, allowed in enumerate(stages)
        ]

    @property
    def longest_call_s(self) -> float:
        """How long the longest of the calls that compute has been running; 0 while none is."""
        now_s = self._clock()
        with self._lock:
            computing = (
                now_s - run.started_s
                for run in self._running.values()
                if run.batch.stage not in self._waiting
            )
            return max(computing, default=0.0)

    def free_in_s(self) -> float:
        """Return when a thread of the device is likely to be free."""
        with self._lock:
            running = [run for number, run in self._running.items() if number < self.count]
        if len(running) < self.count:
            return 0.0
        return min((self._remaining_s(run) for run in running), default=0.0)

    def _remaining_s(self, run: _RunningBatch) -> float:
        rate = self.throughputs[run.batch.stage].rate
        if rate is None:
            return 0.0
        return max(0.0, run.batch.duration_s / rate - (self._clock() - run.started_s))

    def _work(self, number: int, stages: frozenset[EngineStage]) -> None:
        lower_priority()
        while (batch := self._queue.take(stages)) is not None:
            self._run(number, batch, stages)

    def _run(self, number: int, batch: Batch, stages: frozenset[EngineStage]) -> None:
        run = _RunningBatch(batch, self._clock())
        with self._lock:
            self._running[number] = run
        gives_way = self._preempts and batch.priority is not Priority.FIRST
        try:
            with preemptible(partial(self._run_first, number, run, stages) if gives_way else None):
                self._runners[batch.stage].run(batch.items)
        finally:
            self._queue.release(batch.stage)
            self._record(number, batch, self._clock() - run.started_s)

    def _run_first(self, number: int, run: _RunningBatch, stages: frozenset[EngineStage]) -> None:
        """Compute the first windows that wait, in the middle of another batch."""
        while (first := self._queue.take_first(stages)) is not None:
            paused_s = self._clock()
            self._run(number, first, stages)
            with self._lock:
                run.started_s += self._clock() - paused_s
                self._running[number] = run

    def _record(self, number: int, batch: Batch, took_s: float) -> None:
        with self._lock:
            self._running.pop(number, None)
            if batch.stage != "cluster":
                self.busy_s += took_s
        self.throughputs[batch.stage].record(batch.duration_s, took_s)
        if batch.stage == "transcribe":
            self.fill.add(len(batch.items) / batch.max_items)
            if batch.padded_s > 0:
                self.padding.add(max(0.0, 1 - batch.duration_s / batch.padded_s))


class PreparationThreads(_Threads):
    """Prepare the most urgent windows, so that the next batch is ready when a worker is free.

    They are apart from the event loop's pool, whose threads may all be waiting for a disk.

    Args:
        queue: source of the windows.
        prepare: the transcriber's.
        count: number of threads.
    """

    def __init__(self, queue: WorkQueue, prepare: Callable[[Window], Prepared], count: int) -> None:
        self._queue = queue
        self._prepare = prepare
        self._threads = [
            threading.Thread(target=self._work, name=f"prepare-{number}", daemon=True)
            for number in range(count)
        ]

    def _work(self) -> None:
        lower_priority()
        while (item := self._queue.take_unprepared()) is not None:
            self._queue.complete_preparation(item, self._prepared(item))

    def _prepared(self, item: WorkItem) -> Prepared | CuestreamError:
        try:
            return self._prepare(item.payload)
        except CuestreamError as error:
            return error
        except Exception as error:
            # An engine may raise anything; its thread serves further items.
            log.error("engine defect", exc_info=error)
            return EngineError(f"The engine failed: {type(error).__name__}")


_DECAY = 0.9
"""Weight of earlier batches at each new one: about the last ten count."""


class StageThroughput:
    """Seconds of audio per second of one worker thread, exponentially smoothed.

    Audio and time are summed apart, so a long batch counts for more than a short one.

    Attributes:
        sound_s: all the audio so far.
        device_s: all the time that workers have spent on it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sound_s = 0.0
        self._device_s = 0.0
        self.sound_s = 0.0
        self.device_s = 0.0

    def record(self, sound_s: float, device_s: float) -> None:
        """Count a batch that was computed."""
        with self._lock:
            self._sound_s = self._sound_s * _DECAY + sound_s
            self._device_s = self._device_s * _DECAY + device_s
            self.sound_s += sound_s
            self.device_s += device_s

    @property
    def rate(self) -> float | None:
        """Seconds of audio in a second; None while nothing was measured."""
        with self._lock:
            if self._sound_s <= 0 or self._device_s <= 0:
                return None
            return self._sound_s / self._device_s

    @property
    def rtf(self) -> float | None:
        """Real-time factor: the inverse of the rate."""
        rate = self.rate
        return None if rate is None else 1 / rate
