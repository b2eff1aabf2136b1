"""The classes of work, the most urgent first."""

from __future__ import annotations

from enum import IntEnum

from app.gpu.scheduler.work import WorkItem

AHEAD_MS = 60_000
BEHIND_MS = 5_000
"""A viewer is about to see what has not ended before the one and starts before the other, counted
from where he watches. The margin behind him is for the cue that is on the screen already, and for
positions told late."""


class Rank(IntEnum):
    """Who is served before whom; computed whenever a batch is formed, since tickets change.

    A batch job's windows are `BATCH`. So are all slices of diarization: they are below whatever
    a viewer waits for as text. Alignment has the class of its window.
    """

    FIRST = 0
    """A viewer's first window, and each finished line of a live stream."""
    AHEAD = 1
    """What a viewer is about to see."""
    REST = 2
    """The rest of what viewers asked for."""
    BATCH = 3
    """Jobs that nobody watches, and diarization."""
    RETRY = 4
    """Further attempts for jobs that nobody watches."""


def rank_of(work: WorkItem, now_s: float, promote_s: float) -> Rank:
    """Return the class of a piece of work at this moment.

    A further attempt is one class below its window: it must not hold up other people's first
    windows, but a job tells its windows in order, so what it waits for cannot come last.
    Waiting raises a piece by one class for every ``promote_s``, up to `AHEAD`: nothing that
    merely waited long comes before a first window.
    """
    rank = _asked(work) + (1 if work.attempt else 0)
    if rank <= Rank.AHEAD:
        return Rank(rank)
    risen = int(max(0.0, now_s - work.since_s) / promote_s)
    return Rank(max(Rank.AHEAD, rank - risen))


def place_of(work: WorkItem) -> tuple[bool, int, int]:
    """Return a piece's place among the others of its job: what comes next for its viewer first."""
    seen = work.watched and _is_behind(work)
    return (seen, work.span.start_ms, work.index)


def _asked(work: WorkItem) -> Rank:
    if work.stage in ("diarize", "cluster") or not work.watched:
        return Rank.BATCH
    if work.index == 0:
        return Rank.FIRST
    near = work.span.start_ms <= work.context.position_ms + AHEAD_MS
    return Rank.AHEAD if near and not _is_behind(work) else Rank.REST


def _is_behind(work: WorkItem) -> bool:
    """Whether its viewer has seen it: a window that he is in the middle of is what he waits for."""
    return work.span.end_ms < work.context.position_ms - BEHIND_MS
