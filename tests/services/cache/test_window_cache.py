"""Cached windows belong to their samples and settings, wherever they are in a recording."""

from pathlib import Path

import numpy as np

from app.domain.audio import Audio
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.cache.stage_store import NullStore
from app.services.cache.window_cache import WindowCache
from tests.services.cache.stores import files_of, store_in

SAMPLES = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
KEYS = tuple(letter * 40 for letter in "abc")


def segment(at_ms: int) -> Segment:
    span = Span(at_ms + 100, at_ms + 900)
    return Segment("hello", span, (Word("hello", span),), "en", 0.9, span.end_ms)


async def test_the_same_samples_elsewhere_are_heard_elsewhere() -> None:
    cache = WindowCache(10, NullStore())
    key = cache.key(Audio(SAMPLES, 32_000), "options")
    assert await cache.get(key, 32_000) is None
    cache.put(key, [segment(2_000)], 32_000)
    again = cache.key(Audio(SAMPLES, 160_000), "options")
    assert await cache.get(again, 160_000) == [segment(10_000)]


def test_other_samples_and_another_hearing_are_another_entry() -> None:
    cache = WindowCache(1, NullStore())
    keys = {
        cache.key(Audio(samples), options)
        for samples in (SAMPLES, SAMPLES * 0.5, SAMPLES[:-1])
        for options in ("a", "b")
    }
    assert len(keys) == 6


async def test_the_least_recently_used_is_forgotten_first() -> None:
    cache = WindowCache(2, NullStore())
    a, b, c = KEYS
    for key in (a, b):
        cache.put(key, [segment(0)], 0)
    assert await cache.get(a, 0)
    cache.put(c, [segment(0)], 0)
    assert await cache.get(b, 0) is None
    assert await cache.get(a, 0)
    assert await cache.get(c, 0)


async def test_no_capacity_remembers_nothing() -> None:
    cache = WindowCache(0, NullStore())
    cache.put(KEYS[0], [segment(0)], 0)
    assert await cache.get(KEYS[0], 0) is None


async def test_what_memory_forgot_is_on_disk_and_moves_just_the_same(tmp_path: Path) -> None:
    lookups: list[tuple[str, bool]] = []
    cache = WindowCache(0, store_in(tmp_path), lambda stage, hit: lookups.append((stage, hit)))
    key = cache.key(Audio(SAMPLES, 32_000), "options")
    assert await cache.get(key, 32_000) is None
    cache.put(key, [segment(2_000), segment(3_000)], 32_000)
    await cache.close()
    assert await cache.get(key, 160_000) == [segment(10_000), segment(11_000)]
    other = WindowCache(10, store_in(tmp_path))
    assert await other.get(key, 0) == [segment(0), segment(1_000)]
    for path in files_of(tmp_path):
        path.unlink()
    assert await other.get(key, 0), "in memory from now on"
    assert lookups == [("windows", False), ("windows", True)]


async def test_a_window_where_nobody_spoke_is_remembered_too(tmp_path: Path) -> None:
    cache = WindowCache(0, store_in(tmp_path))
    cache.put(KEYS[0], [], 0)
    await cache.close()
    assert await cache.get(KEYS[0], 0) == []
