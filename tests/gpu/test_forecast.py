"""Predicted waiting time, which decides whether a job is admitted."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import OverloadedError
from app.domain.request import JobRequest, MediaUrl, SentCaptions
from app.gpu.protocols import Prepared
from app.gpu.scheduler.batch_former import Batch, BatchCapacity, BatchFormer
from app.gpu.scheduler.forecast import Forecast
from app.gpu.scheduler.memory_gauge import MemoryGauge
from app.gpu.scheduler.priority import Priority
from app.gpu.scheduler.work_queue import WorkQueue
from app.gpu.scheduler.worker_threads import StageThroughput, WorkerThreads, _RunningBatch
from app.services.jobs.admission import check_wait
from app.settings import SchedulerSettings
from tests.gpu.scheduling import batch_job, viewer, window, work_item


class StillScheduler:
    """A queue with worker threads that were never started, on a clock that the test sets."""

    def __init__(self, workers: int = 1) -> None:
        self.now_s = 0.0
        capacities = {"transcribe": BatchCapacity(8), "align": BatchCapacity(8)}
        self.queue = WorkQueue(BatchFormer(capacities, 30, 8), 16, 100, lambda: self.now_s)
        self.workers = WorkerThreads(self.queue, {}, workers, lambda: self.now_s)
        self.forecast = Forecast(self.queue, self.workers, MemoryGauge(), lambda: 7)

    def runs(self, worker: int, *items: Any) -> None:
        batch = Batch("transcribe", items, 8, Priority.BATCH)
        self.workers._running[worker] = _RunningBatch(batch, self.now_s)


def test_nothing_is_predicted_while_no_speed_is_known() -> None:
    still = StillScheduler()
    still.queue.put(work_item(viewer(), 0))
    still.runs(0, work_item(viewer()))
    assert still.forecast.first_wait_s("viewer") == 0


def test_a_viewer_waits_for_the_running_batch_and_for_other_first_windows() -> None:
    still = StillScheduler()
    still.workers.throughputs["transcribe"].record(100, 10)
    for number in range(6):
        still.queue.put(work_item(batch_job(), number, seconds=20))
    assert still.forecast.first_wait_s("viewer") == 0, "a worker is free, and batch jobs give way"
    still.runs(0, work_item(batch_job(), seconds=50))
    assert still.forecast.first_wait_s("viewer") == pytest.approx(5)
    still.now_s = 3
    assert still.forecast.first_wait_s("viewer") == pytest.approx(2)
    still.queue.put(work_item(viewer("a"), 0, seconds=8))
    still.queue.put(work_item(viewer("b"), 0, seconds=12))
    assert still.forecast.first_wait_s("viewer") == pytest.approx(4)
    assert still.forecast.first_wait_s("batch") == pytest.approx(16), "everything is ahead of it"
    still.now_s = 100
    assert still.forecast.first_wait_s("viewer") == pytest.approx(2), "late, but not negative"


def test_two_workers_share_the_work_and_the_sooner_one_counts() -> None:
    still = StillScheduler(workers=2)
    still.workers.throughputs["transcribe"].record(100, 10)
    still.runs(0, work_item(batch_job(), seconds=50))
    still.queue.put(work_item(viewer(), 0, seconds=40))
    assert still.forecast.first_wait_s("viewer") == pytest.approx(2)
    still.runs(1, work_item(batch_job(), seconds=10))
    assert still.forecast.first_wait_s("viewer") == pytest.approx(3)


def test_each_stage_has_its_own_speed() -> None:
    still = StillScheduler()
    still.workers.throughputs["transcribe"].record(100, 10)
    still.workers.throughputs["align"].record(100, 1)
    still.queue.put(work_item(viewer(), 0, seconds=100, stage="align"))
    assert still.forecast.first_wait_s("viewer") == pytest.approx(1)


def test_speed_is_that_of_late_and_weighs_batches_by_length() -> None:
    throughput = StageThroughput()
    throughput.record(100, 100)
    assert throughput.rate == 1
    for _ in range(60):
        throughput.record(100, 10)
    assert throughput.rate == pytest.approx(10, rel=0.02)
    assert throughput.rtf == pytest.approx(0.1, rel=0.02)
    assert (throughput.sound_s, throughput.device_s) == (6100, 700)
    throughput.record(0.1, 1)
    assert throughput.rate == pytest.approx(10, rel=0.15), "a cough says little"


def test_the_report_shows_the_age_of_each_priority() -> None:
    still = StillScheduler()
    still.queue.put(work_item(viewer(), 0, seconds=8))
    still.now_s = 4
    still.queue.put(work_item(batch_job(), 1, seconds=20, queued_at_s=4))
    gone = work_item(batch_job("gone"), 1)
    still.queue.put(gone)
    gone.cancelled.set()
    still.now_s = 9
    waiting = still.forecast.report().waiting
    assert list(waiting) == ["first", "ahead", "rest", "batch", "retry"]
    assert (waiting["first"].oldest_s, waiting["first"].seconds) == (9, 8)
    assert (waiting["batch"].pieces, waiting["batch"].oldest_s) == (1, 5)
    assert still.forecast.report().memory.free_bytes == 7


def test_a_window_that_waits_again_waits_anew() -> None:
    still = StillScheduler()
    work = work_item(batch_job(), 3, queued_at_s=0)
    still.now_s = 50
    still.queue.put_back(work, Prepared(window("x"), attempt=1))
    assert [waited_s for _, _, waited_s in still.queue.waiting()] == [0]


SETTINGS = SchedulerSettings(viewer_wait_s=20, batch_wait_s=1800)


def manager(wait_s: float, *, full: bool = False) -> Any:
    return SimpleNamespace(full=full, expected_first_wait_s=lambda audience: wait_s)


@pytest.mark.parametrize(
    ("audience", "wait_s", "retry_after_s"),
    [
        ("viewer", 20, None),
        ("viewer", 20.5, 1),
        ("viewer", 80, 60),
        ("batch", 80, None),
        ("batch", 2000.5, 201),
    ],
)
def test_a_job_that_would_wait_too_long_is_refused_with_a_retry_time(
    audience: Any, wait_s: float, retry_after_s: int | None
) -> None:
    request = JobRequest(MediaUrl("http://x/y.mp3"), audience=audience)
    if retry_after_s is None:
        check_wait(manager(wait_s), request, SETTINGS)
        return
    with pytest.raises(OverloadedError, match=f"about {math.ceil(wait_s)} s") as caught:
        check_wait(manager(wait_s), request, SETTINGS)
    assert caught.value.retry_after_s == retry_after_s


def test_a_full_queue_takes_no_job_but_captions_need_no_device() -> None:
    with pytest.raises(OverloadedError, match="full"):
        check_wait(manager(0, full=True), JobRequest(MediaUrl("http://x/y.mp3")), SETTINGS)
    check_wait(manager(999, full=True), JobRequest(SentCaptions("1\n")), SETTINGS)
