"""What a client is told when a site gives no video; a stand-in speaks YouTube's words."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import AddVideo
from tests.clients.extension_client import run_extension
from tests.conftest import Speech, StartServer
from tests.media_server import MediaServer
from tests.server import DEAF, ServerProcess

AddPage = Callable[..., str]


@pytest.fixture
def add_page(site: MediaServer, tmp_path: Path) -> AddPage:
    """Put a page on the stand-in; return the video's id."""

    def add(video_id: str, **told: Any) -> str:
        path = tmp_path / f"{video_id}.json"
        path.write_text(json.dumps(told))
        site.add(path)
        return video_id

    return add


def extractions(site: MediaServer, video_id: str) -> int:
    return sum(request.startswith(f"/{video_id}.json") for request in site.requests)


@pytest.mark.parametrize(
    ("fails", "status", "code", "advice"),
    [
        ("private", 403, "source_private", "COOKIES_FILE"),
        ("age", 403, "source_age_restricted", "COOKIES_FILE"),
        ("bot", 403, "source_bot_check", "COOKIES_FILE"),
        ("login", 403, "source_login_required", "COOKIES_FILE"),
        ("geo", 451, "source_geo_blocked", "YTDLP_PROXY"),
        ("removed", 404, "source_removed", "removed by the uploader"),
        ("upcoming", 400, "source_live", "recording"),
        ("limited", 429, "source_rate_limited", "later"),
        ("drm", 422, "source_drm", "captions"),
    ],
)
def test_a_sites_refusal_has_a_code_a_status_and_advice(
    youtube: ServerProcess,
    site: MediaServer,
    add_page: AddPage,
    fails: str,
    status: int,
    code: str,
    advice: str,
) -> None:
    video_id = add_page(f"page_{fails}"[:11].ljust(11, "_"), fails=fails)
    with youtube.client() as client:
        answer = client.post("/api/process", json={"video_id": video_id})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert advice in body["error"]
    assert body["retryable"] is (code == "source_rate_limited")
    assert extractions(site, video_id) == 1


def test_a_refusal_that_takes_a_while_is_shown_in_every_tier(
    youtube: ServerProcess, add_page: AddPage
) -> None:
    """A real site takes longer than the time in which every request waits for its media."""
    for tier in (3, 4):
        video_id = add_page(f"page_late_{tier}", fails="private", waits_s=2)
        told = run_extension(
            f"tier{tier}", base=youtube.url, body={"video_id": video_id, "target_lang": "es"}
        )
        assert "private" in told["error"].lower()
        assert told.get("status") == (403 if tier == 3 else None)


def test_a_refusal_that_comes_too_late_for_a_status_is_the_last_message(
    start_server: StartServer, youtube_settings: dict[str, str], add_page: AddPage
) -> None:
    server = start_server(**DEAF, **youtube_settings, ADMISSION_WAIT_S="0.1", PROCESS_WAIT_S="0.2")
    video_id = add_page("page_later1", fails="private", waits_s=1)
    body = {"video_id": video_id, "target_lang": "es"}
    with ThreadPoolExecutor(2) as pool:
        third, fourth = pool.map(
            lambda tier: run_extension(f"tier{tier}", base=server.url, body=body), (3, 4)
        )
    last = third["progress"][-1]
    assert last["message"] == fourth["error"]
    assert "private" in last["message"].lower()
    assert last["stage"] == "failed", "a stage without a text of its own shows the message"
    assert third["closed"] is True


def test_a_live_stream_is_refused(youtube: ServerProcess, add_page: AddPage) -> None:
    video_id = add_page("page_live_1", is_live=True)
    for tier in (3, 4):
        told = run_extension(
            f"tier{tier}", base=youtube.url, body={"video_id": video_id, "target_lang": "es"}
        )
        shown = told["error"] + str(told["progress"][-1:])
        assert "recording is up" in shown


def test_a_job_looks_at_a_page_once(
    youtube: ServerProcess,
    site: MediaServer,
    add_page: AddPage,
    add_video: AddVideo,
    speech: Speech,
    tmp_path: Path,
) -> None:
    """Title, captions that turn out to be none, and at last the sound: one extraction."""
    broken = tmp_path / "broken.vtt"
    broken.write_text("<!doctype html><title>Sorry</title>")
    site.add(broken)
    video_id = add_page(
        "page_broken",
        title="The river",
        description="How it rose.",
        chapters=[{"start_time": 0, "title": "Rise"}],
        duration=4,
        language="en",
        subtitles={"es": [{"ext": "vtt", "url": "broken.vtt?fmt=vtt"}]},
        automatic_captions={"de": [{"ext": "vtt", "url": "broken.vtt?tlang=de"}]},
    )
    add_video(speech.wav("The water came up very fast last night."), video_id)
    with youtube.client() as client:
        body = {"video_id": video_id, "target_lang": "es"}
        answer = client.post("/api/process", json=body).json()
    assert answer["source"] == "whisper"
    assert any("agua" in cue["translatedText"] for cue in answer["subtitles"])
    assert extractions(site, video_id) == 1
    assert site.requests.count(f"/{video_id}.wav") == 1
    assert not any("tlang" in request for request in site.requests)


def test_the_version_of_yt_dlp_is_shown(youtube: ServerProcess) -> None:
    with youtube.client() as client:
        assert client.get("/api/version").json()["yt_dlp"].startswith("20")
