"""Remembered windows belong to their samples and settings, wherever they lie."""

import numpy as np

from app.domain.audio import Audio
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.transcripts import TranscriptCache

SAMPLES = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


def segment(at_ms: int) -> Segment:
    span = Span(at_ms + 100, at_ms + 900)
    return Segment("hello", span, (Word("hello", span),), "en", 0.9, span.end_ms)


def test_the_same_samples_elsewhere_are_heard_elsewhere() -> None:
    cache = TranscriptCache(10, "engine")
    audio = Audio(SAMPLES, 32_000)
    key = cache.key(audio, "en", "")
    assert cache.get(key, 32_000) is None
    cache.put(key, [segment(2_000)], 32_000)
    assert cache.get(cache.key(Audio(SAMPLES, 160_000), "en", ""), 160_000) == [segment(10_000)]


def test_anything_else_that_changes_the_words_is_another_entry() -> None:
    keys = {
        TranscriptCache(1, engine).key(Audio(samples), language, prompt)
        for engine in ("a", "b")
        for samples in (SAMPLES, SAMPLES * 0.5)
        for language in ("en", None)
        for prompt in ("", "names")
    }
    assert len(keys) == 16


def test_the_least_recently_used_is_forgotten_first() -> None:
    cache = TranscriptCache(2, "engine")
    for name in "ab":
        cache.put(name, [segment(0)], 0)
    assert cache.get("a", 0)
    cache.put("c", [segment(0)], 0)
    assert cache.get("b", 0) is None
    assert cache.get("a", 0)
    assert cache.get("c", 0)


def test_no_capacity_remembers_nothing() -> None:
    cache = TranscriptCache(0, "engine")
    cache.put("a", [segment(0)], 0)
    assert cache.get("a", 0) is None
