"""A worker of the simulation: one device, its queue of windows, its jobs and streams."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from app.domain.time import Span
from app.gpu.scheduler.batch_former import BatchCapacity, BatchFormer
from app.gpu.scheduler.work_item import WorkItem
from app.settings import SchedulerSettings
from bench.simulation.costs import StageCosts
from bench.simulation.endpoint import CachedWork, Endpoint
from bench.simulation.job import Job, Stretch

Steps = Generator[simpy.Event, Any, None]
"""A process of simpy."""

_IN_FLIGHT = (4, 24)
"""Windows of a job that wait or are decoded, at least and at most, as in the product."""


class Worker:
    """One worker. Its batches are formed by the product's own `BatchFormer`.

    Args:
        env: the simulation.
        costs: of its card.
        endpoint: limits of jobs and streams.
        cache: its own, or that of all.
        start_s: until it is ready.

    Attributes:
        ready: whether it takes requests.
        streams: requests that it answers now.
        jobs: by key, finished ones too.
        started_s: when it was started, thus when it begins to cost.
        stopped_s: when it stopped; None while it runs.
        idle_since_s: when its last request ended.
        busy_s: time of its device in calls.
    """

    def __init__(
        self,
        env: simpy.Environment,
        costs: StageCosts,
        endpoint: Endpoint,
        cache: CachedWork,
        start_s: float,
    ) -> None:
        self._env = env
        self._costs = costs
        self._endpoint = endpoint
        self._cache = cache
        self._settings = SchedulerSettings()
        self._former = BatchFormer(
            {"transcribe": BatchCapacity(costs.max_batch)},
            self._settings.promote_s,
            costs.first_batch,
        )
        self._items: list[WorkItem] = []
        self._more = env.event()
        self._loop = simpy.Resource(env)
        self.ready = False
        self.streams = 0
        self.jobs: dict[tuple[str, str | None], Job] = {}
        self.started_s = self.idle_since_s = env.now
        self.stopped_s: float | None = None
        self.busy_s = 0.0
        self.started: simpy.Process = env.process(self._start(start_s))

    @property
    def running_jobs(self) -> int:
        """Jobs that have not finished."""
        return sum(not job.finished.triggered for job in self.jobs.values())

    @property
    def takes_streams(self) -> bool:
        """Whether one more stream has a place."""
        return self.ready and self.streams < self._endpoint.max_streams

    @property
    def refuses_jobs(self) -> bool:
        """Whether one more job would be answered 429: no place, or too long a wait."""
        first = sum(item.index == 0 for item in self._items)
        calls = math.ceil((first + 1) / self._costs.first_batch)
        wait_s = calls * self._costs.batch_s(10.0 * self._costs.first_batch, first + 1)
        return self.running_jobs >= self._endpoint.max_jobs or wait_s > self._settings.viewer_wait_s

    def begin(self, job: Job) -> None:
        """Start to work on a job."""
        self.jobs[job.key] = job
        self._env.process(self._work(job))

    def send(self) -> Steps:
        """Take the event loop for one viewer's stream."""
        with self._loop.request() as turn:
            yield turn
            yield self._env.timeout(self._costs.stream_s)

    def _start(self, start_s: float) -> Steps:
        yield self._env.timeout(start_s)
        self.ready = True
        self.idle_since_s = self._env.now
        self._env.process(self._decode())

    def _work(self, job: Job) -> Steps:
        """Open a video, cut its windows and let them wait for the device, some at a time."""
        source = job.key[0]
        known = source in self._cache.opened
        yield self._env.timeout(self._costs.reopen_s if known else self._costs.open_s)
        self._cache.opened.add(source)
        if source in self._cache.transcripts:
            job.complete(Stretch(0.0, math.inf))
        else:
            yield self._env.process(self._transcribe(job))
            self._cache.transcripts.add(source)
        job.finished.succeed()

    def _transcribe(self, job: Job) -> Steps:
        least, most = _IN_FLIGHT
        share = min(most, max(least, 2 * self._costs.max_batch))
        places = simpy.Container(self._env, share, share)
        index = 0
        while True:
            yield places.get(1)
            window = job.next_window()
            if window is None:
                break
            key = (job.key[0], window.start_s, window.end_s)
            if key in self._cache.windows:
                job.complete(window)
                places.put(1)
                continue
            self._items.append(self._item(job, index, window, places))
            index += 1
            if not self._more.triggered:
                self._more.succeed()
        yield places.get(share - 1)

    def _item(self, job: Job, index: int, window: Stretch, places: simpy.Container) -> WorkItem:
        span = Span(round(window.start_s * 1000), round(window.end_s * 1000))
        return WorkItem(
            "transcribe",
            job.context,
            index,
            span,
            (job, window, places),
            result=None,  # type: ignore[arg-type] # nobody waits for it on an event loop
            cancelled=job.context.cancelled,
            queued_at_s=self._env.now,
            padded_s=window.length_s,
        )

    def _decode(self) -> Steps:
        """Decode batch after batch, as the product's scheduler forms them."""
        while True:
            if not self._items:
                self._more = self._env.event()
                yield self._more
                continue
            batch = self._former.form(self._items, self._env.now)
            taken = set(batch.items)
            self._items = [item for item in self._items if item not in taken]
            call_s = self._costs.batch_s(batch.duration_s, len(batch.items))
            yield self._env.timeout(call_s)
            self.busy_s += call_s
            for item in batch.items:
                job, window, places = item.payload
                self._cache.windows.add((job.key[0], window.start_s, window.end_s))
                job.complete(window)
                places.put(1)
