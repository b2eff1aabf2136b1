"""Contract A8: files, sound, pictures and text of videos, over HTTP by a real server."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import DEAF, ServerProcess

PLUGINS = Path(__file__).parents[1] / "clients" / "site_plugins"
KEY = {"X-API-Key": "key-of-a-client"}


@pytest.fixture(scope="module")
def keeper(start_server: StartServer, site: MediaServer) -> ServerProcess:
    return start_server(
        **DEAF,
        ALLOW_PRIVATE_URLS="true",
        API_KEYS="key-of-a-client",
        FETCH_READ_S="300",
        PYTHONPATH=str(PLUGINS),
        STANDIN_SITE=site.url,
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, site: MediaServer) -> str:
    """Address of a video of 2 s."""
    path = tmp_path_factory.mktemp("clip") / "Sea & Sky.mp4"
    inputs = ["-f", "lavfi", "-i", "testsrc=size=128x72:rate=10:duration=2"]
    inputs += ["-f", "lavfi", "-i", "sine=500:duration=2"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    command = ["ffmpeg", "-v", "error", *inputs, *codecs, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    plain = path.rename(path.with_name("sea.mp4"))
    return site.add(plain)


def call(
    server: ServerProcess, method: str, path: str, status: int = 200, **options: Any
) -> httpx.Response:
    with server.client() as client:
        answer = client.request(method, path, headers=KEY, **options)
    assert answer.status_code == status, answer.text
    return answer


def test_a8_case_20_every_route_wants_the_key(keeper: ServerProcess) -> None:
    routes = [
        *(("GET", "/download?url=http://a/b.mp4"), ("POST", "/batch-download")),
        *(("POST", "/extract-audio?url=http://a/b.mp4"), ("POST", "/transcribe?audio_file=x")),
        ("GET", "/playlist/info?url=http://a/list"),
        *(("POST", "/screenshot/video"), ("GET", "/cache"), ("DELETE", "/cache/cleanup")),
        *(("GET", "/downloads/list"), ("POST", "/admin/refresh-cookies")),
        *(("GET", "/admin/cookie-scheduler/status"), ("GET", "/admin/transcription-worker/status")),
    ]
    with keeper.client() as client:
        for method, path in routes:
            answer = client.request(method, path)
            assert answer.status_code == 401, path
            assert "detail" in answer.json(), path


def test_a8_a_download_is_the_file_and_may_be_kept(keeper: ServerProcess, clip: str) -> None:
    original = httpx.get(clip, trust_env=False).content
    answer = call(keeper, "GET", "/download", params={"url": clip})
    assert answer.content == original
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''VIDEO-sea.mp4"
    assert "x-server-path" not in answer.headers
    kept = call(
        keeper, "GET", "/download", params={"url": clip, "keep": True, "custom_title": "A B/c"}
    )
    assert kept.headers["content-disposition"].endswith("VIDEO-A-B-c.mp4")
    link = kept.headers["x-server-path"]
    assert httpx.get(link, trust_env=False).content == original
    listed = call(keeper, "GET", "/downloads/list").json()
    assert listed["count"] == len(listed["downloads"]) >= 1
    assert "VIDEO-A-B-c.mp4" in [each["filename"] for each in listed["downloads"]]


def test_a8_a_batch_tells_what_became_of_each(keeper: ServerProcess, clip: str) -> None:
    broken = clip.replace("sea.mp4", "status/404")
    body = {"urls": [clip, broken, clip], "min_delay": 0, "max_delay": 0}
    answer = call(keeper, "POST", "/batch-download", json=body).json()
    counts = [answer[name] for name in ("total", "successful", "failed", "skipped")]
    assert counts == [3, 1, 1, 1]
    good, bad = answer["downloads"]
    assert good["success"] is True
    assert good["filename"] == "VIDEO-sea.mp4"
    assert good["file_size"] == answer["total_size"]
    assert httpx.get(good["file_path"], trust_env=False).status_code == 200
    assert bad["success"] is False
    assert bad["error"]


def test_a8_sound_is_extracted_from_an_address_or_a_kept_file(
    keeper: ServerProcess, clip: str, tmp_path: Path
) -> None:
    answer = call(
        keeper, "POST", "/extract-audio", params={"url": clip, "output_format": "flac"}
    ).json()
    assert (answer["format"], answer["source_type"], answer["url"]) == ("flac", "url", clip)
    assert answer["duration"] == pytest.approx(2, abs=0.1)
    assert answer["expires_in"] > 0
    path = tmp_path / "a.flac"
    path.write_bytes(httpx.get(answer["audio_file"], trust_env=False).content)
    assert path.stat().st_size == answer["size"]
    again = call(
        keeper, "POST", "/extract-audio", params={"local_file": answer["audio_file"]}
    ).json()
    assert (again["format"], again["source_type"]) == ("mp3", "local_file")


def test_a8_sound_of_nothing_of_both_and_of_what_is_not_there(keeper: ServerProcess) -> None:
    path = "/extract-audio"
    assert call(keeper, "POST", path, 400).json()["detail"] == "Send either url or local_file"
    both = {"url": "http://a/b", "local_file": "x"}
    call(keeper, "POST", path, 400, params=both)
    missing = call(keeper, "POST", path, 404, params={"local_file": "/etc/passwd"}).json()
    assert missing["code"] == "file_not_found"
    call(keeper, "POST", path, 400, params={"url": "http://a/b", "output_format": "exe"})


def test_a8_screenshots_and_whether_the_video_was_cached(keeper: ServerProcess, clip: str) -> None:
    body = {"video_url": clip, "timestamps": ["0", "00:00:01,500", "bad"]}
    answer = call(keeper, "POST", "/screenshot/video", json=body).json()
    shots = answer["screenshots"]
    assert [each["timestamp_formatted"] for each in shots] == ["00:00:00,000", "00:00:01,500"]
    assert [(each["width"], each["height"]) for each in shots] == [(128, 72)] * 2
    assert all(each["supabase_url"] is None for each in shots)
    jpeg = httpx.get(shots[0]["file_path"], trust_env=False).content
    assert len(jpeg) == shots[0]["size_bytes"]
    assert answer["total_extracted"] == 2
    assert len(answer["failed_timestamps"]) == 1
    assert answer["video_duration"] == pytest.approx(2, abs=0.1)
    many = {"video_url": clip, "timestamps": [0] * 101}
    assert "Maximum 100" in call(keeper, "POST", "/screenshot/video", 400, json=many).text
    bucket = {**body, "upload_to_supabase": True}
    call(keeper, "POST", "/screenshot/video", 503, json=bucket)


def test_a8_a_page_is_downloaded_once(
    keeper: ServerProcess, site: MediaServer, clip: str, tmp_path: Path
) -> None:
    page = tmp_path / "dQw4w9WgXcQ.json"
    page.write_text(json.dumps({"title": "Sea, and sky!"}))
    site.add(page)
    sound = tmp_path / "dQw4w9WgXcQ.wav"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", str(sound)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    site.add(sound)
    url = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    asked = len([each for each in site.requests if each.endswith(".wav")])
    for _ in range(2):
        answer = call(keeper, "GET", "/download", params={"url": url})
        assert answer.content == sound.read_bytes()
        assert answer.headers["content-disposition"].endswith("YT-Sea-and-sky.mp4")
    assert len([each for each in site.requests if each.endswith(".wav")]) == asked + 1
    call(keeper, "GET", "/download", 400, params={"url": url, "format": "a+b"})


def test_a8_the_cache_is_listed_and_cleaned(keeper: ServerProcess, clip: str) -> None:
    found = call(keeper, "GET", "/cache", params={"type": "media"}).json()
    assert found["summary"]["total_files"] == len(found["files"])
    assert {each["type"] for each in found["files"]} <= {"media"}
    cleaned = call(keeper, "DELETE", "/cache/cleanup").json()
    assert cleaned["deleted"] == 0, "nothing has expired"
    assert cleaned["ttl_hours"] == found["summary"]["ttl_hours"]


def test_a8_the_states_of_the_administration(keeper: ServerProcess) -> None:
    cookies = call(keeper, "POST", "/admin/refresh-cookies").json()
    assert cookies["success"] is False
    assert cookies["cookies_available"] is False
    status = call(keeper, "GET", "/admin/cookie-scheduler/status").json()
    assert (status["enabled"], status["running"]) == (False, False)
    worker = call(keeper, "GET", "/admin/transcription-worker/status").json()
    assert worker["config"]["max_retries"] == 5


def test_a8_extracted_sound_is_transcribed(
    server: ServerProcess, site: MediaServer, dialogue: Path
) -> None:
    url = site.add(dialogue)
    with server.client() as client:
        sound = client.post("/extract-audio", params={"url": url}).json()
        asked = {"audio_file": sound["audio_file"], "url": url, "language": "en"}
        unified = client.post("/transcribe", params=asked).json()
        vtt = client.post("/transcribe", params={**asked, "output_format": "vtt"}).json()
        text = client.post("/transcribe", params={**asked, "output_format": "text"}).json()
    assert unified["source"] == "ai"
    assert unified["segment_count"] == len(unified["segments"]) > 0
    assert unified["segments"][0]["segment_id"] == 1
    assert unified["word_count"] == len(unified["full_text"].split())
    assert vtt["content"].startswith("WEBVTT")
    assert text["transcript"] == unified["full_text"]
    with server.client() as client:
        refused = client.post("/transcribe", params={**asked, "language": "no language"})
    assert refused.status_code == 400
    assert not list(server.folder.rglob("*.media")), "a second name of the sound was kept"


def test_work_ends_when_its_client_leaves(
    keeper: ServerProcess, site: MediaServer, clip: str
) -> None:
    held = {"url": clip.replace("sea.mp4", "held/sea.mp4")}
    short = httpx.Timeout(120, read=1)
    with keeper.client(headers=KEY) as client:
        for method, path in (("GET", "/download"), ("POST", "/extract-audio")):
            with pytest.raises(httpx.ReadTimeout):
                client.request(method, path, params=held, timeout=short)
        body = {"video_url": held["url"], "timestamps": [0]}
        with pytest.raises(httpx.ReadTimeout):
            client.post("/screenshot/video", json=body, timeout=short)
    until_s = time.monotonic() + 60
    while left := list(keeper.folder.rglob("*.media")):
        assert time.monotonic() < until_s, left
        time.sleep(0.05)
    site.released.set()
