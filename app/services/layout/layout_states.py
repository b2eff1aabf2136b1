"""States of the search of the layout engine, and the paths that they make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush


@dataclass(slots=True, eq=False)
class LayoutState:
    """A cue's beginning on the cheapest path to it.

    Attributes:
        place: number of the word that it begins with.
        time_ms: when it begins.
        cost: of all cues before it.
        before: the beginning of the cue before it; None for the first.
        end_ms: end of the cue before it.
        change: number of the word with which the second speaker of that cue begins; 0 for none.
    """

    place: int
    time_ms: int
    cost: float
    before: LayoutState | None = None
    end_ms: int = 0
    change: int = 0


def path_behind(state: LayoutState, root: LayoutState | None) -> list[LayoutState]:
    """Return the states from one back to the root, which is left out."""
    path: list[LayoutState] = []
    current: LayoutState | None = state
    while current is not None and current is not root:
        path.append(current)
        current = current.before
    return path


def descends(state: LayoutState, ancestor: LayoutState) -> bool:
    """Whether a state lies on a path that begins at another one."""
    current: LayoutState | None = state
    while current is not None and current.place >= ancestor.place:
        if current is ancestor:
            return True
        current = current.before
    return False


def common_state(states: Iterable[LayoutState]) -> LayoutState:
    """Return the last state that all paths have in common."""
    known = {id(state): state for state in states}
    heap = [(-state.place, -state.time_ms, key) for key, state in known.items()]
    heapify(heap)
    while len(heap) > 1:
        _, _, key = heappop(heap)
        before = known.pop(key).before
        if before is not None and id(before) not in known:
            known[id(before)] = before
            heappush(heap, (-before.place, -before.time_ms, id(before)))
    return known[heap[0][2]]
