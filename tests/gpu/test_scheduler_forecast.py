"""How long newcomers will wait, and who is refused for it."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import OverloadedError
from app.domain.request import JobRequest, MediaUrl, SentCaptions
from app.gpu.protocols import Prepared
from app.gpu.scheduler.batch import Batch, BatchCapacity, BatchFormer
from app.gpu.scheduler.forecast import Forecast
from app.gpu.scheduler.lanes import Pace, WorkerThreads, _Running
from app.gpu.scheduler.memory import MemoryGauge
from app.gpu.scheduler.queue import WorkQueue
from app.services.jobs.admission import check_wait
from app.settings import SchedulerSettings
from tests.gpu.scheduling import batch_job, piece, viewer, window


class Desk:
    """A queue and lanes whose threads were never started, at a time of the test's own."""

    def __init__(self, lanes: int = 1) -> None:
        self.now_s = 0.0
        rooms = {"transcribe": BatchCapacity(8), "align": BatchCapacity(8)}
        self.queue = WorkQueue(BatchFormer(rooms, 30, 8), 16, 100, lambda: self.now_s)
        self.lanes = WorkerThreads(self.queue, {}, lanes, lambda: self.now_s)
        self.forecast = Forecast(self.queue, self.lanes, MemoryGauge(), lambda: 7)

    def runs(self, lane: int, *works: Any) -> None:
        self.lanes._running[lane] = _Running(Batch("transcribe", works, 8), self.now_s)


def test_nothing_is_predicted_while_no_speed_is_known() -> None:
    desk = Desk()
    desk.queue.put(piece(viewer(), 0))
    desk.runs(0, piece(viewer()))
    assert desk.forecast.first_wait_s("viewer") == 0


def test_a_viewer_waits_for_the_running_batch_and_for_other_first_windows() -> None:
    desk = Desk()
    desk.lanes.paces["transcribe"].note(100, 10)
    for number in range(6):
        desk.queue.put(piece(batch_job(), number, seconds=20))
    assert desk.forecast.first_wait_s("viewer") == 0, "a lane is free, and batch jobs give way"
    desk.runs(0, piece(batch_job(), seconds=50))
    assert desk.forecast.first_wait_s("viewer") == pytest.approx(5)
    desk.now_s = 3
    assert desk.forecast.first_wait_s("viewer") == pytest.approx(2)
    desk.queue.put(piece(viewer("a"), 0, seconds=8))
    desk.queue.put(piece(viewer("b"), 0, seconds=12))
    assert desk.forecast.first_wait_s("viewer") == pytest.approx(4)
    assert desk.forecast.first_wait_s("batch") == pytest.approx(16), "everything is ahead of it"
    desk.now_s = 100
    assert desk.forecast.first_wait_s("viewer") == pytest.approx(2), "late, but not negative"


def test_two_lanes_share_the_work_and_the_sooner_one_counts() -> None:
    desk = Desk(lanes=2)
    desk.lanes.paces["transcribe"].note(100, 10)
    desk.runs(0, piece(batch_job(), seconds=50))
    desk.queue.put(piece(viewer(), 0, seconds=40))
    assert desk.forecast.first_wait_s("viewer") == pytest.approx(2)
    desk.runs(1, piece(batch_job(), seconds=10))
    assert desk.forecast.first_wait_s("viewer") == pytest.approx(3)


def test_each_stage_has_its_own_speed() -> None:
    desk = Desk()
    desk.lanes.paces["transcribe"].note(100, 10)
    desk.lanes.paces["align"].note(100, 1)
    desk.queue.put(piece(viewer(), 0, seconds=100, stage="align"))
    assert desk.forecast.first_wait_s("viewer") == pytest.approx(1)


def test_speed_is_that_of_late_and_weighs_batches_by_length() -> None:
    pace = Pace()
    pace.note(100, 100)
    assert pace.rate == 1
    for _ in range(60):
        pace.note(100, 10)
    assert pace.rate == pytest.approx(10, rel=0.02)
    assert pace.rtf == pytest.approx(0.1, rel=0.02)
    assert (pace.sound_s, pace.device_s) == (6100, 700)
    pace.note(0.1, 1)
    assert pace.rate == pytest.approx(10, rel=0.15), "a cough says little"


def test_the_report_shows_the_age_of_each_class() -> None:
    desk = Desk()
    desk.queue.put(piece(viewer(), 0, seconds=8))
    desk.now_s = 4
    desk.queue.put(piece(batch_job(), 1, seconds=20, since_s=4))
    gone = piece(batch_job("gone"), 1)
    desk.queue.put(gone)
    gone.cancelled.set()
    desk.now_s = 9
    waiting = desk.forecast.report().waiting
    assert list(waiting) == ["first", "ahead", "rest", "batch", "retry"]
    assert (waiting["first"].oldest_s, waiting["first"].seconds) == (9, 8)
    assert (waiting["batch"].pieces, waiting["batch"].oldest_s) == (1, 5)
    assert desk.forecast.report().memory.free_bytes == 7


def test_a_window_that_waits_again_waits_anew() -> None:
    desk = Desk()
    work = piece(batch_job(), 3, since_s=0)
    desk.now_s = 50
    desk.queue.put_back(work, Prepared(window("x"), attempt=1))
    assert [waited_s for _, _, waited_s in desk.queue.waiting()] == [0]


SETTINGS = SchedulerSettings(viewer_wait_s=20, batch_wait_s=1800)


def room(wait_s: float, *, full: bool = False) -> Any:
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
def test_who_would_wait_too_long_is_told_when_to_come_back(
    audience: Any, wait_s: float, retry_after_s: int | None
) -> None:
    request = JobRequest(MediaUrl("http://x/y.mp3"), audience=audience)
    if retry_after_s is None:
        check_wait(room(wait_s), request, SETTINGS)
        return
    with pytest.raises(OverloadedError, match=f"about {math.ceil(wait_s)} s") as caught:
        check_wait(room(wait_s), request, SETTINGS)
    assert caught.value.retry_after_s == retry_after_s


def test_a_full_queue_takes_no_job_but_captions_need_no_device() -> None:
    with pytest.raises(OverloadedError, match="full"):
        check_wait(room(0, full=True), JobRequest(MediaUrl("http://x/y.mp3")), SETTINGS)
    check_wait(room(999, full=True), JobRequest(SentCaptions("1\n")), SETTINGS)
