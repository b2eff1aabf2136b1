"""Queue of the work that waits for a device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from app.domain.errors import EngineError, JobCancelledError, OverloadedError
from app.gpu.protocols import Prepared
from app.gpu.scheduler.batch_former import Batch, BatchFormer
from app.gpu.scheduler.priority import Priority
from app.gpu.scheduler.work_item import EngineStage, WorkItem

_FULL_RETRY_S = 30

_ENGINE_OF: dict[EngineStage, str] = {
    "transcribe": "transcriber",
    "align": "aligner",
    "diarize": "diarizer",
    "cluster": "diarizer",
}
TRANSCRIBER_ALONE = frozenset({"transcriber"})
"""Engines that take several calls at a time; every other engine takes one."""

WAITING_DIARIZER = TRANSCRIBER_ALONE | {"diarizer"}
"""The same where the diarizer's calls wait for a server."""


class WorkQueue:
    """Waiting work of all requests; threads take from it and wait while it is empty.

    Windows are prepared before they are decoded, but only so many ahead: a spectrogram is about
    as large as its audio.

    Args:
        former: chooses the next batch.
        prepare_ahead: prepared windows of the same priority or a more urgent one at which no
            further window is prepared.
        max_items: items that may wait.
        clock: monotonic seconds.
        concurrent: engines that take several calls at a time.
    """

    def __init__(
        self,
        former: BatchFormer,
        prepare_ahead: int,
        max_items: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        concurrent: frozenset[str] = TRANSCRIBER_ALONE,
    ) -> None:
        self._concurrent = concurrent
        self._former = former
        self._prepare_ahead = prepare_ahead
        self._max_items = max_items
        self._clock = clock
        self._items: list[WorkItem] = []
        self._busy_engines: set[str] = set()
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """Whether the server stops."""
        return self._closed

    @property
    def full(self) -> bool:
        """Whether no further item may wait."""
        return len(self._items) >= self._max_items

    def waiting(self) -> list[tuple[WorkItem, Priority, float]]:
        """Return every item with its priority and the seconds that it has waited."""
        with self._changed:
            now_s = self._clock()
            return [
                (item, self._former.priority(item, now_s), max(0.0, now_s - item.queued_at_s))
                for item in self._items
                if not item.is_cancelled
            ]

    def put(self, item: WorkItem) -> None:
        """Add an item.

        Raises:
            OverloadedError: the queue is full.
            JobCancelledError: the server stops.
        """
        with self._changed:
            if self._closed:
                raise JobCancelledError("The server is shutting down")
            if self.full:
                raise OverloadedError("The queue ahead of the device is full", _FULL_RETRY_S)
            self._items.append(item)
            self._changed.notify_all()

    def put_back(self, item: WorkItem, prepared: Prepared) -> None:
        """Add a window that is to be decoded once more."""
        with self._changed:
            if self._closed or item.is_cancelled:
                item.drop()
                return
            item.set_prepared(prepared)
            item.queued_at_s = self._clock()
            self._items.append(item)
            self._changed.notify_all()

    def withdraw(self, item: WorkItem) -> None:
        """Remove an item whose waiting coroutine was cancelled."""
        item.withdrawn = True
        with self._changed:
            if item in self._items:
                self._items.remove(item)
                self._changed.notify_all()

    def take(self, stages: frozenset[EngineStage]) -> Batch | None:
        """Wait for a batch and take it; `release` must follow. None once the queue is closed."""
        with self._changed:
            while not self._closed:
                self._drop_cancelled()
                runnable = [item for item in self._items if self._is_runnable(item, stages)]
                if runnable:
                    return self._take_batch(runnable)
                self._changed.wait()
        return None

    def take_first(self, stages: frozenset[EngineStage]) -> Batch | None:
        """Take a batch of first windows, as `take` does; None where none is ready now."""
        with self._changed:
            if self._closed:
                return None
            self._drop_cancelled()
            now_s = self._clock()
            first = [
                item
                for item in self._items
                if self._is_runnable(item, stages)
                and self._former.priority(item, now_s) is Priority.FIRST
            ]
            return self._take_batch(first) if first else None

    def release(self, stage: EngineStage) -> None:
        """Mark a stage's engine as free after a batch."""
        with self._changed:
            self._busy_engines.discard(_ENGINE_OF[stage])
            self._changed.notify_all()

    def take_unprepared(self) -> WorkItem | None:
        """Wait for a window to prepare; `complete_preparation` must follow.

        Returns:
            None once the queue is closed.
        """
        with self._changed:
            while not self._closed:
                self._drop_cancelled()
                item = self._next_unprepared()
                if item is not None:
                    item.state = "preparing"
                    return item
                self._changed.wait()
        return None

    def complete_preparation(self, item: WorkItem, outcome: object) -> None:
        """Record that a window was prepared, or fail it with the error that came instead."""
        with self._changed:
            if item not in self._items:
                return
            try:
                if isinstance(outcome, Prepared):
                    item.set_prepared(outcome)
            except TypeError:
                outcome = EngineError("The engine's batch key is no key")
            if not isinstance(outcome, Prepared):
                self._items.remove(item)
                item.result.resolve(outcome)
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel every waiting item; no further item is taken."""
        with self._changed:
            self._closed = True
            for item in self._items:
                item.cancelled.set()
                item.drop()
            self._items = []
            self._changed.notify_all()

    def _take_batch(self, runnable: list[WorkItem]) -> Batch:
        batch = self._former.form(runnable, self._clock())
        taken = set(batch.items)
        self._items = [item for item in self._items if item not in taken]
        self._busy_engines.add(_ENGINE_OF[batch.stage])
        # The next batch can be prepared now.
        self._changed.notify_all()
        return batch

    def _is_runnable(self, item: WorkItem, stages: frozenset[EngineStage]) -> bool:
        if item.state != "ready" or item.stage not in stages:
            return False
        engine = _ENGINE_OF[item.stage]
        return engine in self._concurrent or engine not in self._busy_engines

    def _next_unprepared(self) -> WorkItem | None:
        raw = [item for item in self._items if item.state == "raw"]
        if not raw:
            return None
        now_s = self._clock()
        first = self._former.first(raw, now_s)
        priority = self._former.priority(first, now_s)
        ahead = sum(
            1
            for item in self._items
            if item.stage == "transcribe"
            and item.state != "raw"
            and self._former.priority(item, now_s) <= priority
        )
        return first if ahead < self._prepare_ahead else None

    def _drop_cancelled(self) -> None:
        """Remove cancelled items before they cost device time."""
        # Each is asked once: it may be cancelled at any moment, and must then be resolved.
        remaining: list[WorkItem] = []
        for item in self._items:
            if item.is_cancelled:
                item.drop()
            else:
                remaining.append(item)
        self._items = remaining
