"""RunPod's load balancer or queue with its scaler, in front of workers."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.simulation.costs import StageCosts
from bench.simulation.endpoint import CachedWork, Endpoint
from bench.simulation.job import Job
from bench.simulation.trace import Arrival
from bench.simulation.worker import Steps, Worker

_HELD_S = 120.0
"""How long a load balancer holds a request while no worker is ready. Source: RunPod's docs."""
_RETRY_S = 5.0
_TRIES = 12
"""How often a client comes back who was refused, a minute in all."""
_POLL_S = 1.0
"""What a client of the queue waits on average for his next poll, every 2 s."""
_SCALE_S = 1.0
"""How often the scaler looks. RunPod does not say."""
_REPLAY_S = 0.1


@dataclass(slots=True)
class Outcome:
    """What became of a trace.

    Attributes:
        first_cue_s: of each viewer who was served, in the order of their first cues.
        order: numbers of these viewers in the trace.
        lost: viewers who gave up.
        refused: answers that told a viewer to come back.
        workers: time with the number of running and of ready workers, at each change.
        most_streams: of one worker at a time.
        worker_s: time that workers ran, thus what is paid.
        busy_s: time of their devices in calls.
        asked_s: length of all videos, once for each viewer.
        jobs: jobs that were worked on.
    """

    first_cue_s: list[float] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    lost: int = 0
    refused: int = 0
    workers: list[tuple[float, int, int]] = field(default_factory=list)
    most_streams: int = 0
    worker_s: float = 0.0
    busy_s: float = 0.0
    asked_s: float = 0.0
    jobs: int = 0


