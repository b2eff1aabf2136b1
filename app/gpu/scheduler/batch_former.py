"""Batch composition."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.gpu.scheduler.fair_share import FairShares
from app.gpu.scheduler.memory_gauge import MemoryGauge
from app.gpu.scheduler.priority import Priority, order_in_job, priority_of
from app.gpu.scheduler.work_item import EngineStage, WorkItem
from app.gpu.work_context import WorkContext


@dataclass(frozen=True, slots=True)
class BatchCapacity:
    """Largest batch of one stage.

    Attributes:
        max_items: items in a batch.
        gauge: memory limit; None for no limit.
    """

    max_items: int
    gauge: MemoryGauge | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Items that are computed in one call.

    Attributes:
        stage: of all items.
        items: of equal batch keys, the most urgent first.
        max_items: the stage's largest batch.
        priority: of the most urgent item.
    """

    stage: EngineStage
    items: tuple[WorkItem, ...]
    max_items: int
    priority: Priority

    @property
    def duration_s(self) -> float:
        """Duration of its audio."""
        return sum(item.duration_s for item in self.items)

    @property
    def padded_s(self) -> float:
        """Duration of its audio after padding."""
        return sum(item.padded_s for item in self.items)


class BatchFormer:
    """Forms batches by priority, then by fair shares within it, then by position.

    Args:
        capacities: by stage.
        promote_s: waiting time that raises an item by one priority.
        first_batch: most items in a batch that holds a first window: a batch takes as long as its
            longest window, and more windows make it longer.
    """

    def __init__(
        self, capacities: Mapping[EngineStage, BatchCapacity], promote_s: float, first_batch: int
    ) -> None:
        self._capacities = capacities
        self._promote_s = promote_s
        self._first_batch = first_batch
        self._shares = {priority: FairShares() for priority in Priority}

    def priority(self, item: WorkItem, now_s: float) -> Priority:
        """Return an item's priority at this moment."""
        return priority_of(item, now_s, self._promote_s)

    def first(self, items: Sequence[WorkItem], now_s: float) -> WorkItem:
        """Return the most urgent item; no job is charged for it."""
        priorities = {item: self.priority(item, now_s) for item in items}
        best = min(priorities.values())
        queues = _JobQueues(
            self._shares[best], (item for item in items if priorities[item] is best)
        )
        return queues.peek()

    def form(self, items: Sequence[WorkItem], now_s: float) -> Batch:
        """Return the next batch and charge its jobs for it.

        Args:
            items: ready, not cancelled, at least one.
            now_s: monotonic time.
        """
        lead = self.first(items, now_s)
        peers = [
            item for item in items if item.stage == lead.stage and item.batch_key == lead.batch_key
        ]
        priorities = {item: self.priority(item, now_s) for item in peers}
        capacity = self._capacities[lead.stage]
        max_items = capacity.max_items
        if priorities[lead] is Priority.FIRST:
            max_items = min(max_items, self._first_batch)
        limit_s = capacity.gauge.limit_s() if capacity.gauge is not None else float("inf")
        batch = _BatchBuilder(max_items, limit_s)
        self._fill(batch, priorities, reserved=_reserved_item(lead, peers, max_items))
        return Batch(lead.stage, tuple(batch.items), capacity.max_items, priorities[lead])

    def _fill(
        self,
        batch: _BatchBuilder,
        priorities: Mapping[WorkItem, Priority],
        reserved: WorkItem | None,
    ) -> None:
        if reserved is not None:
            batch.slots -= 1
        for priority in sorted(set(priorities.values())):
            shares = self._shares[priority]
            queues = _JobQueues(
                shares, (item for item, its in priorities.items() if its is priority)
            )
            while queues and batch.slots > 0 and batch.fits(queues.peek()):
                item = queues.pop()
                shares.charge(item.context, item.duration_s)
                if item is reserved:
                    batch.slots += 1
                batch.add(item)
        if reserved is not None and reserved not in batch.items and batch.fits(reserved):
            self._shares[priorities[reserved]].charge(reserved.context, reserved.duration_s)
            batch.items.append(reserved)


def _reserved_item(lead: WorkItem, peers: Sequence[WorkItem], max_items: int) -> WorkItem | None:
    """Return the item that one slot is reserved for: that of the oldest job without a viewer."""
    if max_items < 2 or not lead.has_viewer:
        return None
    unwatched = [item for item in peers if not item.has_viewer]
    return min(unwatched, key=lambda item: (item.queued_at_s, item.index), default=None)


class _BatchBuilder:
    """A batch that grows."""

    def __init__(self, slots: int, limit_s: float) -> None:
        self.slots = slots
        self.items: list[WorkItem] = []
        self._left_s = limit_s

    def fits(self, item: WorkItem) -> bool:
        return not self.items or item.padded_s <= self._left_s

    def add(self, item: WorkItem) -> None:
        self.items.append(item)
        self._left_s -= item.padded_s
        self.slots -= 1


class _JobQueues:
    """The items of one priority, a queue for each job."""

    def __init__(self, shares: FairShares, items: Iterable[WorkItem]) -> None:
        self._shares = shares
        by_job: dict[WorkContext, list[WorkItem]] = {}
        for item in items:
            by_job.setdefault(item.context, []).append(item)
        self._queues = {
            context: deque(sorted(own, key=lambda item: (*order_in_job(item), item.queued_at_s)))
            for context, own in by_job.items()
        }

    def __bool__(self) -> bool:
        return bool(self._queues)

    def peek(self) -> WorkItem:
        return self._queues[self._next_job()][0]

    def pop(self) -> WorkItem:
        context = self._next_job()
        item = self._queues[context].popleft()
        if not self._queues[context]:
            del self._queues[context]
        return item

    def _next_job(self) -> WorkContext:
        # Of equal start tags the job that has waited longest.
        return min(
            self._queues,
            key=lambda job: (*self._shares.start_tag(job), self._queues[job][0].queued_at_s),
        )
