"""Screenshots of media files: a real ffmpeg, a real database, pictures in a bucket."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.domain.errors import InvalidFieldError
from app.domain.request import MediaUrl
from app.services.batch.document_store import DocumentStore
from app.services.batch.media_downloads import MediaDownloads
from app.services.batch.picture_storage import PictureStorage
from app.services.batch.postgrest_rpc import PostgrestRpc
from app.services.batch.screenshot_items import parse_screenshot_item
from app.services.batch.screenshot_runner import ScreenshotRunner
from app.services.batch.video_cache import cached_media
from app.services.cache.caches import open_caches
from app.services.media.video_frame import jpeg_size
from app.services.sources.opener import MediaOpener
from app.settings import CacheSettings, Settings, SourceSettings
from app.submission.envelopes.batch_envelope import answer_envelope
from app.system.workdir import WorkDir
from tests.media_server import MediaServer
from tests.services.loopback import LoopbackServer, read_all
from tests.supabase import SERVICE_KEY, RestFront, SupabaseDatabase

PLUGINS = Path(__file__).parents[1] / "sources" / "ytdlp" / "site_plugins"


@pytest.fixture
async def downloads(workdir: WorkDir, tmp_path: Path) -> AsyncIterator[MediaDownloads]:
    sources = SourceSettings(allow_private_urls=True)
    settings = Settings(sources=sources, caches=CacheSettings(cache_dir=tmp_path / "cache"))
    caches = open_caches(settings)
    yield MediaDownloads(MediaOpener(settings, workdir, caches), caches, workdir)
    await caches.close()


@pytest.fixture
async def runner(front: RestFront, downloads: MediaDownloads) -> AsyncIterator[ScreenshotRunner]:
    store = DocumentStore(PostgrestRpc(front.url, SERVICE_KEY), 120, 3, patience_s=5)
    storage = PictureStorage(front.url, SERVICE_KEY)
    yield ScreenshotRunner(downloads, store, storage, "worker-1")
    await store.close()
    await storage.close()


async def test_a16_every_kind_of_timestamp_gives_a_frame_and_a_bad_one_fails_alone(
    runner: ScreenshotRunner,
    front: RestFront,
    database: SupabaseDatabase,
    site: MediaServer,
    video_mp4: Path,
) -> None:
    (transcription,) = database.query(
        "insert into document_transcriptions (document_id, segments, language, source) "
        "values (%s, '[]', 'en', 'ai') returning id::text",
        database.document(),
    )
    timestamps = [0, {"screenshot_timestamp": 0, "segment_id": 1}, "00:00:01,500", "bad", -1.5]
    url = site.add(video_mp4)
    (answer,) = await runner.run(
        [{"video_url": url, "timestamps": timestamps, "transcription_id": transcription}]
    )
    assert (answer["status"], answer["total_extracted"]) == ("completed", 3)
    failures = ["'bad': Invalid timestamp", "-1.5: Invalid timestamp"]
    assert answer["failed_timestamps"] == failures
    path = "public_media/screenshots/video"
    assert sorted(front.stored) == [f"{path}/0.jpg", f"{path}/1500.jpg"]
    assert jpeg_size(front.stored[f"{path}/1500.jpg"]) == (160, 120)
    assert front.stored[f"{path}/0.jpg"] != front.stored[f"{path}/1500.jpg"]
    rows = database.query("select to_jsonb(m) from public_media m order by storage_path")
    assert [row["metadata"]["timestamp_seconds"] for row in rows] == [0, 1.5]
    assert rows[0]["metadata"]["segment_id"] == 1
    assert rows[1]["metadata"]["timestamp_formatted"] == "00:00:01,500"
    assert rows[1]["metadata"]["storage_status"] == "temp"
    assert rows[0]["metadata"]["worker"] == "worker-1"
    assert rows[0]["metadata"]["video_duration"] == pytest.approx(20, abs=0.1)
    (marked,) = database.query("select metadata from document_transcriptions")
    assert marked["screenshots_count"] == 3
    assert marked["screenshots_job_id"] == answer["job_id"]


async def test_a6_the_video_of_a_page_is_downloaded_once_and_its_sound_serves_for_nothing(
    runner: ScreenshotRunner,
    database: SupabaseDatabase,
    web: LoopbackServer,
    video_mp4: Path,
    tone_wav: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
    page = web.body("/watch/sea", b"<html></html>", "text/html")
    film = web.body("/media/sea", video_mp4.read_bytes(), "video/mp4")
    sound = web.body("/media/tone", tone_wav.read_bytes(), "audio/wav")
    whole = {"url": film, "ext": "mp4", "vcodec": "h264", "acodec": "aac", "height": 120}
    formats = [{"url": sound, "ext": "wav", "vcodec": "none", "acodec": "pcm"}, whole]
    said = json.dumps({"title": "The sea", "formats": formats, "duration": 20})
    web.body("/page/sea", said.encode(), "application/json")
    caches = runner.downloads.caches
    await read_all(await runner.downloads.opener.open(MediaUrl(page)))
    async with asyncio.timeout(60):  # what was read is put into the cache behind its reader
        while not (await cached_media(caches, 24, page))["cached"]:
            await asyncio.sleep(0.05)
    for _ in range(2):
        [answer] = await runner.run([{"video_url": page, "timestamps": [1, "00:00:02,000"]}])
        assert (answer["status"], answer["total_extracted"]) == ("completed", 2), answer
    assert [each.target for each in web.received].count("/media/sea") == 1
    rows = database.query("select to_jsonb(m) from public_media m")
    assert {row["metadata"]["video_title"] for row in rows} == {"The sea"}
    assert {row["metadata"]["video_id"] for row in rows} == {"sea"}
    content = hashlib.sha256(video_mp4.read_bytes()).hexdigest()
    assert (await cached_media(caches, 24, page))["cache_path"] == f"sha256:{content}"


async def test_a15_too_many_timestamps_and_other_bad_items_are_errors_of_their_own(
    runner: ScreenshotRunner, site: MediaServer, video_mp4: Path, dialogue: Path
) -> None:
    answers = await runner.run(
        [
            {"video_url": "http://site/a.mp4", "timestamps": [0] * 101},
            {"timestamps": [0]},
            {"video_url": "http://site/a.mp4", "timestamps": []},
            "text",
            {"video_url": site.add(dialogue), "timestamps": [1]},
            {"video_url": site.add(video_mp4), "timestamps": [99]},
            {"video_url": f"{site.url}/status/404", "timestamps": [0]},
            {"video_url": "-o/etc/passwd", "timestamps": [0]},
        ]
    )
    assert {each["status"] for each in answers} == {"error"}
    assert [each["error"] for each in answers[:3]] == [
        "Too many timestamps (101). Maximum 100 allowed.",
        "Missing video_url",
        "No timestamps provided",
    ]
    services: Any = SimpleNamespace(screenshots=runner)
    many = {"video_url": "http://site/a.mp4", "timestamps": [0] * 101}
    batch = await answer_envelope(services, {"queue": "screenshot_extraction", "jobs": [many]})
    assert batch["ok"] is True
    assert batch["summary"] == {"total": 1, "completed": 0, "failed": 1}
    assert batch["results"][0]["error"] == answers[0]["error"]  # type: ignore[index]
    assert answers[5]["failed_timestamps"] == ["99: The video shows no picture at this time"]


@pytest.mark.parametrize(
    ("sent", "at_ms"),
    [
        (1.5, 1500),
        ("2.25", 2250),
        ("01:02:03.5", 3_723_500),
        ({"timestamp": "7"}, 7000),
        ({"start": 0}, 0),
        ("12:30", None),
        (-1, None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        pytest.param(10**400, None, id="huge"),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_timestamps(sent: object, at_ms: int | None) -> None:
    item = parse_screenshot_item({"video_url": "http://a/b", "timestamps": [sent]})
    assert item.moments[0].at_ms == at_ms


@pytest.mark.parametrize(
    ("sent", "used"), [(5, 5), (0, 2), (32, 2), ("3", 2), (True, 2), (None, 2)]
)
def test_quality(sent: object, used: int) -> None:
    job = {"video_url": "http://a/b", "timestamps": [0], "quality": sent}
    assert parse_screenshot_item(job).quality == used


def test_an_item_without_an_address_is_refused() -> None:
    with pytest.raises(InvalidFieldError):
        parse_screenshot_item({"video_url": None, "timestamps": [0]})
