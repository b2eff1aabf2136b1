"""A simulated device: long batch jobs beside short jobs with viewers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from app.gpu.scheduler.batch_former import BatchCapacity, BatchFormer
from app.gpu.scheduler.work_item import WorkItem
from app.gpu.work_context import WorkContext
from tests.gpu.scheduling import batch_job, viewer, work_item

MOST = 8
IN_FLIGHT = 24
WINDOW_S = 20.0
FIRST_S = 8.0


@dataclass
class Job:
    """A job that has at most so many windows in the queue."""

    context: WorkContext
    begins_s: float
    windows: int
    made: int = 0
    done: dict[int, float] = field(default_factory=dict)

    def refill(self, waiting: list[WorkItem], now_s: float) -> None:
        in_flight = self.made - len(self.done)
        while in_flight < IN_FLIGHT and self.made < self.windows:
            start_s = 0.0 if self.made == 0 else FIRST_S + (self.made - 1) * WINDOW_S
            seconds = FIRST_S if self.made == 0 else WINDOW_S
            waiting.append(
                work_item(
                    self.context, self.made, start_s=start_s, seconds=seconds, queued_at_s=now_s
                )
            )
            self.made += 1
            in_flight += 1


def call_s(batch: tuple[WorkItem, ...]) -> float:
    """A call costs something by itself, and something for each window."""
    return 0.5 + 1.0 * len(batch)


def simulate(jobs: list[Job], until_s: float, most: int = MOST) -> Counter[str]:
    """Return how many windows of each job were done; fills `Job.done`."""
    former = BatchFormer({"transcribe": BatchCapacity(most)}, promote_s=30, first_batch=MOST)
    waiting: list[WorkItem] = []
    served: Counter[str] = Counter()
    by_name = {job.context.job: job for job in jobs}
    now_s = 0.0
    while now_s < until_s:
        for job in jobs:
            if job.begins_s <= now_s:
                job.refill(waiting, now_s)
        if not waiting:
            now_s += 0.1
            continue
        batch = former.form(waiting, now_s).items
        now_s += call_s(batch)
        for work in batch:
            waiting.remove(work)
            served[work.context.job] += 1
            by_name[work.context.job].done[work.index] = now_s
    return served


def long_job(name: str) -> Job:
    return Job(batch_job(name), 0.0, windows=10 * 180)


def talk(name: str, begins_s: float) -> Job:
    """Two minutes, watched."""
    return Job(viewer(name), begins_s, windows=7)


def test_a_viewer_beside_a_ten_hour_job_waits_for_one_batch() -> None:
    alone = talk("alone", 0.0)
    simulate([alone], 60)
    unloaded_s = alone.done[0]
    beside = talk("beside", 100.3)
    served = simulate([long_job("archive"), beside], 400)
    one_batch_s = call_s((work_item(batch_job()),) * MOST)
    first_s = beside.done[0] - beside.begins_s
    assert first_s <= 1.5 * unloaded_s + 2 * one_batch_s
    assert max(beside.done.values()) - beside.begins_s <= 60, "seen in time, every window"
    assert served["archive"] > 200


def test_viewers_one_after_another_leave_batch_jobs_half_of_the_device() -> None:
    solo = simulate([long_job(f"archive-{n}") for n in range(8)], 600)
    viewers = [talk(f"viewer-{n}", 20.0 * n + 5) for n in range(28)]
    served = simulate([*(long_job(f"archive-{n}") for n in range(8)), *viewers], 600)
    waits = sorted(job.done[0] - job.begins_s for job in viewers)
    one_batch_s = call_s((work_item(batch_job()),) * MOST)
    assert (
        waits[int(0.95 * len(waits))] <= 1.5 * call_s((work_item(batch_job()),)) + 2 * one_batch_s
    )
    archives = [served[f"archive-{n}"] for n in range(8)]
    assert sum(archives) >= 0.5 * sum(solo.values())
    assert max(archives) - min(archives) <= MOST, "and they share it"


def test_where_a_call_takes_one_window_a_batch_job_still_gets_on() -> None:
    crowd = [Job(viewer(f"viewer-{n}"), 0.0, windows=1000) for n in range(3)]
    served = simulate([long_job("archive"), *crowd], 600, most=1)
    assert served["archive"] >= 10
    watched = [served[f"viewer-{n}"] for n in range(3)]
    assert min(watched) > served["archive"], "but less than a job with a viewer"
