"""Listing of what is in the cache, for those who run the server."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.services.cache.cache_folder import LAYOUT

_MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True, order=True)
class CacheEntry:
    """An entry; sorted by its time.

    Attributes:
        changed_s: seconds since the epoch.
        name: key of the entry.
        kind: stage that it belongs to.
        size_bytes: on disk.
    """

    changed_s: float
    name: str
    kind: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CacheListing:
    """What is in the cache.

    Attributes:
        entries: the newest first, as many as are listed.
        count: of all.
        size_bytes: of all.
        by_kind: entries of each stage.
    """

    entries: tuple[CacheEntry, ...]
    count: int
    size_bytes: int
    by_kind: Mapping[str, int]


def listed_cache(folder: Path, kind: str | None) -> CacheListing:
    """Return what is in the cache.

    Args:
        folder: of the cache.
        kind: stage; None for all. ``media`` are downloads.
    """
    newest: list[CacheEntry] = []
    count: Counter[str] = Counter()
    size = 0
    root = folder / LAYOUT
    for stage in sorted(root.iterdir()) if root.is_dir() else ():
        shown = "media" if stage.name == "blobs" else stage.name
        if not stage.is_dir() or stage.is_symlink() or (kind is not None and kind != shown):
            continue
        for path in stage.glob("??/*"):
            with suppress(OSError):  # removed meanwhile
                status = path.lstat()
                count[shown] += 1
                size += status.st_size
                entry = CacheEntry(status.st_mtime, path.name, shown, status.st_size)
                (heapq.heappush if len(newest) < _MOST_ENTRIES else heapq.heappushpop)(
                    newest, entry
                )
    return CacheListing(tuple(sorted(newest, reverse=True)), count.total(), size, count)
