"""Batches in envelopes: the answers of each queue, for whoever reads them from a job's output."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from app.container import Services, build_services
from app.domain.request import MediaUrl
from app.settings import AsrSettings, CacheSettings, Settings, SourceSettings
from app.submission.envelopes.batch_envelope import answer_batch, answer_envelope
from app.submission.envelopes.envelope import EnvelopeJob
from app.submission.envelopes.envelope_table import envelope_of
from tests.media_server import MediaServer

ZEROS = {"total": 0, "completed": 0, "retry": 0, "archived": 0, "deleted": 0}


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    """A server without a database that hears nothing."""
    settings = Settings(
        asr=AsrSettings.model_validate({"ENABLE_WHISPER": False}),
        caches=CacheSettings(cache_dir=tmp_path / "cache"),
        sources=SourceSettings(work_dir=tmp_path / "work", allow_private_urls=True),
    )
    async with AsyncExitStack() as stack:
        yield build_services(settings, stack)


@pytest.mark.parametrize(
    "given", [{}, {"jobs": {}}, {"jobs": "text"}, {"jobs": []}, {"jobs": None}]
)
async def test_a2_a_batch_without_jobs_is_refused(
    services: Services, given: dict[str, Any]
) -> None:
    for queue in ({}, {"queue": "nope"}, {"queue": "screenshot_extraction"}):
        answer = await answer_envelope(services, {**queue, **given})
        assert answer == {"ok": False, "error": "Invalid or empty jobs list", "summary": ZEROS}


@pytest.mark.parametrize(
    ("queue", "shown"),
    [("nope", "nope"), (None, "None"), pytest.param(10**5000, "int", id="huge"), (["a"], "list")],
)
async def test_a3_an_unknown_queue_is_refused_with_the_known_ones(
    services: Services, queue: object, shown: str
) -> None:
    answer = await answer_envelope(services, {"queue": queue, "jobs": [{"msg_id": 1}]})
    known = "video_audio_transcription, screenshot_extraction, check_video_cache"
    assert answer == {
        "ok": False,
        "error": f"Unknown queue: {shown}. Supported: {known}",
        "summary": {"total": 1, "completed": 0, "failed": 1},
    }


@pytest.mark.parametrize("queue", ["video_audio_transcription", "screenshot_extraction"])
async def test_without_a_database_the_answer_says_what_to_set(
    services: Services, queue: str
) -> None:
    answer = await answer_envelope(services, {"queue": queue, "jobs": [{"document_id": "a"}]})
    assert answer["ok"] is False
    error = str(answer["error"])
    assert error.startswith("Handler processing error: 503: Supabase not configured. ")
    assert "SUPABASE_URL" in error
    assert answer["results"] == []
    assert answer["summary"]["failed"] == 1  # type: ignore[index]


async def test_a14_an_address_that_is_not_cached(services: Services) -> None:
    envelope = {"queue": "check_video_cache", "video_url": "https://youtu.be/dQw4w9WgXcQ"}
    assert envelope_of(envelope).kind == "batch"
    assert await answer_batch(EnvelopeJob("1", envelope, services)) == {
        "ok": True,
        "cached": False,
        "cache_path": None,
        "cache_age_seconds": None,
        "expires_in_seconds": None,
        "video_id": "dQw4w9WgXcQ",
        "error": None,
    }
    for missing in ({}, {"video_url": ""}, {"video_url": 5}):
        answer = await answer_envelope(services, {"queue": "check_video_cache", **missing})
        assert answer == {"ok": False, "error": "Missing required field: video_url"}
    answer = await answer_envelope(
        services, {"queue": "check_video_cache", "video_url": "file:///etc/passwd"}
    )
    assert (answer["ok"], answer["cached"]) == (True, False)
    assert answer["error"]


async def test_an_address_that_is_cached(
    services: Services, site: MediaServer, dialogue: Path
) -> None:
    url = site.add(dialogue)
    site.etags[dialogue.name] = '"one"'
    media = await services.opener.open(MediaUrl(url))
    async for _ in media.blocks:
        pass
    await media.aclose()
    await services.caches.downloads.close()
    answer = await answer_envelope(services, {"queue": "check_video_cache", "video_url": url})
    assert (answer["cached"], answer["video_id"]) == (True, "dialogue")
    assert str(answer["cache_path"]).startswith("sha256:")
    assert 0 <= answer["cache_age_seconds"] < 3600  # type: ignore[operator]
    assert answer["expires_in_seconds"] > 20 * 3600  # type: ignore[operator]
