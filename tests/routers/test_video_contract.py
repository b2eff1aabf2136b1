"""`/video` as its clients know it: real videos, exact bodies, keys, jobs that are split."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.media_server import MediaServer, media_server
from tests.server import DEAF, ServerProcess

KEY = "key-of-video-clients"
HEADERS = {"X-API-Key": KEY}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server")
    settings = {**DEAF, "API_KEYS": KEY, "ALLOW_PRIVATE_URLS": "true", "MAX_JOBS": "2"}
    process = ServerProcess(folder, {**settings, "MEDIA_ENCODER": "x264"})
    process.wait_ready()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    folder = tmp_path_factory.mktemp("media")
    video, sound, picture = folder / "v.mp4", folder / "a.wav", folder / "p.png"
    subtitles = folder / "s.srt"
    source = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=1"]
    tone = ["-f", "lavfi", "-i", "sine=440:duration=2"]
    for arguments in ([*source, str(video)], [*tone, str(sound)]):
        subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True)
    Image.new("RGB", (32, 18), (10, 200, 30)).save(picture)
    subtitles.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    with media_server() as site:
        for path in (video, sound, picture, subtitles):
            site.add(path)
        yield site


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers=HEADERS, timeout=120) as made:
        yield made


def length_s(content: bytes, folder: Path) -> float:
    path = folder / "got.mp4"
    path.write_bytes(content)
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]
    return float(subprocess.run([*command, str(path)], check=True, capture_output=True).stdout)


@pytest.mark.parametrize(
    ("operation", "fields"),
    [("caption", {"url_srt": "s.srt"}), ("addaudio", {"url_audio": "a.wav"})],
)
def test_c2_one_video_comes_with_its_path_and_times(
    client: httpx.Client,
    media: MediaServer,
    tmp_path: Path,
    operation: str,
    fields: dict[str, str],
) -> None:
    body = {name: f"{media.url}/{value}" for name, value in fields.items()}
    answer = client.post(f"/video/{operation}", json={"url_video": f"{media.url}/v.mp4", **body})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert made["code"] == 200
    assert made["message"] in (
        "Caption added successfully",
        "Audio added successfully with duration sync",
    )
    assert made["video_url"].startswith("/output/")
    assert set(made["execution"]) == {"startTime", "endTime", "durationMs", "durationSeconds"}
    assert {"jobId", "delayTime", "executionTime"} <= set(made["stats"])
    got = httpx.get(client.base_url.join(made["video_url"]))  # no key is needed
    assert got.status_code == 200
    head = httpx.head(client.base_url.join(made["video_url"]))
    assert head.headers["content-length"] == got.headers["content-length"]
    seconds = length_s(got.content, tmp_path)
    assert seconds == pytest.approx(1 if operation == "caption" else 2, abs=0.11)
    job = client.get(f"/job/{made['stats']['jobId']}").json()
    assert job["status"] == "COMPLETED"
    ranged = httpx.get(client.base_url.join(made["video_url"]), headers={"Range": "bytes=0-3"})
    assert (ranged.status_code, len(ranged.content)) == (206, 4)


def pictures(media: MediaServer, count: int) -> list[dict[str, object]]:
    url = f"{media.url}/p.png"
    return [{"id": f"id-{n}", "image_url": url, "duracao": 0.04} for n in range(count)]


def test_c7_06_fifty_one_pictures_are_three_jobs_of_seventeen(
    client: httpx.Client, media: MediaServer
) -> None:
    images = pictures(media, 51)
    made_of = [0, 17, 34, 50]
    for number in set(range(51)) - set(made_of):
        images[number]["image_url"] = f"{media.url}/status/404"
    made = client.post("/video/img2vid", json={"images": images, "width": 32, "height": 18}).json()
    assert made["message"] == "Images converted to videos successfully"
    assert [each["id"] for each in made["videos"]] == [f"id-{n}" for n in made_of]
    assert [each["index"] for each in made["videos"]] == [n + 1 for n in made_of]
    assert [each["index"] for each in made["errors"]] == sorted(
        n + 1 for n in range(51) if n not in made_of
    )
    stats = made["stats"]
    assert (stats["totalImages"], stats["workersUsed"], stats["imagesPerWorker"]) == (51, 3, 17)
    assert (stats["total"], stats["processed"]) == (51, 4)
    assert made["videos"][0]["video_url"].startswith("/output/")


def test_c7_06_fifty_pictures_are_one_job(client: httpx.Client, media: MediaServer) -> None:
    images = pictures(media, 50)
    for each in images[1:]:
        each["image_url"] = f"{media.url}/status/404"
    made = client.post("/video/img2vid", json={"images": images, "width": 32, "height": 18}).json()
    assert "workersUsed" not in made["stats"]
    assert (made["stats"]["total"], made["stats"]["processed"]) == (50, 1)
    assert [each["index"] for each in made["errors"]] == [*range(2, 51)]


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("caption", {"url_video": "http://x/v.mp4"}, "url_video and url_srt are required"),
        ("addaudio", {}, "url_video and url_audio are required"),
        ("img2vid", {}, "images array is required with at least one image"),
        ("img2vid", {"images": []}, "images array is required with at least one image"),
        (
            "img2vid",
            {"images": [{"id": "1", "image_url": "http://x/1.png"}]},
            "Each image must have id, image_url, and duracao",
        ),
    ],
)
def test_c2_what_is_missing_is_said_in_known_words(
    client: httpx.Client, operation: str, body: dict[str, object], message: str
) -> None:
    answer = client.post(f"/video/{operation}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Bad Request"
    assert answer.json()["message"] == message


def test_c2_a_job_that_fails_says_why(client: httpx.Client, media: MediaServer) -> None:
    body = {"url_video": f"{media.url}/p.png", "url_audio": f"{media.url}/a.wav"}
    answer = client.post("/video/addaudio", json=body)
    assert answer.status_code == 500
    assert answer.json()["error"] == "Processing failed"
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/video/caption"),
        ("POST", "/video/img2vid"),
        ("POST", "/video/addaudio"),
        ("GET", "/runpod/health"),
        ("GET", "/runpod/config"),
        ("GET", "/job/x"),
        ("POST", "/job/x/cancel"),
    ],
)
@pytest.mark.parametrize("key", ["", "wrong"])
def test_c7_18_every_route_needs_the_key(
    server: ServerProcess, method: str, path: str, key: str
) -> None:
    headers = {"X-API-Key": key} if key else {}
    answer = httpx.request(method, f"{server.url}{path}", json={}, headers=headers)
    assert answer.status_code == 401
    body = answer.json()
    assert (body["error"], body["message"]) == ("Unauthorized", "Invalid or missing API key")


def test_c2_health_config_and_unknown_jobs(client: httpx.Client) -> None:
    assert set(client.get("/runpod/health").json()) >= {"jobs", "workers"}
    assert client.get("/runpod/config").json()["maxWorkers"] == 3
    unknown = client.get("/job/nothing")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "Job not found")
    assert client.get("/output/nothing.mp4").status_code in (403, 404)


def test_c7_20_a_job_that_is_cancelled_while_it_waits_never_runs(
    client: httpx.Client, media: MediaServer
) -> None:
    held = {
        "operation": "addaudio",
        "url_video": f"{media.url}/stall/v.mp4",
        "url_audio": "http://x",
    }
    busy = [client.post("/run", json={"input": held}).json()["id"] for _ in range(2)]
    body = {"operation": "img2vid", "images": pictures(media, 1)}
    body["images"][0]["image_url"] = f"{media.url}/redirect?to=never"  # type: ignore[index]
    waiting = client.post("/run", json={"input": body}).json()["id"]
    assert client.get(f"/job/{waiting}").json()["status"] == "IN_QUEUE"
    assert client.post(f"/job/{waiting}/cancel").json() == {"id": waiting, "status": "CANCELLED"}
    for each in busy:
        client.post(f"/job/{each}/cancel")
    deadline = time.monotonic() + 30
    while client.get("/runpod/health").json()["jobs"]["inProgress"] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert client.get(f"/job/{waiting}").json()["status"] == "CANCELLED"
    assert not [path for path in media.requests if "never" in path]
