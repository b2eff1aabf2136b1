"""Waiting time predicted for new jobs."""

from __future__ import annotations

from app.domain.request import Audience
from app.gpu.scheduler.memory_gauge import FreeBytes, MemoryGauge
from app.gpu.scheduler.priority import Priority
from app.gpu.scheduler.scheduler_report import (
    DeviceMemory,
    QueuedWork,
    SchedulerReport,
    StageUsage,
)
from app.gpu.scheduler.work_queue import WorkQueue
from app.gpu.scheduler.worker_threads import WorkerThreads


class Forecast:
    """Predicts waiting times and reports the state of a queue with its worker threads.

    Args:
        queue: the waiting work.
        workers: the running work, and the throughput of each stage.
        gauge: memory limit of a batch of windows.
        free_bytes: asks the device; None where it has no memory of its own.
    """

    def __init__(
        self,
        queue: WorkQueue,
        workers: WorkerThreads,
        gauge: MemoryGauge,
        free_bytes: FreeBytes | None,
    ) -> None:
        self._queue = queue
        self._workers = workers
        self._gauge = gauge
        self._free_bytes = free_bytes

    def first_wait_s(self, audience: Audience) -> float:
        """Predict how long the first window of a job would wait that arrived now.

        First windows of viewers wait for the running batch and for one another; those of a job
        without a viewer wait for everything. While no throughput is known, the prediction is 0.
        """
        last = Priority.FIRST if audience == "viewer" else Priority.RETRY
        ahead_s = 0.0
        for item, priority, _ in self._queue.waiting():
            rate = self._workers.throughputs[item.stage].rate
            if priority <= last and rate is not None:
                ahead_s += item.duration_s / rate
        return self._workers.free_in_s() + ahead_s / self._workers.count

    def report(self) -> SchedulerReport:
        """Return the present state."""
        return SchedulerReport(
            waiting=self._waiting(),
            stages={
                stage: StageUsage(throughput.sound_s, throughput.device_s, throughput.rtf)
                for stage, throughput in self._workers.throughputs.items()
            },
            fill=self._workers.fill.snapshot,
            padding=self._workers.padding.snapshot,
            memory=DeviceMemory(
                self._free_bytes() if self._free_bytes is not None else None,
                self._gauge.bytes_per_s,
                self._gauge.ceiling_s,
            ),
            viewer_wait_s=self.first_wait_s("viewer"),
            batch_wait_s=self.first_wait_s("batch"),
        )

    def _waiting(self) -> dict[str, QueuedWork]:
        found = {priority.name.lower(): QueuedWork() for priority in Priority}
        for item, priority, waited_s in self._queue.waiting():
            name = priority.name.lower()
            so_far = found[name]
            found[name] = QueuedWork(
                so_far.pieces + 1,
                so_far.seconds + item.duration_s,
                max(so_far.oldest_s, waited_s),
            )
        return found
