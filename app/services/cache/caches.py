"""Everything that is kept for later jobs, in one bundle."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from app.services.cache.disk_executor import DiskExecutor
from app.services.cache.downloads import DownloadCache, DownloadStore, NullDownloadStore
from app.services.cache.eviction import EvictionTask
from app.services.cache.folder import Folder
from app.services.cache.lifetimes import Lifetimes
from app.services.cache.lookups import Observe, unobserved
from app.services.cache.source_metadata import SourceMetadataStore
from app.services.cache.stage_store import NullStore, StageStore, Store
from app.services.cache.transcripts import Transcripts
from app.services.cache.translation_memories import TranslationMemories
from app.services.cache.window_cache import WindowCache
from app.settings import Settings

_LAST_WRITES_S = 1.0
"""A server that is told to stop has seconds; what is not on disk by then is done again."""
_LARGEST_SHARE = 0.25
"""Of the whole, what one recording may take: it would push out too much that is worth more."""


@dataclass(frozen=True, slots=True)
class Caches:
    """What earlier jobs have left.

    Attributes:
        store: results of stages.
        windows: what was heard in single windows.
        transcripts: what was heard in whole recordings.
        sightings: what sources stood for.
        media: downloads.
        memories: translations.
        janitor: keeps it all within its limits; None where nothing is kept.
    """

    store: Store
    windows: WindowCache
    transcripts: Transcripts
    sightings: SourceMetadataStore
    media: DownloadStore
    memories: TranslationMemories
    janitor: EvictionTask | None
    _resources: AsyncExitStack

    @property
    def kept_bytes(self) -> int:
        """Size on disk, of all workers at the last round and of this one since."""
        return self.janitor.kept_bytes if self.janitor else 0

    def start(self) -> None:
        """Begin to keep the limits, from within a running event loop."""
        if self.janitor is not None:
            self.janitor.start()

    async def close(self) -> None:
        """Let the last writes reach the disk, but do not wait for long."""
        await self._resources.aclose()


def open_caches(settings: Settings, observe: Observe = unobserved) -> Caches:
    """Return the caches that the settings ask for; touches no disk yet.

    Args:
        settings: of the server; ``caches`` and ``jobs`` are used.
        observe: told of each look into a cache: the stage, and whether it found something.
    """
    if not settings.caches.cache_max_size_mb:
        return no_caches(settings, observe)
    limits = settings.caches
    disk, folder, lifetimes = DiskExecutor(), Folder(limits.folder), Lifetimes.of(limits)
    limit_bytes = limits.cache_max_size_mb * 2**20
    interval_s = limits.cache_cleanup_interval_minutes * 60
    janitor = EvictionTask(folder, disk, lifetimes, limit_bytes, interval_s)
    store = StageStore(folder, disk, lifetimes, janitor.wrote)
    windows = WindowCache(settings.jobs.transcript_cache_windows, store, observe)
    perishable: Store = NullStore()
    media: DownloadStore = NullDownloadStore()
    if limits.cache_audio_ttl_hours:
        perishable = store
        most_bytes = int(limit_bytes * _LARGEST_SHARE)
        media = DownloadCache(folder, store, disk, most_bytes, observe, janitor.wrote)

    async def finish_writing() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(windows.close(), media.close()), _LAST_WRITES_S)

    resources = AsyncExitStack()
    resources.callback(disk.close)
    resources.push_async_callback(finish_writing)
    resources.push_async_callback(janitor.close)
    return Caches(
        store=store,
        windows=windows,
        transcripts=Transcripts(store, observe),
        sightings=SourceMetadataStore(perishable, observe),
        media=media,
        memories=TranslationMemories(store, observe),
        janitor=janitor,
        _resources=resources,
    )


def no_caches(settings: Settings, observe: Observe = unobserved) -> Caches:
    """Return caches that keep nothing on disk, and no more in memory than the settings say."""
    store = NullStore()
    return Caches(
        store=store,
        windows=WindowCache(settings.jobs.transcript_cache_windows, store, observe),
        transcripts=Transcripts(store, observe),
        sightings=SourceMetadataStore(store, observe),
        media=NullDownloadStore(),
        memories=TranslationMemories(store, observe),
        janitor=None,
        _resources=AsyncExitStack(),
    )
