"""The work that waits, and who may take it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from app.domain.errors import EngineError, JobCancelledError, OverloadedError
from app.gpu.protocols import Prepared
from app.gpu.scheduler.batch import Batch, BatchFormer
from app.gpu.scheduler.rank import Rank
from app.gpu.scheduler.work import Stage, WorkItem

_FULL_RETRY_S = 30

_ENGINE_OF: dict[Stage, str] = {
    "transcribe": "transcriber",
    "align": "aligner",
    "diarize": "diarizer",
    "cluster": "diarizer",
}
_SHARED = frozenset({"transcriber"})
"""Engines that several lanes may use at a time; of the others there is one call at a time."""


class WorkQueue:
    """Waiting work of all requests; threads take from it and wait when there is nothing.

    Windows are made ready before they are decoded, but only so many ahead of a lane: a
    spectrogram is about as large as its sound.

    Args:
        former: chooses.
        depth: windows of the same class or a more urgent one that are ready when no further one
            is made ready.
        most: pieces that may wait.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        former: BatchFormer,
        depth: int,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._former = former
        self._depth = depth
        self._most = most
        self._clock = clock
        self._works: list[WorkItem] = []
        self._busy: set[str] = set()
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._works)

    @property
    def full(self) -> bool:
        """Whether nothing more may wait."""
        return len(self._works) >= self._most

    def waiting(self) -> list[tuple[WorkItem, Rank, float]]:
        """Return every piece with its class and how many seconds it has waited."""
        with self._changed:
            now_s = self._clock()
            return [
                (work, self._former.rank(work, now_s), max(0.0, now_s - work.since_s))
                for work in self._works
                if not work.unwanted
            ]

    def put(self, work: WorkItem) -> None:
        """Add a piece.

        Raises:
            OverloadedError: nothing more may wait.
            JobCancelledError: the server stops.
        """
        with self._changed:
            if self._closed:
                raise JobCancelledError("The server is shutting down")
            if self.full:
                raise OverloadedError("The queue ahead of the device is full", _FULL_RETRY_S)
            self._works.append(work)
            self._changed.notify_all()

    def put_back(self, work: WorkItem, prepared: Prepared) -> None:
        """Add a window that is to be decoded once more."""
        with self._changed:
            if self._closed or work.unwanted:
                work.drop()
                return
            work.ready_as(prepared)
            work.since_s = self._clock()
            self._works.append(work)
            self._changed.notify_all()

    def withdraw(self, work: WorkItem) -> None:
        """Nobody waits for a piece any more; let go of it if it still waits."""
        work.withdrawn = True
        with self._changed:
            if work in self._works:
                self._works.remove(work)
                self._changed.notify_all()

    def take(self, stages: frozenset[Stage]) -> Batch | None:
        """Wait for a batch and take it; `release` must follow. None means the end."""
        with self._changed:
            while not self._closed:
                self._sweep()
                works = [w for w in self._works if w.state == "ready" and self._may(w, stages)]
                if works:
                    batch = self._former.form(works, self._clock())
                    taken = set(batch.works)
                    self._works = [work for work in self._works if work not in taken]
                    self._busy.add(_ENGINE_OF[batch.stage])
                    # The next batch can be made ready now.
                    self._changed.notify_all()
                    return batch
                self._changed.wait()
        return None

    def release(self, stage: Stage) -> None:
        """A batch is done: its engine is free."""
        with self._changed:
            self._busy.discard(_ENGINE_OF[stage])
            self._changed.notify_all()

    def take_raw(self) -> WorkItem | None:
        """Wait for a window that should be made ready; `made_ready` must follow. None: the end."""
        with self._changed:
            while not self._closed:
                self._sweep()
                work = self._next_raw()
                if work is not None:
                    work.state = "preparing"
                    return work
                self._changed.wait()
        return None

    def made_ready(self, work: WorkItem, outcome: object) -> None:
        """A window was made ready, or could not be."""
        with self._changed:
            if work not in self._works:
                return
            try:
                if isinstance(outcome, Prepared):
                    work.ready_as(outcome)
            except TypeError:
                outcome = EngineError("The engine's batch key is no key")
            if not isinstance(outcome, Prepared):
                self._works.remove(work)
                work.answer.give(outcome)
            self._changed.notify_all()

    def close(self) -> None:
        """Withdraw everything that waits; nothing is taken any more."""
        with self._changed:
            self._closed = True
            for work in self._works:
                work.cancelled.set()
                work.drop()
            self._works = []
            self._changed.notify_all()

    def _may(self, work: WorkItem, stages: frozenset[Stage]) -> bool:
        engine = _ENGINE_OF[work.stage]
        return work.stage in stages and (engine in _SHARED or engine not in self._busy)

    def _next_raw(self) -> WorkItem | None:
        raw = [work for work in self._works if work.state == "raw"]
        if not raw:
            return None
        now_s = self._clock()
        first = self._former.first(raw, now_s)
        rank = self._former.rank(first, now_s)
        ahead = sum(
            1
            for work in self._works
            if work.stage == "transcribe"
            and work.state != "raw"
            and self._former.rank(work, now_s) <= rank
        )
        return first if ahead < self._depth else None

    def _sweep(self) -> None:
        """Drop what nobody wants; it has cost nothing."""
        # Asked once for each: it may be withdrawn at any moment, and must not go unanswered.
        kept: list[WorkItem] = []
        for work in self._works:
            if work.unwanted:
                work.drop()
            else:
                kept.append(work)
        self._works = kept
