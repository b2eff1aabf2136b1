"""Cached translations of one source into one language."""

from __future__ import annotations

import asyncio
import time

from app.services.cache.keys import Part, stage_key
from app.services.cache.lifetimes import TRANSLATIONS
from app.services.cache.lookups import Lookups, OnLookup, ignore_lookup
from app.services.cache.segment_codec import pack, unpack
from app.services.cache.stage_store import Store

_SAVE_EVERY_S = 3.0


class CachedTranslations:
    """Translations by key, in memory until saved; workers may save the same entry.

    Implements `app.services.translation.memory.TranslationMemory`.

    Attributes:
        lookups: of this job.
    """

    def __init__(self, cache: TranslationCache, entry_key: str, texts: dict[str, str]) -> None:
        self._cache = cache
        self._entry_key = entry_key
        self._texts = texts
        self._unsaved: set[str] = set()
        self._saving = asyncio.Lock()
        self._saved_at_s = time.monotonic()
        self.lookups = Lookups()

    @property
    def hits(self) -> int:
        """Lookups that found a translation."""
        return self.lookups.hits

    @property
    def misses(self) -> int:
        """Lookups that found none."""
        return self.lookups.misses

    def get(self, key: str) -> str | None:
        """Return the translation that any job has put under a key; None if there is none."""
        found = self._texts.get(key)
        self.lookups.count(found is not None)
        self._cache.on_lookup(TRANSLATIONS, found is not None)
        return found

    def put(self, key: str, text: str) -> None:
        """Store a translation in memory; the next save writes it to the disk."""
        if self._texts.get(key) != text:
            self._texts[key] = text
            self._unsaved.add(key)

    async def save(self) -> None:
        """Write new translations to the disk, merged with those that other workers wrote."""
        async with self._saving:
            if not self._unsaved:
                return
            new = {key: self._texts[key] for key in self._unsaved}
            known = dict(self._texts)
            merged: dict[str, str] = {}

            def merge(payload: bytes | None) -> bytes:
                # Known texts are written again: the entry may have been evicted, or overwritten
                # by a worker on a volume without locks.
                merged.update(known | _decode_texts(payload) | new)
                return pack(merged)

            saved = await self._cache.store.update(TRANSLATIONS, self._entry_key, merge)
            self._saved_at_s = time.monotonic()
            if saved:
                self._unsaved -= {key for key, text in new.items() if self._texts[key] == text}
                self._texts = merged | self._texts

    async def save_if_due(self) -> None:
        """Save, unless the last save was less than ``save_every_s`` ago."""
        if time.monotonic() - self._saved_at_s >= self._cache.save_every_s:
            await self.save()


class TranslationCache:
    """Entries of `CachedTranslations`, by what all of their texts depend on.

    Args:
        store: of the entries.
        on_lookup: called with each lookup.
        save_every_s: shortest time between two saves of an entry.
    """

    def __init__(
        self,
        store: Store,
        on_lookup: OnLookup = ignore_lookup,
        save_every_s: float = _SAVE_EVERY_S,
    ) -> None:
        self.store = store
        self.on_lookup = on_lookup
        self.save_every_s = save_every_s

    async def open(self, *parts: Part) -> CachedTranslations:
        """Return the saved translations of an entry; empty if there is no entry.

        Args:
            parts: whatever all of the texts depend on: the video, the language, the translator's
                revision, the glossary. What a single text depends on belongs into its own key.
        """
        key = stage_key(*parts)
        payload = await self.store.get(TRANSLATIONS, key)
        return CachedTranslations(self, key, _decode_texts(payload))

    def empty(self, *parts: Part) -> CachedTranslations:
        """Return an entry without its saved translations, for a job that translates anew."""
        return CachedTranslations(self, stage_key(*parts), {})


def _decode_texts(payload: bytes | None) -> dict[str, str]:
    if payload is None:
        return {}
    try:
        return {str(key): str(text) for key, text in unpack(payload).items()}
    except (AttributeError, TypeError, ValueError):
        return {}
