"""Transcribed windows, remembered by what was heard and how: in memory, and on disk behind it."""

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
from app.services.cache.lookups import Observe, unobserved
from app.services.cache.segment_codec import pack, segment_rows, segments_of, unpack
from app.services.cache.stage_store import Store

_MOST_WRITES = 256
"""Writes in flight, at most: a volume that hangs must not collect windows for ever."""


class WindowCache:
    """In memory the least recently used windows are forgotten first; the store has them longer.

    A job that is asked for again after it was cancelled or killed, or in another target
    language, hears the same windows and so skips the transcriber. Entries are addressed by the
    samples themselves, not by a name, so that they can never belong to another recording.

    Args:
        capacity: windows kept in memory at most; 0 for none.
        store: keeps them for later processes.
        observe: told of each look, and whether it found something.
    """

    def __init__(self, capacity: int, store: Store, observe: Observe = unobserved) -> None:
        self._capacity = capacity
        self._store = store
        self._observe = observe
        self._windows: OrderedDict[str, tuple[Segment, ...]] = OrderedDict()
        self._writes: set[asyncio.Task[bool]] = set()

    def key(self, audio: Audio, hearing: str) -> str:
        """Return the address of a window, wherever in a recording it lies.

        Args:
            audio: the window.
            hearing: key of everything else that changes the words, see `window_key`.
        """
        digest = hashlib.blake2b(f"{hearing}\0".encode(), digest_size=KEY_CHARS // 2)
        digest.update(audio.samples.tobytes())
        return digest.hexdigest()

    async def get(self, key: str, start_sample: int) -> list[Segment] | None:
        """Return what was heard, moved to where the window begins; None if never heard."""
        found = self._windows.get(key)
        if found is None:
            found = await self._stored(key)
        self._observe(WINDOWS, found is not None)
        if found is None:
            return None
        self._remember(key, found)
        return [_moved(segment, samples_to_ms(start_sample)) for segment in found]

    def put(self, key: str, segments: Sequence[Segment], start_sample: int) -> None:
        """Remember what was heard in a window; nobody waits until the disk has it."""
        heard = tuple(_moved(segment, -samples_to_ms(start_sample)) for segment in segments)
        self._remember(key, heard)
        if len(self._writes) < _MOST_WRITES:
            payload = pack(segment_rows(heard))
            task = asyncio.create_task(self._store.put(WINDOWS, key, payload))
            self._writes.add(task)
            task.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        """Wait until the disk has what was put."""
        await asyncio.gather(*self._writes)

    def _remember(self, key: str, heard: tuple[Segment, ...]) -> None:
        if not self._capacity:
            return
        self._windows[key] = heard
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
