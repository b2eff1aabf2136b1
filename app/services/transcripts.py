"""Transcribed windows, remembered by what was heard and how."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from app.domain.audio import Audio
from app.domain.time import Span, samples_to_ms
from app.domain.transcript import Segment


class TranscriptCache:
    """The least recently used windows are forgotten first.

    A job that is asked for again after it was cancelled, or in another target language, hears
    the same windows and so skips the transcriber. Entries are addressed by the samples
    themselves, not by a name, so that they can never belong to another recording.

    Args:
        capacity: windows kept at most; 0 remembers nothing.
        engine: name, model and every setting that changes what the transcriber writes.
    """

    def __init__(self, capacity: int, engine: str) -> None:
        self._capacity = capacity
        self._engine = engine
        self._windows: OrderedDict[str, tuple[Segment, ...]] = OrderedDict()

    def key(self, audio: Audio, language: str | None, prompt: str) -> str:
        """Return the address of a window, wherever in a recording it lies."""
        digest = hashlib.blake2b(digest_size=20)
        digest.update(f"{self._engine}\0{language}\0{prompt}\0".encode())
        digest.update(audio.samples.tobytes())
        return digest.hexdigest()

    def get(self, key: str, start_sample: int) -> list[Segment] | None:
        """Return what was heard, moved to where the window begins; None if never heard."""
        found = self._windows.get(key)
        if found is None:
            return None
        self._windows.move_to_end(key)
        return [_moved(segment, samples_to_ms(start_sample)) for segment in found]

    def put(self, key: str, segments: Sequence[Segment], start_sample: int) -> None:
        """Remember what was heard in a window."""
        if not self._capacity:
            return
        self._windows[key] = tuple(_moved(s, -samples_to_ms(start_sample)) for s in segments)
        while len(self._windows) > self._capacity:
            self._windows.popitem(last=False)


def _moved(segment: Segment, by_ms: int) -> Segment:
    def move(span: Span) -> Span:
        return Span(max(0, span.start_ms + by_ms), max(0, span.end_ms + by_ms))

    words = tuple(replace(word, span=move(word.span)) for word in segment.words)
    span = move(segment.span)
    return replace(segment, span=span, words=words, clear_until_ms=span.end_ms)
