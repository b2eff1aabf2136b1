"""Choosing what a lane computes next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.gpu.scheduler.fair import Shares
from app.gpu.scheduler.memory import MemoryGauge
from app.gpu.scheduler.rank import Rank, place_of, rank_of
from app.gpu.scheduler.work import Stage, WorkItem
from app.gpu.work_context import WorkContext


@dataclass(frozen=True, slots=True)
class BatchCapacity:
    """How much of one stage goes into a call.

    Attributes:
        most: pieces.
        gauge: what memory allows; None for no limit.
    """

    most: int
    gauge: MemoryGauge | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Work that is computed in one call.

    Attributes:
        stage: of all of it.
        works: of equal keys, the most urgent first.
        most: how many there might have been.
    """

    stage: Stage
    works: tuple[WorkItem, ...]
    most: int

    @property
    def seconds(self) -> float:
        """Length of its sound."""
        return sum(work.seconds for work in self.works)

    @property
    def padded_s(self) -> float:
        """Seconds that it is computed at."""
        return sum(work.padded_s for work in self.works)


class BatchFormer:
    """Forms batches by class, then by fair shares within it, then by place.

    Args:
        rooms: by stage.
        promote_s: waiting that raises a piece by one class.
        first_batch: most pieces in a batch that holds a first window: a batch takes as long as its
            longest window, and more windows make it longer.
    """

    def __init__(
        self, rooms: Mapping[Stage, BatchCapacity], promote_s: float, first_batch: int
    ) -> None:
        self._rooms = rooms
        self._promote_s = promote_s
        self._first_batch = first_batch
        self._shares = {rank: Shares() for rank in Rank}

    def rank(self, work: WorkItem, now_s: float) -> Rank:
        """Return a piece's class at this moment."""
        return rank_of(work, now_s, self._promote_s)

    def first(self, works: Sequence[WorkItem], now_s: float) -> WorkItem:
        """Return the piece that is to be looked at next; nobody is charged for it."""
        ranks = {work: self.rank(work, now_s) for work in works}
        best = min(ranks.values())
        rows = _Rows(self._shares[best], (work for work in works if ranks[work] is best))
        return rows.peek()

    def form(self, works: Sequence[WorkItem], now_s: float) -> Batch:
        """Return the next batch and charge it to those whose work it is.

        Args:
            works: ready, wanted, at least one.
            now_s: the time.
        """
        lead = self.first(works, now_s)
        peers = [w for w in works if w.stage == lead.stage and w.key == lead.key]
        ranks = {work: self.rank(work, now_s) for work in peers}
        room = self._rooms[lead.stage]
        most = room.most
        if ranks[lead] is Rank.FIRST:
            most = min(most, self._first_batch)
        limit_s = room.gauge.limit_s() if room.gauge is not None else float("inf")
        chosen = _Chosen(most, limit_s)
        self._fill(chosen, ranks, kept=_kept(lead, peers, most))
        return Batch(lead.stage, tuple(chosen.works), room.most)

    def _fill(self, chosen: _Chosen, ranks: dict[WorkItem, Rank], kept: WorkItem | None) -> None:
        if kept is not None:
            chosen.slots -= 1
        for rank in sorted(set(ranks.values())):
            shares = self._shares[rank]
            rows = _Rows(shares, (work for work, its in ranks.items() if its is rank))
            while rows and chosen.slots > 0 and chosen.fits(rows.peek()):
                work = rows.pop()
                shares.serve(work.context, work.seconds)
                if work is kept:
                    chosen.slots += 1
                chosen.take(work)
        if kept is not None and kept not in chosen.works and chosen.fits(kept):
            self._shares[ranks[kept]].serve(kept.context, kept.seconds)
            chosen.works.append(kept)


def _kept(lead: WorkItem, peers: Sequence[WorkItem], most: int) -> WorkItem | None:
    """Return the piece that one slot is kept for: that of the oldest job that nobody watches."""
    if most < 2 or not lead.watched:
        return None
    batch = [work for work in peers if not work.watched]
    return min(batch, key=lambda work: (work.since_s, work.index), default=None)


class _Chosen:
    """A batch that grows."""

    def __init__(self, slots: int, limit_s: float) -> None:
        self.slots = slots
        self.works: list[WorkItem] = []
        self._left_s = limit_s

    def fits(self, work: WorkItem) -> bool:
        return not self.works or work.padded_s <= self._left_s

    def take(self, work: WorkItem) -> None:
        self.works.append(work)
        self._left_s -= work.padded_s
        self.slots -= 1


class _Rows:
    """The work of one class, a row for each job."""

    def __init__(self, shares: Shares, works: Iterable[WorkItem]) -> None:
        self._shares = shares
        rows: dict[WorkContext, list[WorkItem]] = {}
        for work in works:
            rows.setdefault(work.context, []).append(work)
        self._rows = {
            context: deque(sorted(row, key=lambda work: (*place_of(work), work.since_s)))
            for context, row in rows.items()
        }

    def __bool__(self) -> bool:
        return bool(self._rows)

    def peek(self) -> WorkItem:
        return self._rows[self._next()][0]

    def pop(self) -> WorkItem:
        context = self._next()
        work = self._rows[context].popleft()
        if not self._rows[context]:
            del self._rows[context]
        return work

    def _next(self) -> WorkContext:
        # Equal turns: whoever has waited longest.
        return min(self._rows, key=lambda t: (*self._shares.turn(t), self._rows[t][0].since_s))
