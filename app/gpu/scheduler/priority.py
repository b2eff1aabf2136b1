"""Priority of work, the most urgent first."""

from __future__ import annotations

from enum import IntEnum

from app.gpu.scheduler.work_item import WorkItem

AHEAD_MS = 60_000
BEHIND_MS = 5_000
"""A viewer is about to see what has not ended before `BEHIND_MS` and starts before `AHEAD_MS`,
counted from his position. The margin behind him is for the cue that is on the screen already, and
for positions that are reported late."""


class Priority(IntEnum):
    """Order of service; computed whenever a batch is formed, since work contexts change.

    A batch job's windows are `BATCH`. So are all slices of diarization: they are below whatever
    text a viewer waits for. Alignment has the priority of its window.
    """

    FIRST = 0
    """A viewer's first window, and each finished utterance of a live stream."""
    AHEAD = 1
    """Windows that a viewer is about to see."""
    REST = 2
    """The rest of a viewer's request."""
    BATCH = 3
    """Jobs without a viewer, and diarization."""
    RETRY = 4
    """Further attempts for jobs without a viewer."""


def priority_of(item: WorkItem, now_s: float, promote_s: float) -> Priority:
    """Return the priority of an item at this moment.

    A further attempt is one priority below its window: it must not hold up the first windows of
    other jobs, but a job emits its windows in order, so the one it waits for cannot come last.
    Waiting raises an item by one priority for every ``promote_s``, up to `AHEAD`: waiting alone
    never puts an item before a first window.
    """
    priority = _initial_priority(item) + (1 if item.attempt else 0)
    if priority <= Priority.AHEAD:
        return Priority(priority)
    risen = int(max(0.0, now_s - item.queued_at_s) / promote_s)
    return Priority(max(Priority.AHEAD, priority - risen))


def order_in_job(item: WorkItem) -> tuple[bool, int, int]:
    """Return the sort key of an item within its job: what its viewer sees next comes first."""
    seen = item.has_viewer and _is_behind(item)
    return (seen, item.span.start_ms, item.index)


def _initial_priority(item: WorkItem) -> Priority:
    if item.stage in ("diarize", "cluster") or not item.has_viewer:
        return Priority.BATCH
    if item.index == 0:
        return Priority.FIRST
    near = item.span.start_ms <= item.context.position_ms + AHEAD_MS
    return Priority.AHEAD if near and not _is_behind(item) else Priority.REST


def _is_behind(item: WorkItem) -> bool:
    """Whether its viewer has seen it; false for a window that he is in the middle of."""
    return item.span.end_ms < item.context.position_ms - BEHIND_MS
