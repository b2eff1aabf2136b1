"""`/runpod/video` and `/jobs/{id}`: handed in at once, told by a signed webhook, cancelled."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.submission.queue.video_webhook import root_of
from tests.media_operations import make_video
from tests.media_server import MediaServer, media_server
from tests.server import DEAF, ServerProcess
from tests.webhook_receiver import Receiver

KEY, SECRET = "key-of-video-clients", "a key of the tests"
SRT = "1\n00:00:00,000 --> 00:00:00,300\nHello\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = {**DEAF, "API_KEYS": KEY, "ALLOW_PRIVATE_URLS": "true", "WEBHOOK_SECRET": SECRET}
    process = ServerProcess(tmp_path_factory.mktemp("server"), settings)
    process.wait_ready()
    with httpx.Client(base_url=process.url, headers={"X-API-Key": KEY}, timeout=120) as made:
        yield made
    process.stop()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    with media_server() as site:
        site.add(make_video(tmp_path_factory.mktemp("media") / "v.mp4", 0.4, "64x36"))
        yield site


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.server.shutdown()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def test_c7_21_a_job_is_accepted_and_its_webhook_is_signed(
    client: httpx.Client, media: MediaServer, receiver: Receiver
) -> None:
    body = {"url_video": f"{media.url}/v.mp4", "subtitles": SRT}
    order = {**body, "webhook_url": receiver.url, "id_roteiro": "script-7"}
    answer = client.post("/runpod/video/caption", json=order)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["status"], job["message"]) == ("QUEUED", "Job queued successfully")
    assert (job["idRoteiro"], job["statusUrl"]) == ("script-7", f"/jobs/{job['jobId']}")
    until(lambda: len(receiver.calls) == 1)
    headers, text = receiver.calls[0]
    digest = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert headers["x-webhook-signature"] == f"sha256={digest}"
    assert headers["x-webhook-jobid"] == job["jobId"]
    assert headers["x-webhook-status"] == "COMPLETED"
    assert headers["webhook-signature"].startswith("v1,")
    told = json.loads(text)
    assert (told["jobId"], told["idRoteiro"]) == (job["jobId"], "script-7")
    assert (told["status"], told["operation"]) == ("COMPLETED", "caption")
    standing = client.get(job["statusUrl"]).json()
    assert standing["status"] == "COMPLETED"
    assert standing["result"] == told["result"]
    assert httpx.get(standing["result"]["video_url"]).content[4:8] == b"ftyp"
    late = client.post(f"{job['statusUrl']}/cancel")
    assert late.status_code == 400
    assert "Cannot cancel job with status COMPLETED" in late.json()["error"]
    assert client.get("/queue/stats").json()["completed"] >= 1


def test_a_failure_is_told_with_its_code(
    client: httpx.Client, media: MediaServer, receiver: Receiver
) -> None:
    body = {"url_video": f"{media.url}/status/404", "subtitles": SRT, "path": "user/videos/p1/"}
    order = {**body, "webhook_url": receiver.url}
    client.post("/runpod/video/caption", json=order).raise_for_status()
    until(lambda: len(receiver.calls) == 1)
    told = json.loads(receiver.calls[0][1])
    assert (told["status"], told["idRoteiro"]) == ("FAILED", None)
    assert told["pathRaiz"] == "user/"
    assert told["error"]["code"] == "PROCESSING_ERROR"
    assert told["error"]["message"].startswith("S3 configuration is required")


def test_what_cannot_be_done_is_refused_at_once(client: httpx.Client) -> None:
    for operation, body, message in (
        ("caption", {}, "Missing required fields: url_video, url_srt"),
        ("nope", {"url_video": "https://example.com/a"}, "Unknown operation: nope"),
    ):
        answer = client.post(f"/runpod/video/{operation}", json=body)
        assert (answer.status_code, answer.json()["message"]) == (400, message)
    inside = {"url_video": "https://example.com/a", "subtitles": SRT}
    inside["webhook_url"] = "ftp://example.com/hook"
    assert client.post("/runpod/video/caption", json=inside).status_code == 400


def test_a_job_that_is_cancelled_stops(client: httpx.Client, media: MediaServer) -> None:
    body = {"url_video": f"{media.url}/stall/v.mp4", "subtitles": SRT}
    job = client.post("/runpod/video/caption", json=body).json()
    cancelled = client.post(f"{job['statusUrl']}/cancel")
    assert cancelled.json() == {"message": "Job cancelled successfully", "jobId": job["jobId"]}
    assert client.get(job["statusUrl"]).json()["status"] == "CANCELLED"
    assert client.get("/jobs/nothing").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/runpod/video/caption"),
        ("GET", "/jobs/x"),
        ("POST", "/jobs/x/cancel"),
        ("GET", "/queue/stats"),
    ],
)
@pytest.mark.parametrize("key", [None, "wrong"])
def test_c7_18_these_routes_need_the_key_too(
    client: httpx.Client, method: str, path: str, key: str | None
) -> None:
    headers = {} if key is None else {"X-API-Key": key}
    answer = httpx.request(method, f"{client.base_url}{path}", json={}, headers=headers)
    assert answer.status_code == 401
    body = answer.json()
    assert (body["error"], body["message"]) == ("Unauthorized", "Invalid or missing API key")


def test_the_root_of_a_place() -> None:
    assert root_of("u/a/videos/temp/") == "u/a/"
    assert root_of("u/a/") == "u/a/"
    assert root_of("") is None
