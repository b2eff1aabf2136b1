"""How long newcomers will wait, and what else there is to tell."""

from __future__ import annotations

from app.domain.request import Audience
from app.gpu.scheduler.lanes import WorkerThreads
from app.gpu.scheduler.memory import FreeBytes, MemoryGauge
from app.gpu.scheduler.queue import WorkQueue
from app.gpu.scheduler.rank import Rank
from app.gpu.scheduler.report import Memory, SchedulerReport, StageUse, Waiting


class Forecast:
    """Looks at a queue and its lanes.

    Args:
        queue: what waits.
        lanes: what runs, and how fast.
        gauge: what a batch of windows may hold.
        free_bytes: asks the device; None where it has no memory of its own.
    """

    def __init__(
        self,
        queue: WorkQueue,
        lanes: WorkerThreads,
        gauge: MemoryGauge,
        free_bytes: FreeBytes | None,
    ) -> None:
        self._queue = queue
        self._lanes = lanes
        self._gauge = gauge
        self._free_bytes = free_bytes

    def first_wait_s(self, audience: Audience) -> float:
        """Predict how long the first window of a job would wait that came now.

        First windows of viewers wait for the batch that runs and for one another; those of a job
        that nobody watches for everything. While no speed is known, nothing is predicted: 0.
        """
        last = Rank.FIRST if audience == "viewer" else Rank.RETRY
        ahead_s = 0.0
        for work, rank, _ in self._queue.waiting():
            rate = self._lanes.paces[work.stage].rate
            if rank <= last and rate is not None:
                ahead_s += work.seconds / rate
        return self._lanes.free_in_s() + ahead_s / self._lanes.count

    def report(self) -> SchedulerReport:
        """Look at everything."""
        return SchedulerReport(
            waiting=self._waiting(),
            stages={
                stage: StageUse(pace.sound_s, pace.device_s, pace.rtf)
                for stage, pace in self._lanes.paces.items()
            },
            fill=self._lanes.fill.shape,
            padding=self._lanes.padding.shape,
            memory=Memory(
                self._free_bytes() if self._free_bytes is not None else None,
                self._gauge.bytes_per_s,
                self._gauge.ceiling_s,
            ),
            viewer_wait_s=self.first_wait_s("viewer"),
            batch_wait_s=self.first_wait_s("batch"),
        )

    def _waiting(self) -> dict[str, Waiting]:
        found = {rank.name.lower(): Waiting() for rank in Rank}
        for work, rank, waited_s in self._queue.waiting():
            name, so_far = rank.name.lower(), found[rank.name.lower()]
            found[name] = Waiting(
                so_far.pieces + 1,
                so_far.seconds + work.seconds,
                max(so_far.oldest_s, waited_s),
            )
        return found
