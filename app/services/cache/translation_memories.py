"""Translations of one video into one language, remembered line by line."""

from __future__ import annotations

import asyncio
import time

from app.services.cache.keys import Part, stage_key
from app.services.cache.lifetimes import TRANSLATIONS
from app.services.cache.lookups import Lookups, Observe, unobserved
from app.services.cache.segment_codec import pack, unpack
from app.services.cache.stage_store import Store

_SAVE_EVERY_S = 3.0


class CachedTranslations:
    """Texts by key, in memory until saved; several workers may write the same memo.

    Attributes:
        lookups: of this job.
    """

    def __init__(self, shelf: TranslationMemories, key: str, texts: dict[str, str]) -> None:
        self._shelf = shelf
        self._key = key
        self._texts = texts
        self._unsaved: set[str] = set()
        self._saving = asyncio.Lock()
        self._saved_s = time.monotonic()
        self.lookups = Lookups()

    @property
    def hits(self) -> int:
        """Texts that were there already."""
        return self.lookups.hits

    @property
    def misses(self) -> int:
        """Texts that were not."""
        return self.lookups.misses

    def get(self, key: str) -> str | None:
        """Return a text that was put before, by whichever job; None if there is none."""
        found = self._texts.get(key)
        self.lookups.note(found is not None)
        self._shelf.observe(TRANSLATIONS, found is not None)
        return found

    def put(self, key: str, text: str) -> None:
        """Remember a text; it reaches the disk with the next save."""
        if self._texts.get(key) != text:
            self._texts[key] = text
            self._unsaved.add(key)

    async def save(self) -> None:
        """Write what is new; what others have written meanwhile stays, and is known from now."""
        async with self._saving:
            if not self._unsaved:
                return
            mine = {key: self._texts[key] for key in self._unsaved}
            known = dict(self._texts)
            merged: dict[str, str] = {}

            def merge(payload: bytes | None) -> bytes:
                # What was known goes along: the entry may have been cleared away, or written
                # by a worker on a volume without locks.
                merged.update(known | _texts(payload) | mine)
                return pack(merged)

            saved = await self._shelf.store.update(TRANSLATIONS, self._key, merge)
            self._saved_s = time.monotonic()
            if saved:
                self._unsaved -= {key for key, text in mine.items() if self._texts[key] == text}
                self._texts = merged | self._texts

    async def save_if_due(self) -> None:
        """Save, unless that was done a moment ago."""
        if time.monotonic() - self._saved_s >= self._shelf.save_every_s:
            await self.save()


class TranslationMemories:
    """Memos by what their texts depend on.

    Args:
        store: where they are kept.
        observe: told of each look, and whether it found something.
        save_every_s: when a memo is due to be saved again.
    """

    def __init__(
        self,
        store: Store,
        observe: Observe = unobserved,
        save_every_s: float = _SAVE_EVERY_S,
    ) -> None:
        self.store = store
        self.observe = observe
        self.save_every_s = save_every_s

    async def open(self, *parts: Part) -> CachedTranslations:
        """Return the memo of these parts, with all that was saved; empty if nobody has begun it.

        Args:
            parts: whatever all of its texts depend on: the video, the language, the translator's
                revision, the glossary. What one text alone depends on belongs into its key.
        """
        key = stage_key(*parts)
        return CachedTranslations(self, key, _texts(await self.store.get(TRANSLATIONS, key)))

    def blank(self, *parts: Part) -> CachedTranslations:
        """Return the memo of these parts without what was saved, for a job that asks afresh."""
        return CachedTranslations(self, stage_key(*parts), {})


def _texts(payload: bytes | None) -> dict[str, str]:
    if payload is None:
        return {}
    try:
        return {str(key): str(text) for key, text in unpack(payload).items()}
    except (AttributeError, TypeError, ValueError):
        return {}
