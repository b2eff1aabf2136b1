"""Downloads are cached completely or not at all, and stay readable while they are evicted."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.domain.errors import SourceError
from app.services.cache.caches import Caches
from app.services.cache.downloads import CachedFile
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import BLOBS, MEDIA
from app.services.cache.tee import Tee
from app.services.media.ffmpeg_decoder import FfmpegDecoder
from app.services.media.media_part import MediaPart, file_parts
from app.system.child_limits import decoder_limits
from tests.services.cache.stores import caches_in, files_of, make_old

BODY = os.urandom(1_500_000) + b"\0" * 1_500_000


async def chunks(body: bytes, fails_after: int | None = None) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), 40_000):
        if fails_after is not None and start >= fails_after:
            raise SourceError("The download broke off")
        yield body[start : start + 40_000]


async def download(caches: Caches, body: bytes, identity: str) -> Tee:
    tee = caches.downloads.tee(chunks(body), identity)
    assert b"".join([chunk async for chunk in tee.chunks]) == body
    await caches.downloads.close()
    return tee


def blobs(root: Path) -> list[Path]:
    return files_of(root / "v1" / BLOBS)


async def found(caches: Caches, identity: str) -> bytes | None:
    cached = await caches.downloads.get(identity)
    if cached is None:
        return None
    try:
        return cached.path.read_bytes()
    finally:
        cached.close()


@pytest.mark.parametrize("body", [BODY, b"short"])
async def test_a_download_passes_and_is_there_for_the_next_worker(
    tmp_path: Path, body: bytes
) -> None:
    lookups: list[tuple[str, bool]] = []
    caches = caches_in(tmp_path, lambda stage, hit: lookups.append((stage, hit)))
    assert await caches.downloads.get("url:a") is None
    tee = await download(caches, body, "url:a")
    assert tee.content == hashlib.sha256(body).hexdigest(), "as an upload's"
    cached = await caches_in(tmp_path).downloads.get("url:a")
    assert cached is not None
    assert (cached.content, cached.length) == (tee.content, len(body))
    assert cached.path.read_bytes() == body
    cached.close()
    assert await found(caches, "url:b") is None
    assert lookups == [("media", False), ("media", False)]


async def test_two_sources_of_one_content_share_a_file(tmp_path: Path) -> None:
    caches = caches_in(tmp_path)
    await download(caches, BODY, "url:a")
    await download(caches, BODY, "url:b")
    await download(caches, BODY + b"x", "url:c")
    assert len(blobs(tmp_path)) == 2
    assert await found(caches, "url:b") == BODY
    assert await found(caches, "url:c") == BODY + b"x"
    await download(caches, b"something else by now", "url:a")
    assert await found(caches, "url:a") == b"something else by now"


@pytest.mark.parametrize("fails_after", [0, 40_000, 2_000_000])
async def test_a_download_that_breaks_off_is_not_kept(tmp_path: Path, fails_after: int) -> None:
    caches = caches_in(tmp_path)
    tee = caches.downloads.tee(chunks(BODY, fails_after), "url:a")
    with pytest.raises(SourceError):
        async for _ in tee.chunks:
            pass
    assert tee.content is None
    await caches.downloads.close()
    assert await caches.downloads.get("url:a") is None
    assert files_of(tmp_path) == []


async def test_a_download_that_is_left_is_closed_and_not_kept(tmp_path: Path) -> None:
    caches, source = caches_in(tmp_path), chunks(BODY)
    tee = caches.downloads.tee(source, "url:a")
    for _ in range(50):
        await anext(tee.chunks)
    assert files_of(tmp_path), "it was being written"
    await tee.chunks.aclose()
    assert source.ag_frame is None, "the connection is closed too"
    assert tee.content is None
    assert files_of(tmp_path) == []


async def test_a_download_whose_reader_is_cancelled_is_not_kept(tmp_path: Path) -> None:
    caches = caches_in(tmp_path)
    halfway = asyncio.Event()

    async def read() -> None:
        tee = caches.downloads.tee(chunks(BODY), "url:a")
        try:
            for _ in range(50):
                await anext(tee.chunks)
            halfway.set()
            await asyncio.sleep(60)
        finally:
            await tee.chunks.aclose()

    reading = asyncio.create_task(read())
    await halfway.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert files_of(tmp_path) == []


async def test_nothing_and_too_much_are_not_kept(tmp_path: Path) -> None:
    caches = caches_in(tmp_path, cache_max_size_mb=8)
    empty = await download(caches, b"", "url:empty")
    assert empty.content == hashlib.sha256(b"").hexdigest()
    large = await download(caches, BODY, "url:large")
    assert large.content == hashlib.sha256(BODY).hexdigest()
    assert files_of(tmp_path) == []
    await download(caches, BODY[:2_000_000], "url:small")
    assert await found(caches, "url:small") == BODY[:2_000_000]


@pytest.mark.parametrize("damage", ["flip", "cut", "other", "gone"])
async def test_damaged_media_is_a_miss_and_goes(tmp_path: Path, damage: str) -> None:
    caches = caches_in(tmp_path)
    await download(caches, BODY, "url:a")
    [blob] = blobs(tmp_path)
    match damage:
        case "flip":
            blob.write_bytes(BODY[:1_234_567] + b"!" + BODY[1_234_568:])
        case "cut":
            blob.write_bytes(BODY[:-1])
        case "other":
            blob.write_bytes(bytes(len(BODY)))
        case "gone":
            blob.unlink()
    assert await caches.downloads.get("url:a") is None
    assert files_of(tmp_path) == []


@pytest.mark.parametrize("note", [b"[]", b"{", b'["../../etc", 3, "x"]', b"[1, 2, 3]"])
async def test_a_note_of_another_form_is_a_miss_and_goes(tmp_path: Path, note: bytes) -> None:
    caches = caches_in(tmp_path)
    await caches.store.put(MEDIA, stage_key("url:a"), note)
    assert await caches.downloads.get("url:a") is None
    assert files_of(tmp_path) == []


async def test_media_is_a_miss_when_its_time_is_over(tmp_path: Path) -> None:
    caches = caches_in(tmp_path, cache_audio_ttl_hours=2)
    await download(caches, BODY, "url:a")
    [note] = files_of(tmp_path / "v1" / MEDIA)
    make_old(note, 7000)
    assert await found(caches, "url:a") == BODY
    make_old(note, 7300)
    assert await found(caches, "url:a") is None


async def test_no_time_keeps_no_media_and_no_sightings(tmp_path: Path) -> None:
    caches = caches_in(tmp_path, cache_audio_ttl_hours=0)
    tee = await download(caches, BODY, "url:a")
    assert tee.content == hashlib.sha256(BODY).hexdigest()
    assert await caches.downloads.get("url:a") is None
    assert files_of(tmp_path) == []


async def each(parts: list[MediaPart]) -> AsyncGenerator[MediaPart]:
    for part in parts:
        yield part


async def test_media_that_is_cleared_away_can_still_be_decoded(
    tmp_path: Path, dialogue: Path
) -> None:
    caches = caches_in(tmp_path)
    await download(caches, dialogue.read_bytes(), "url:a")
    cached = await caches.downloads.get("url:a")
    assert isinstance(cached, CachedFile)
    for path in files_of(tmp_path):
        path.unlink()
    # ffmpeg is a child of ours, and opens the file only now.
    decoder = FfmpegDecoder(each(await file_parts(cached.path)), decoder_limits(60))
    decoded = sum([len(block.data) async for block in decoder.pcm()])
    cached.close()
    assert decoded == pytest.approx(dialogue.stat().st_size, rel=0.01)
