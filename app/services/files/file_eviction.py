"""Which stored files have to go: by their age, by their holder's share and by the room for all."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A stored file as its store lists it.

    Attributes:
        key: in its store.
        owner: name of its holder, no secret.
        size_bytes: its length.
        stored_s: when it was stored, seconds since the epoch.
    """

    key: str
    owner: str
    size_bytes: int
    stored_s: float


@dataclass(frozen=True, slots=True)
class FileBounds:
    """How much may be stored for how long.

    Attributes:
        ttl_s: age at which a file goes.
        room_bytes: for all files.
        share_bytes: for the files of one holder.
        most_files: of all holders; one of them has half as many.
    """

    ttl_s: float
    room_bytes: int
    share_bytes: int
    most_files: int = 20_000


def files_to_remove(
    entries: Iterable[StoredEntry], bounds: FileBounds, now_s: float
) -> list[StoredEntry]:
    """Return the files that go: expired ones, then the oldest of who holds too much or most.

    Args:
        entries: all files of a store.
        bounds: what may stay.
        now_s: seconds since the epoch.
    """
    removed: list[StoredEntry] = []
    holdings: dict[str, _Holding] = {}
    for entry in sorted(entries, key=lambda each: each.stored_s):
        if entry.stored_s + bounds.ttl_s <= now_s:
            removed.append(entry)
        else:
            holdings.setdefault(entry.owner, _Holding()).add(entry)
    for holding in holdings.values():
        while holding.exceeds(bounds.share_bytes, bounds.most_files // 2):
            removed.append(holding.remove_oldest())
    return removed + _beyond_room(list(holdings.values()), bounds)


@dataclass(slots=True)
class _Holding:
    """The files of one holder, the oldest first."""

    files: deque[StoredEntry] = field(default_factory=deque)
    size_bytes: int = 0

    def add(self, entry: StoredEntry) -> None:
        self.files.append(entry)
        self.size_bytes += entry.size_bytes

    def remove_oldest(self) -> StoredEntry:
        oldest = self.files.popleft()
        self.size_bytes -= oldest.size_bytes
        return oldest

    def exceeds(self, most_bytes: int, most_files: int) -> bool:
        return self.size_bytes > most_bytes or len(self.files) > most_files


def _beyond_room(holdings: list[_Holding], bounds: FileBounds) -> list[StoredEntry]:
    """Remove the oldest files of who holds most until the rest has room."""
    removed: list[StoredEntry] = []
    total = sum(each.size_bytes for each in holdings)
    number = sum(len(each.files) for each in holdings)
    # The place in the list makes every entry of the heap comparable.
    largest = [(-each.size_bytes, place) for place, each in enumerate(holdings) if each.files]
    heapq.heapify(largest)
    while largest and (total > bounds.room_bytes or number > bounds.most_files):
        _, place = heapq.heappop(largest)
        oldest = holdings[place].remove_oldest()
        removed.append(oldest)
        total, number = total - oldest.size_bytes, number - 1
        if holdings[place].files:
            heapq.heappush(largest, (-holdings[place].size_bytes, place))
    return removed
