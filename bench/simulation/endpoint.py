"""An endpoint of the simulation: its settings, and what its workers share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["load_balancer", "queue"]
Scaler = Literal["REQUEST_COUNT", "QUEUE_DELAY"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Settings of an endpoint, as RunPod names them, and of its workers.

    Attributes:
        kind: a load balancer knows no queue and has the scaler REQUEST_COUNT alone.
        min_workers: that always run, and are always paid.
        max_workers: that run at most.
        scaler: how the number in between is found.
        scaler_value: requests a worker, or seconds of waiting.
        idle_s: time without a request after which a worker stops.
        flashboot: whether a worker that ran before starts quickly.
        concurrency: jobs that a queue's worker takes at a time.
        shared_store: whether any worker answers for a job of any other (`DATABASE_URL`).
        shared_cache: whether workers share the cache's folder (a network volume).
        max_jobs: of a worker at a time (`MAX_JOBS`).
        max_streams: of a worker at a time (`MAX_CONNECTIONS`).
    """

    kind: Kind = "load_balancer"
    min_workers: int = 0
    max_workers: int = 3
    scaler: Scaler = "REQUEST_COUNT"
    scaler_value: float = 4.0
    idle_s: float = 5.0
    flashboot: bool = True
    concurrency: int = 4
    shared_store: bool = False
    shared_cache: bool = False
    max_jobs: int = 32
    max_streams: int = 1000

    def __post_init__(self) -> None:
        if self.kind == "load_balancer" and self.scaler != "REQUEST_COUNT":
            raise ValueError("a load balancer scales by REQUEST_COUNT alone")
        if not 0 <= self.min_workers <= self.max_workers or self.scaler_value <= 0:
            raise ValueError("0 <= min_workers <= max_workers, and scaler_value above 0")


@dataclass(slots=True)
class CachedWork:
    """What a cache's folder has of finished work.

    Attributes:
        windows: video with start and end of a transcribed window.
        transcripts: videos that were transcribed to their end.
        opened: videos whose media were fetched.
    """

    windows: set[tuple[str, float, float]] = field(default_factory=set)
    transcripts: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
