"""The bundle of all caches."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from app.services.cache.cache_folder import CacheFolder
from app.services.cache.disk_executor import DiskExecutor
from app.services.cache.downloads import DownloadCache, DownloadStore, NullDownloadStore
from app.services.cache.eviction import EvictionTask
from app.services.cache.lifetimes import Lifetimes
from app.services.cache.lookups import OnLookup, ignore_lookup
from app.services.cache.peak_cache import PeakCache
from app.services.cache.source_metadata import SourceMetadataCache
from app.services.cache.stage_store import NullStore, StageStore, Store
from app.services.cache.transcript_cache import TranscriptCache
from app.services.cache.translation_cache import TranslationCache
from app.services.cache.window_cache import WindowCache
from app.settings import CacheSettings, Settings

_LAST_WRITES_S = 1.0
"""How long closing waits for writes: a server that shuts down has seconds, and a result that is not
on disk by then is computed again."""
_MAX_DOWNLOAD_SHARE = 0.25
"""Largest download as a share of the cache: a larger one would evict too many other entries."""


@dataclass(frozen=True, slots=True)
class Caches:
    """Results of earlier jobs.

    Attributes:
        store: results of stages.
        windows: transcripts of single windows.
        transcripts: transcripts of whole recordings.
        source_metadata: metadata of sources.
        downloads: downloaded media.
        peaks: waveforms of recordings.
        translations: translated texts.
        eviction: keeps the size limits; None without a cache on disk.
    """

    store: Store
    windows: WindowCache
    transcripts: TranscriptCache
    source_metadata: SourceMetadataCache
    downloads: DownloadStore
    peaks: PeakCache
    translations: TranslationCache
    eviction: EvictionTask | None
    _resources: AsyncExitStack

    @property
    def stored_bytes(self) -> int:
        """Size on disk, of all workers after the last sweep and of this one since."""
        return self.eviction.stored_bytes if self.eviction else 0

    def start(self) -> None:
        """Start the eviction, from within a running event loop."""
        if self.eviction is not None:
            self.eviction.start()

    async def close(self) -> None:
        """Wait for the last writes, `_LAST_WRITES_S` at most."""
        await self._resources.aclose()


def open_caches(settings: Settings, on_lookup: OnLookup = ignore_lookup) -> Caches:
    """Return the caches that the settings ask for; does not touch the disk yet.

    Args:
        settings: of the server; ``caches`` and ``jobs`` are used.
        on_lookup: called with each lookup.
    """
    limits = settings.caches
    if not limits.cache_max_size_mb:
        return no_caches(settings, on_lookup)
    folder = CacheFolder(limits.folder, DiskExecutor())
    eviction = _eviction(limits, folder)
    store = StageStore(folder, Lifetimes.of(limits), eviction.count_written)
    downloads: DownloadStore = NullDownloadStore()
    if limits.cache_audio_ttl_hours:
        max_bytes = int(limits.cache_max_size_mb * 2**20 * _MAX_DOWNLOAD_SHARE)
        on_written = eviction.count_written
        downloads = DownloadCache(folder, store, max_bytes, on_lookup, on_written)
    windows = WindowCache(settings.jobs.transcript_cache_windows, store, on_lookup)
    source_store = store if limits.cache_audio_ttl_hours else NullStore()
    return Caches(
        store=store,
        windows=windows,
        transcripts=TranscriptCache(store, on_lookup),
        source_metadata=SourceMetadataCache(source_store, on_lookup),
        downloads=downloads,
        peaks=PeakCache(store, on_lookup),
        translations=TranslationCache(store, on_lookup),
        eviction=eviction,
        _resources=_closing(folder.disk, windows, downloads, eviction),
    )


def no_caches(settings: Settings, on_lookup: OnLookup = ignore_lookup) -> Caches:
    """Return caches that store nothing on disk, and in memory only windows, as many as set.

    Args:
        settings: of the server; ``jobs`` is used.
        on_lookup: called with each lookup.
    """
    store = NullStore()
    return Caches(
        store=store,
        windows=WindowCache(settings.jobs.transcript_cache_windows, store, on_lookup),
        transcripts=TranscriptCache(store, on_lookup),
        source_metadata=SourceMetadataCache(store, on_lookup),
        downloads=NullDownloadStore(),
        peaks=PeakCache(store, on_lookup),
        translations=TranslationCache(store, on_lookup),
        eviction=None,
        _resources=AsyncExitStack(),
    )


def _eviction(limits: CacheSettings, folder: CacheFolder) -> EvictionTask:
    return EvictionTask(
        folder,
        Lifetimes.of(limits),
        limit_bytes=limits.cache_max_size_mb * 2**20,
        interval_s=limits.cache_cleanup_interval_minutes * 60,
    )


def _closing(
    disk: DiskExecutor, windows: WindowCache, downloads: DownloadStore, eviction: EvictionTask
) -> AsyncExitStack:
    """Return a stack that ends the eviction, then the writes, then the threads."""

    async def finish_writing() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WRITES_S):
                await asyncio.gather(windows.close(), downloads.close())

    resources = AsyncExitStack()
    resources.callback(disk.close)
    resources.push_async_callback(finish_writing)
    resources.push_async_callback(eviction.close)
    return resources
