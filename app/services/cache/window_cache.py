"""Cached transcripts of single windows, by their samples: in memory, backed by the disk."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from app.domain.audio import Audio
from app.domain.time import Span, samples_to_ms
from app.domain.transcript import Segment
from app.services.cache.keys import KEY_CHARS
from app.services.cache.lifetimes import WINDOWS
from app.services.cache.lookups import OnLookup, ignore_lookup
from app.services.cache.segment_codec import pack, segment_rows, segments_of, unpack
from app.services.cache.stage_store import Store

_MAX_WRITES = 256
"""Most writes in flight: a volume that hangs must not fill the memory with windows."""


class WindowCache:
    """A least-recently-used cache of segments in memory, in front of a store.

    A job that is sent again after it was cancelled or killed, or in another target language, has
    the same windows and so skips the transcriber. Keys are made of the samples themselves, not of
    a name, so that an entry can never belong to another recording.

    Args:
        capacity: most windows in memory; 0 for none.
        store: of the entries, for later processes.
        on_lookup: called with each lookup.
    """

    def __init__(self, capacity: int, store: Store, on_lookup: OnLookup = ignore_lookup) -> None:
        self._capacity = capacity
        self._store = store
        self._observe = on_lookup
        self._windows: OrderedDict[str, tuple[Segment, ...]] = OrderedDict()
        self._writes: set[asyncio.Task[bool]] = set()

    def key(self, audio: Audio, options_key: str) -> str:
        """Return the key of a window, wherever in a recording it is.

        Args:
            audio: the window.
            options_key: of everything else that changes the words, see
                `app.services.cache.fingerprints`.
        """
        digest = hashlib.blake2b(f"{options_key}\0".encode(), digest_size=KEY_CHARS // 2)
        digest.update(audio.samples.tobytes())
        return digest.hexdigest()

    async def get(self, key: str, start_sample: int) -> list[Segment] | None:
        """Return a window's segments, moved to its start; None if none are cached."""
        found = self._windows.get(key)
        if found is None:
            found = await self._stored(key)
        self._observe(WINDOWS, found is not None)
        if found is None:
            return None
        self._put_in_memory(key, found)
        return [_moved(segment, samples_to_ms(start_sample)) for segment in found]

    def put(self, key: str, segments: Sequence[Segment], start_sample: int) -> None:
        """Store the segments of a window; the disk is written in the background."""
        moved = tuple(_moved(segment, -samples_to_ms(start_sample)) for segment in segments)
        self._put_in_memory(key, moved)
        if len(self._writes) < _MAX_WRITES:
            payload = pack(segment_rows(moved))
            task = asyncio.create_task(self._store.put(WINDOWS, key, payload))
            self._writes.add(task)
            task.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        """Wait until the writes in flight are done."""
        await asyncio.gather(*self._writes)

    def _put_in_memory(self, key: str, segments: tuple[Segment, ...]) -> None:
        if not self._capacity:
            return
        self._windows[key] = segments
        self._windows.move_to_end(key)
        while len(self._windows) > self._capacity:
            self._windows.popitem(last=False)

    async def _stored(self, key: str) -> tuple[Segment, ...] | None:
        payload = await self._store.get(WINDOWS, key)
        if payload is None:
            return None
        try:
            return segments_of(unpack(payload))
        except ValueError:
            return None


def _moved(segment: Segment, by_ms: int) -> Segment:
    def move(span: Span) -> Span:
        return Span(max(0, span.start_ms + by_ms), max(0, span.end_ms + by_ms))

    words = tuple(replace(word, span=move(word.span)) for word in segment.words)
    span = move(segment.span)
    return replace(segment, span=span, words=words, clear_until_ms=span.end_ms)
