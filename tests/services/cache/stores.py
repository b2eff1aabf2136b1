"""Cache stores in temporary folders."""

from __future__ import annotations

import os
import time
from pathlib import Path

from app.services.cache.cache_folder import LOCKS, CacheFolder
from app.services.cache.caches import Caches, open_caches
from app.services.cache.disk_executor import DiskExecutor
from app.services.cache.lifetimes import Lifetime, Lifetimes
from app.services.cache.lookups import OnLookup, ignore_lookup
from app.services.cache.stage_store import StageStore
from app.settings import CacheSettings, Settings

KEY = "ab" * 20
OTHER = "cd" * 20
LIFETIMES = Lifetimes(
    Lifetime(3600 * 24, renewed=False),
    Lifetime(3600 * 24 * 30, renewed=True),
)


def store_in(root: Path) -> StageStore:
    """Return a store on a folder."""
    return StageStore(CacheFolder(root, DiskExecutor()), LIFETIMES)


def caches_in(root: Path, on_lookup: OnLookup = ignore_lookup, **limits: float) -> Caches:
    """Return all caches on a folder."""
    return open_caches(Settings(caches=CacheSettings(cache_dir=root, **limits)), on_lookup)


def files_of(root: Path) -> list[Path]:
    """Return every file but locks, temporary ones too."""
    found = (path for path in root.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(path for path in found if LOCKS not in path.parts)


def make_old(path: Path, by_s: float) -> float:
    """Date a file back; return its new time."""
    then = time.time() - by_s
    os.utime(path, (then, then))
    return then
