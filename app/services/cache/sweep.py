"""One round of clearing away: what is too old, then what was used longest ago."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.services.cache.folder import LOCKS, TEMPORARY, Folder
from app.services.cache.lifetimes import Lifetimes
from app.system.locks import holding

_LOCK = "janitor"
_BLOCK_BYTES = 4096
"""What the smallest file takes. Source: the block size of ext4 and xfs unless told otherwise."""
_ABANDONED_S = 3600.0
"""A file that nobody has written to for so long belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a round has done.

    Attributes:
        removed: files.
        kept_bytes: what is left takes on the disk.
    """

    removed: int
    kept_bytes: int


@dataclass(frozen=True, slots=True, order=True)
class _File:
    """A stored file; the one that was used longest ago comes first."""

    used_s: float
    size: int
    stage: str
    shard: str
    name: str


def sweep(folder: Folder, lifetimes: Lifetimes, limit_bytes: int) -> Swept | None:
    """Clear away; meant for a thread.

    Folders are opened one below the other and never through a link, so nothing outside the
    tree is ever reached, even while somebody moves folders about.

    Args:
        folder: the tree.
        lifetimes: of its stages.
        limit_bytes: what may be left.

    Returns:
        None where another worker is at it.

    Raises:
        OSError: the tree cannot be read.
    """
    with holding(folder.make(folder.home / LOCKS) / _LOCK) as mine:
        if not mine:
            return None
        with _inside(str(folder.home), None) as home:
            return _Round(home, _clock(folder.home / LOCKS / _LOCK), lifetimes).run(limit_bytes)


def _clock(path: Path) -> float:
    """Return the time by the clock that dates the files: a network volume has its own."""
    with suppress(OSError):
        os.utime(path)
        return path.stat().st_mtime
    return time.time()


class _Round:
    """One round on an open tree."""

    def __init__(self, home: int, now_s: float, lifetimes: Lifetimes) -> None:
        self._home = home
        self._now_s = now_s
        self._lifetimes = lifetimes
        self._removed = 0

    def run(self, limit_bytes: int) -> Swept:
        kept: list[_File] = []
        for stage in _folders(self._home):
            if stage == LOCKS:
                continue
            with suppress(OSError), _inside(stage, self._home) as inner:
                for shard in _folders(inner):
                    with suppress(OSError), _inside(shard, inner) as innermost:
                        kept += self._without_old(stage, shard, innermost)
        kept_bytes = self._without_surplus(kept, limit_bytes)
        return Swept(self._removed, kept_bytes)

    def _without_old(self, stage: str, shard: str, handle: int) -> Iterator[_File]:
        lifetime_s = self._lifetimes[stage].limit_s
        with os.scandir(handle) as entries:
            for entry in list(entries):
                with suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if not stat.S_ISREG(found.st_mode):
                        continue
                    passing = entry.name.startswith(TEMPORARY)
                    limit_s = _ABANDONED_S if passing else lifetime_s
                    if self._now_s - found.st_mtime > limit_s:
                        self._remove(entry.name, handle)
                    elif not passing:
                        size = -(-found.st_size // _BLOCK_BYTES) * _BLOCK_BYTES
                        yield _File(found.st_mtime, size, stage, shard, entry.name)

    def _without_surplus(self, files: list[_File], limit_bytes: int) -> int:
        total = sum(file.size for file in files)
        for file in sorted(files) if total > limit_bytes else ():
            if total <= limit_bytes:
                break
            with (
                suppress(OSError),
                _inside(file.stage, self._home) as inner,
                _inside(file.shard, inner) as innermost,
            ):
                now = os.stat(file.name, dir_fd=innermost, follow_symlinks=False)
                if now.st_mtime == file.used_s:  # nobody has used it meanwhile
                    self._remove(file.name, innermost)
                    total -= file.size
        return total

    def _remove(self, name: str, handle: int) -> None:
        os.unlink(name, dir_fd=handle)
        self._removed += 1


@contextmanager
def _inside(name: str, above: int | None) -> Iterator[int]:
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
    try:
        yield handle
    finally:
        os.close(handle)


def _folders(handle: int) -> list[str]:
    with os.scandir(handle) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
