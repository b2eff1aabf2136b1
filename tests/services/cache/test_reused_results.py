"""Cached transcripts, source metadata and translations, each under the keys they depend on."""

from pathlib import Path

import pytest

from app.domain.media import MediaInfo
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.cache.source_metadata import SourceMetadata, SourceMetadataCache
from app.services.cache.transcript_cache import Transcript, TranscriptCache
from app.services.cache.translation_cache import CachedTranslations, TranslationCache
from tests.services.cache.stores import files_of, make_old, store_in

SPAN = Span(1000, 2345)
TRANSCRIPT = Transcript(
    (Segment("é 水", SPAN, (Word("é", SPAN, 0.1), Word("水", SPAN, glued=True)), "zh", 0.7, 9000),),
    60_000,
    "zh",
)
METADATA = SourceMetadata(
    content="f" * 64,
    info=MediaInfo("Title", "Text\nmore", ((0, "Start"), (5000, "End")), "en"),
    duration_ms=None,
    etag='W/"x"',
    last_modified=None,
    length=12,
    seen_at=1.5,
)


async def test_a_transcript_belongs_to_its_content_and_its_options(tmp_path: Path) -> None:
    lookups: list[tuple[str, bool]] = []
    cache = TranscriptCache(store_in(tmp_path), lambda stage, hit: lookups.append((stage, hit)))
    assert await cache.get("content", "options") is None
    await cache.put("content", "options", TRANSCRIPT)
    assert await cache.get("content", "options") == TRANSCRIPT
    assert await cache.get("content2", "options") is None
    assert await cache.get("content", "options2") is None
    assert [hit for _, hit in lookups] == [False, True, False, False]


async def test_source_metadata_expires_after_its_time_however_often_it_is_used(
    tmp_path: Path,
) -> None:
    source_metadata = SourceMetadataCache(store_in(tmp_path))
    assert await source_metadata.get("url:a") is None
    await source_metadata.put("url:a", METADATA)
    [path] = files_of(tmp_path)
    for hours in (1, 23):
        make_old(path, hours * 3600)
        assert await source_metadata.get("url:a") == METADATA
        assert await source_metadata.get("url:b") is None
    make_old(path, 25 * 3600)
    assert await source_metadata.get("url:a") is None


async def test_what_an_older_release_wrote_otherwise_is_a_miss(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await TranscriptCache(store).put("content", "options", TRANSCRIPT)
    await SourceMetadataCache(store).put("url:a", METADATA)
    await (await _saved(TranslationCache(store), "video")).save()
    for path in files_of(tmp_path):
        await store.put(path.parts[-3], path.name, b'[1,[3,"other"]]')
    assert await TranscriptCache(store).get("content", "options") is None
    assert await SourceMetadataCache(store).get("url:a") is None
    assert (await TranslationCache(store).open("video")).get("a") is None


async def _saved(translations: TranslationCache, name: str) -> CachedTranslations:
    memory = await translations.open(name)
    memory.put("a", "1")
    await memory.save()
    return memory


async def test_a_memo_tells_what_was_saved_and_counts(tmp_path: Path) -> None:
    translations = TranslationCache(store_in(tmp_path))
    memory = await translations.open("video", "de", ["term"])
    assert memory.get("a") is None
    memory.put("a", "eins")
    assert memory.get("a") == "eins"
    assert (memory.hits, memory.misses) == (1, 1)
    assert (await translations.open("video", "de", ["term"])).get("a") is None, "not saved yet"
    await memory.save()
    assert (await translations.open("video", "de", ["term"])).get("a") == "eins"
    assert (await translations.open("video", "fr", ["term"])).get("a") is None
    blank = translations.empty("video", "de", ["term"])
    assert blank.get("a") is None
    blank.put("b", "zwei")
    await blank.save()
    assert (await translations.open("video", "de", ["term"])).get("a") == "eins"
    assert (await translations.open("video", "de", ["term"])).get("b") == "zwei"


async def test_two_workers_lose_nothing_of_each_other(tmp_path: Path) -> None:
    one = await TranslationCache(store_in(tmp_path)).open("video")
    two = await TranslationCache(store_in(tmp_path)).open("video")
    one.put("a", "one")
    one.put("both", "one")
    await one.save()
    two.put("b", "two")
    two.put("both", "two")
    await two.save()
    assert two.get("a") == "one", "a save brings what others wrote"
    fresh = await TranslationCache(store_in(tmp_path)).open("video")
    assert {key: fresh.get(key) for key in ("a", "b", "both")} == {
        "a": "one",
        "b": "two",
        "both": "two",
    }


async def test_a_memo_that_was_cleared_away_is_written_again_in_full(tmp_path: Path) -> None:
    memory = await _saved(TranslationCache(store_in(tmp_path)), "video")
    [path] = files_of(tmp_path)
    path.unlink()
    memory.put("b", "2")
    await memory.save()
    again = await TranslationCache(store_in(tmp_path)).open("video")
    assert (again.get("a"), again.get("b")) == ("1", "2")


async def test_saving_is_due_now_and_then_and_only_when_something_is_new(tmp_path: Path) -> None:
    memory = await TranslationCache(store_in(tmp_path)).open("video")
    memory.put("a", "1")
    await memory.save_if_due()
    assert files_of(tmp_path) == [], "a moment ago it was opened"
    memory = await TranslationCache(store_in(tmp_path), save_every_s=0).open("video")
    memory.put("a", "1")
    await memory.save_if_due()
    [path] = files_of(tmp_path)
    then = make_old(path, 500)
    memory.put("a", "1")
    await memory.save()
    assert path.stat().st_mtime == pytest.approx(then)


async def test_a_save_that_failed_is_tried_again(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    memory = await TranslationCache(store_in(blocked)).open("video")
    memory.put("a", "1")
    await memory.save()
    blocked.unlink()
    await memory.save()
    assert (await TranslationCache(store_in(blocked)).open("video")).get("a") == "1"