class Platform:
    """An endpoint with its workers.

    Args:
        costs: of the workers' card.
        endpoint: settings.
    """

    def __init__(self, costs: StageCosts, endpoint: Endpoint) -> None:
        self.env = simpy.Environment()
        self._costs = costs
        self._endpoint = endpoint
        self._workers: list[Worker] = []
        self._ran_before = 0
        self._waiting: dict[simpy.Event, float] = {}
        self._jobs: dict[tuple[str, str | None], Job] = {}
        self._shared = CachedWork()
        self._viewers_left = 0
        self._scaled_s = -math.inf
        self.outcome = Outcome()

    def run(self, arrivals: Sequence[Arrival]) -> Outcome:
        """Serve a trace to its end, and until the last idle worker has stopped."""
        self._viewers_left = len(arrivals)
        for number, arrival in enumerate(arrivals):
            self.env.process(self._viewer(number, arrival))
        self.env.run(self.env.process(self._scale()))
        outcome = self.outcome
        outcome.worker_s = sum(self._paid_s(worker) for worker in self._workers)
        outcome.busy_s = sum(worker.busy_s for worker in self._workers)
        return outcome

    def _paid_s(self, worker: Worker) -> float:
        return (self.env.now if worker.stopped_s is None else worker.stopped_s) - worker.started_s

    def _viewer(self, number: int, arrival: Arrival) -> Steps:
        yield self.env.timeout(arrival.at_s)
        self.outcome.asked_s += arrival.length_s
        for _ in range(_TRIES):
            worker = yield from self._place()
            job = None if worker is None else self._job(worker, arrival)
            if worker is not None and job is not None:
                yield from self._serve(worker, job, number, arrival)
                break
            self._release(worker)
            self.outcome.refused += 1
            yield self.env.timeout(_RETRY_S)
        else:
            self.outcome.lost += 1
        self._viewers_left -= 1

    def _serve(self, worker: Worker, job: Job, number: int, arrival: Arrival) -> Steps:
        """Send a viewer his cues: those that are there at once, the others as they come."""
        covered = job.covers(arrival.position_s)
        cue = job.watch(arrival.position_s)
        yield from worker.send()
        yield cue
        translate_s = self._costs.translate_s if arrival.language else 0.0
        yield self.env.timeout(_REPLAY_S if covered else translate_s)
        if self._endpoint.kind == "queue":
            yield self.env.timeout(_POLL_S)
        self.outcome.first_cue_s.append(self.env.now - arrival.at_s)
        self.outcome.order.append(number)
        if not job.finished.processed:
            yield job.finished
        self._release(worker)

    def _job(self, worker: Worker, arrival: Arrival) -> Job | None:
        """Return the job of a request, a new one unless an equal one is known; None if refused."""
        known = self._jobs if self._endpoint.shared_store else worker.jobs
        key = (arrival.source, arrival.language)
        if key in known:
            return known[key]
        if worker.refuses_jobs:
            return None
        self.outcome.jobs += 1
        job = known[key] = Job.of(self.env, arrival, self.outcome.jobs)
        worker.begin(job)
        return job

    def _place(self) -> Generator[simpy.Event, Any, Worker | None]:
        """Wait for a worker; None where a load balancer gave up."""
        worker = self._free_worker()
        if worker is None:
            turn = self.env.event()
            self._waiting[turn] = self.env.now
            if self._endpoint.kind == "queue":
                worker = yield turn
            else:
                yield turn | self.env.timeout(_HELD_S)
                if not turn.triggered:
                    del self._waiting[turn]
                    return None
                worker = turn.value
        else:
            self._take(worker)
        return worker

    def _free_worker(self) -> Worker | None:
        """Return the worker with the fewest requests that takes one more."""
        limit = self._endpoint.concurrency if self._endpoint.kind == "queue" else math.inf
        free = [each for each in self._workers if each.takes_streams and each.streams < limit]
        return min(free, key=lambda each: each.streams, default=None)

    def _take(self, worker: Worker) -> None:
        worker.streams += 1
        self.outcome.most_streams = max(self.outcome.most_streams, worker.streams)

    def _release(self, worker: Worker | None) -> None:
        if worker is not None:
            worker.streams -= 1
            worker.idle_since_s = self.env.now
        self._hand_out()

    def _hand_out(self) -> None:
        """Give those who wait to workers that are free, the longest wait first."""
        while self._waiting and (worker := self._free_worker()) is not None:
            self._take(worker)
            turn = next(iter(self._waiting))
            del self._waiting[turn]
            turn.succeed(worker)

    def _scale(self) -> Steps:
        """Start and stop workers until nobody is left."""
        while True:
            running = self._running()
            wanted = self._wanted(running)
            while len(running) < wanted:
                running.append(self._start())
            for worker in sorted(running, key=lambda each: each.idle_since_s):
                idle = worker.ready and not worker.streams and not worker.running_jobs
                if len(running) > wanted and idle and self._idle_too_long(worker):
                    worker.ready, worker.stopped_s = False, self.env.now
                    running.remove(worker)
            self._record(running)
            if not self._viewers_left and len(running) <= self._endpoint.min_workers:
                return
            yield self.env.timeout(_SCALE_S)

    def _idle_too_long(self, worker: Worker) -> bool:
        return self.env.now - worker.idle_since_s >= self._endpoint.idle_s

    def _running(self) -> list[Worker]:
        return [each for each in self._workers if each.stopped_s is None]

    def _wanted(self, running: Sequence[Worker]) -> int:
        """Return how many workers the scaler wants."""
        endpoint, now_s = self._endpoint, self.env.now
        requests = sum(each.streams for each in running) + len(self._waiting)
        if endpoint.scaler == "REQUEST_COUNT":
            wanted = math.ceil(requests / endpoint.scaler_value)
        else:
            busy = sum(each.streams > 0 or not each.ready for each in running)
            oldest_s = next(iter(self._waiting.values()), math.inf)
            late = now_s - oldest_s >= endpoint.scaler_value
            wanted = max(busy, min(1, requests))
            if late and now_s - self._scaled_s >= endpoint.scaler_value:
                wanted, self._scaled_s = len(running) + 1, now_s
        return min(max(wanted, endpoint.min_workers), endpoint.max_workers)

    def _start(self) -> Worker:
        endpoint, costs = self._endpoint, self._costs
        warm = endpoint.flashboot and self._ran_before > len(self._running())
        first = self.env.now == 0 and len(self._workers) < endpoint.min_workers
        start_s = 0.0 if first else costs.flash_start_s if warm else costs.cold_start_s
        cache = self._shared if endpoint.shared_cache else CachedWork()
        worker = Worker(self.env, costs, endpoint, cache, start_s)
        self._workers.append(worker)
        self._ran_before = max(self._ran_before, len(self._running()))
        self.env.process(self._announce(worker))
        return worker

    def _announce(self, worker: Worker) -> Steps:
        yield worker.started
        self._hand_out()

    def _record(self, running: Sequence[Worker]) -> None:
        ready = sum(each.ready for each in running)
        changes = self.outcome.workers
        if not changes or changes[-1][1:] != (len(running), ready):
            changes.append((self.env.now, len(running), ready))


def simulate(arrivals: Sequence[Arrival], costs: StageCosts, endpoint: Endpoint) -> Outcome:
    """Serve a trace; equal arguments give equal outcomes."""
    return Platform(costs, endpoint).run(arrivals)
