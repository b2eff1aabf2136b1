"""One sweep of the cache: removes expired entries, then the least recently used ones."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.services.cache.cache_folder import LOCKS, TEMPORARY, CacheFolder, is_entry
from app.services.cache.lifetimes import Lifetimes
from app.system.locks import file_lock

_LOCK = "janitor"
"""The lock's file name on disk, which workers of all versions share."""
_BLOCK_BYTES = 4096
"""Disk space of the smallest file. Source: the default block size of ext4 and xfs."""
_ABANDONED_S = 3600.0
"""A temporary file that was not written to for so long belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep did.

    Attributes:
        removed: number of files removed.
        stored_bytes: disk space of the files that are left.
    """

    removed: int
    stored_bytes: int


@dataclass(frozen=True, slots=True, order=True)
class _StoredFile:
    """A file of an entry; sorted by the time of use, the least recent first."""

    used_s: float
    size: int
    stage: str
    shard: str
    name: str


def sweep(folder: CacheFolder, lifetimes: Lifetimes, limit_bytes: int) -> SweepResult | None:
    """Remove expired entries, then the least recently used ones beyond the limit.

    Blocks, so call it in a thread. Folders are opened relative to their parents and never through
    a link, so nothing outside the tree is reached, even while another process moves folders.

    Args:
        folder: of the cache.
        lifetimes: of the stages.
        limit_bytes: size limit of the whole cache.

    Returns:
        None where another worker is sweeping.

    Raises:
        OSError: the tree cannot be read.
    """
    with file_lock(folder.ensure(folder.home / LOCKS) / _LOCK) as locked:
        if not locked:
            return None
        with _opened_folder(str(folder.home), None) as home:
            return _Sweep(home, _clock(folder.home / LOCKS / _LOCK), lifetimes).run(limit_bytes)


def _clock(path: Path) -> float:
    """Return the time of the file system's clock: a network volume has its own."""
    with suppress(OSError):
        os.utime(path)
        return path.stat().st_mtime
    return time.time()


class _Sweep:
    """One sweep of an open tree."""

    def __init__(self, home: int, now_s: float, lifetimes: Lifetimes) -> None:
        self._home = home
        self._now_s = now_s
        self._lifetimes = lifetimes
        self._removed = 0

    def run(self, limit_bytes: int) -> SweepResult:
        valid: list[_StoredFile] = []
        for stage in _folders(self._home):
            if stage == LOCKS:
                continue
            with suppress(OSError), _opened_folder(stage, self._home) as inner:
                for shard in _folders(inner):
                    with suppress(OSError), _opened_folder(shard, inner) as innermost:
                        valid += self._remove_expired(stage, shard, innermost)
        stored_bytes = self._remove_surplus(valid, limit_bytes)
        return SweepResult(self._removed, stored_bytes)

    def _remove_expired(self, stage: str, shard: str, handle: int) -> Iterator[_StoredFile]:
        lifetime_s = self._lifetimes[stage].limit_s
        with os.scandir(handle) as entries:
            for entry in list(entries):
                with suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if not (stat.S_ISREG(found.st_mode) and is_entry(stage, shard, entry.name)):
                        continue
                    temporary = entry.name.startswith(TEMPORARY)
                    limit_s = _ABANDONED_S if temporary else lifetime_s
                    if self._now_s - found.st_mtime > limit_s:
                        self._remove(entry.name, handle)
                    elif not temporary:
                        size = -(-found.st_size // _BLOCK_BYTES) * _BLOCK_BYTES
                        yield _StoredFile(found.st_mtime, size, stage, shard, entry.name)

    def _remove_surplus(self, files: list[_StoredFile], limit_bytes: int) -> int:
        total = sum(file.size for file in files)
        for file in sorted(files) if total > limit_bytes else ():
            if total <= limit_bytes:
                break
            with (
                suppress(OSError),
                _opened_folder(file.stage, self._home) as inner,
                _opened_folder(file.shard, inner) as innermost,
            ):
                now = os.stat(file.name, dir_fd=innermost, follow_symlinks=False)
                if now.st_mtime == file.used_s:  # not used meanwhile
                    self._remove(file.name, innermost)
                    total -= file.size
        return total

    def _remove(self, name: str, handle: int) -> None:
        os.unlink(name, dir_fd=handle)
        self._removed += 1


@contextmanager
def _opened_folder(name: str, above: int | None) -> Iterator[int]:
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    try:
        yield handle
    finally:
        os.close(handle)


def _folders(handle: int) -> list[str]:
    with os.scandir(handle) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
