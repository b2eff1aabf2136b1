"""Transcripts, sightings and memos, each under the names that they depend on."""

from pathlib import Path

import pytest

from app.domain.media import MediaInfo
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.cache.source_metadata import SourceMetadata, SourceMetadataStore
from app.services.cache.transcripts import Transcript, Transcripts
from app.services.cache.translation_memories import CachedTranslations, TranslationMemories
from tests.services.cache.stores import files_of, make_old, store_in

SPAN = Span(1000, 2345)
TRANSCRIPT = Transcript(
    (Segment("é 水", SPAN, (Word("é", SPAN, 0.1), Word("水", SPAN, glued=True)), "zh", 0.7, 9000),),
    60_000,
    "zh",
)
SIGHTING = SourceMetadata(
    content="f" * 64,
    info=MediaInfo("Title", "Text\nmore", ((0, "Start"), (5000, "End")), "en"),
    duration_ms=None,
    etag='W/"x"',
    last_modified=None,
    length=12,
    seen_at=1.5,
)


async def test_a_transcript_belongs_to_its_content_and_its_hearing(tmp_path: Path) -> None:
    looks: list[tuple[str, bool]] = []
    kept = Transcripts(store_in(tmp_path), lambda stage, hit: looks.append((stage, hit)))
    assert await kept.find("content", "hearing") is None
    await kept.keep("content", "hearing", TRANSCRIPT)
    assert await kept.find("content", "hearing") == TRANSCRIPT
    assert await kept.find("content2", "hearing") is None
    assert await kept.find("content", "hearing2") is None
    assert [hit for _, hit in looks] == [False, True, False, False]


async def test_a_sighting_is_forgotten_after_its_time_however_often_it_is_used(
    tmp_path: Path,
) -> None:
    sightings = SourceMetadataStore(store_in(tmp_path))
    assert await sightings.find("url:a") is None
    await sightings.keep("url:a", SIGHTING)
    [path] = files_of(tmp_path)
    for hours in (1, 23):
        make_old(path, hours * 3600)
        assert await sightings.find("url:a") == SIGHTING
        assert await sightings.find("url:b") is None
    make_old(path, 25 * 3600)
    assert await sightings.find("url:a") is None


async def test_what_an_older_release_wrote_otherwise_is_a_miss(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await Transcripts(store).keep("content", "hearing", TRANSCRIPT)
    await SourceMetadataStore(store).keep("url:a", SIGHTING)
    await (await _saved(TranslationMemories(store), "video")).save()
    for path in files_of(tmp_path):
        await store.put(path.parts[-3], path.name, b'[1,[3,"other"]]')
    assert await Transcripts(store).find("content", "hearing") is None
    assert await SourceMetadataStore(store).find("url:a") is None
    assert (await TranslationMemories(store).open("video")).get("a") is None


async def _saved(memories: TranslationMemories, name: str) -> CachedTranslations:
    memory = await memories.open(name)
    memory.put("a", "1")
    await memory.save()
    return memory


async def test_a_memo_tells_what_was_saved_and_counts(tmp_path: Path) -> None:
    memories = TranslationMemories(store_in(tmp_path))
    memory = await memories.open("video", "de", ["term"])
    assert memory.get("a") is None
    memory.put("a", "eins")
    assert memory.get("a") == "eins"
    assert (memory.hits, memory.misses) == (1, 1)
    assert (await memories.open("video", "de", ["term"])).get("a") is None, "not saved yet"
    await memory.save()
    assert (await memories.open("video", "de", ["term"])).get("a") == "eins"
    assert (await memories.open("video", "fr", ["term"])).get("a") is None
    blank = memories.blank("video", "de", ["term"])
    assert blank.get("a") is None
    blank.put("b", "zwei")
    await blank.save()
    assert (await memories.open("video", "de", ["term"])).get("a") == "eins"
    assert (await memories.open("video", "de", ["term"])).get("b") == "zwei"


async def test_two_workers_lose_nothing_of_each_other(tmp_path: Path) -> None:
    one = await TranslationMemories(store_in(tmp_path)).open("video")
    two = await TranslationMemories(store_in(tmp_path)).open("video")
    one.put("a", "one")
    one.put("both", "one")
    await one.save()
    two.put("b", "two")
    two.put("both", "two")
    await two.save()
    assert two.get("a") == "one", "a save brings what others wrote"
    fresh = await TranslationMemories(store_in(tmp_path)).open("video")
    assert {key: fresh.get(key) for key in ("a", "b", "both")} == {
        "a": "one",
        "b": "two",
        "both": "two",
    }


async def test_a_memo_that_was_cleared_away_is_written_again_in_full(tmp_path: Path) -> None:
    memory = await _saved(TranslationMemories(store_in(tmp_path)), "video")
    [path] = files_of(tmp_path)
    path.unlink()
    memory.put("b", "2")
    await memory.save()
    again = await TranslationMemories(store_in(tmp_path)).open("video")
    assert (again.get("a"), again.get("b")) == ("1", "2")


async def test_saving_is_due_now_and_then_and_only_when_something_is_new(tmp_path: Path) -> None:
    memory = await TranslationMemories(store_in(tmp_path)).open("video")
    memory.put("a", "1")
    await memory.save_if_due()
    assert files_of(tmp_path) == [], "a moment ago it was opened"
    memory = await TranslationMemories(store_in(tmp_path), save_every_s=0).open("video")
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
    memory = await TranslationMemories(store_in(blocked)).open("video")
    memory.put("a", "1")
    await memory.save()
    blocked.unlink()
    await memory.save()
    assert (await TranslationMemories(store_in(blocked)).open("video")).get("a") == "1"
