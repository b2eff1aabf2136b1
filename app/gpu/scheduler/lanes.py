"""The threads that call the engines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.gpu.scheduler.batch import Batch
from app.gpu.scheduler.calls import Caller
from app.gpu.scheduler.queue import WorkQueue
from app.gpu.scheduler.tally import FILL_BOUNDS, PADDING_BOUNDS, Tally
from app.gpu.scheduler.work import STAGES, Stage

_KEEP = 0.9
"""Weight of what was known before each batch: about the last ten count."""


class Pace:
    """Seconds of sound for each second of one lane, smoothed.

    Sound and time are summed apart, so a long batch counts for more than a short one.

    Attributes:
        sound_s: all the sound so far.
        device_s: all the time that lanes have spent on it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sound_s = 0.0
        self._device_s = 0.0
        self.sound_s = 0.0
        self.device_s = 0.0

    def note(self, sound_s: float, device_s: float) -> None:
        """A batch was computed."""
        with self._lock:
            self._sound_s = self._sound_s * _KEEP + sound_s
            self._device_s = self._device_s * _KEEP + device_s
            self.sound_s += sound_s
            self.device_s += device_s

    @property
    def rate(self) -> float | None:
        """Seconds of sound in a second; None while nothing was measured."""
        with self._lock:
            if self._sound_s <= 0 or self._device_s <= 0:
                return None
            return self._sound_s / self._device_s

    @property
    def rtf(self) -> float | None:
        """Real-time factor: the inverse of the rate."""
        rate = self.rate
        return None if rate is None else 1 / rate


DEVICE_STAGES: frozenset[Stage] = frozenset({"transcribe", "align", "diarize"})
_CLUSTER: frozenset[Stage] = frozenset({"cluster"})


@dataclass(frozen=True, slots=True)
class _Running:
    batch: Batch
    started_s: float


class WorkerThreads:
    """One thread for each call that a device takes at a time, and one for clustering.

    Clustering speakers takes a processor for up to some seconds and no device: on a lane of the
    device it would hold up first windows.

    Args:
        queue: gives the batches.
        callers: do the work of each stage.
        count: lanes of the device.
        clock: monotonic seconds.

    Attributes:
        paces: how fast each stage is.
        fill: how full batches of windows were.
        padding: how much of them was silence that fills them up.
        busy_s: time that lanes of the device have spent in engines.
    """

    def __init__(
        self,
        queue: WorkQueue,
        callers: Mapping[Stage, Caller],
        count: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._callers = callers
        self._clock = clock
        self._running: dict[int, _Running] = {}
        self._lock = threading.Lock()
        self.count = count
        self.paces: dict[Stage, Pace] = {stage: Pace() for stage in STAGES}
        self.fill = Tally(FILL_BOUNDS)
        self.padding = Tally(PADDING_BOUNDS)
        self.busy_s = 0.0
        stages = [DEVICE_STAGES] * count + ([_CLUSTER] if "cluster" in callers else [])
        self._threads = [
            threading.Thread(
                target=self._work, args=(number, allowed), name=f"engine-{number}", daemon=True
            )
            for number, allowed in enumerate(stages)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until the queue's end has reached every thread."""
        for thread in self._threads:
            thread.join(timeout=timeout_s)

    def free_in_s(self) -> float:
        """Return when a lane of the device is likely to be free."""
        with self._lock:
            running = [run for lane, run in self._running.items() if lane < self.count]
        if len(running) < self.count:
            return 0.0
        return min((self._remaining_s(run) for run in running), default=0.0)

    def _remaining_s(self, run: _Running) -> float:
        rate = self.paces[run.batch.stage].rate
        if rate is None:
            return 0.0
        return max(0.0, run.batch.seconds / rate - (self._clock() - run.started_s))

    def _work(self, number: int, stages: frozenset[Stage]) -> None:
        while (batch := self._queue.take(stages)) is not None:
            started_s = self._clock()
            with self._lock:
                self._running[number] = _Running(batch, started_s)
            try:
                self._callers[batch.stage].run(batch.works)
            finally:
                self._queue.release(batch.stage)
                self._note(number, batch, self._clock() - started_s)

    def _note(self, number: int, batch: Batch, took_s: float) -> None:
        with self._lock:
            self._running.pop(number, None)
            if batch.stage != "cluster":
                self.busy_s += took_s
        self.paces[batch.stage].note(batch.seconds, took_s)
        if batch.stage == "transcribe":
            self.fill.add(len(batch.works) / batch.most)
            if batch.padded_s > 0:
                self.padding.add(max(0.0, 1 - batch.seconds / batch.padded_s))
