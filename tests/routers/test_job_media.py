"""The recording of a job for a player: links, ranges, keys, and when there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.services.media.media_type import media_type_of
from tests.clients.held_engines import Held, held_server
from tests.conftest import write_wav
from tests.media_server import MediaServer

KEY = "held-key"
_LIMIT_S = 120


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("held")
    held = held_server(folder, API_KEYS=KEY, ALLOW_PRIVATE_URLS="true")
    yield held
    held.release()
    held.server.stop()


@pytest.fixture
def client(held: Held) -> Iterator[httpx.Client]:
    with held.server.client(headers={"X-API-Key": KEY}) as client:
        yield client


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """Three seconds that the scripted engine takes for speech."""
    path = tmp_path / "tone.wav"
    times_s = np.arange(48_000, dtype=np.float32) / 16_000
    write_wav(path, (0.3 * np.sin(2 * np.pi * 220 * times_s)).astype(np.float32))
    return path


def once(client: httpx.Client, path: str, status: int) -> dict[str, Any]:
    """Return an answer once it has a status."""
    deadline = time.monotonic() + _LIMIT_S
    while (answer := client.get(path)).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    found: dict[str, Any] = answer.json()
    return found


def begun(client: httpx.Client, **asked: Any) -> str:
    """Begin a job of the queue; return its path."""
    job = client.post("/run", json={"input": {**asked, "force_refresh": True}}).json()["id"]
    return f"/api/jobs/{job}"


def end(client: httpx.Client, path: str) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while client.get(path).json()["state"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_download_is_given_out_while_the_job_runs_and_after_it(
    held: Held, client: httpx.Client, site: MediaServer, tone: Path
) -> None:
    held.hold()
    path = begun(client, url=site.add(tone))
    told = once(client, f"{path}/media", 200)
    assert client.get(path).json()["state"] == "running"
    assert (told["media_type"], told["size_bytes"]) == ("audio/wav", tone.stat().st_size)
    url, data = told["url"], tone.read_bytes()
    whole = httpx.get(url)  # a player has no key: the link is enough
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    part = httpx.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(data)}"
    assert httpx.get(url, headers={"Range": "bytes=9999999-"}).status_code == 416
    head = httpx.head(url)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))
    held.release()
    end(client, path)
    again = client.get(f"{path}/media").json()["url"]
    assert httpx.get(again).content == data
    _refused(client, path, url)


def test_an_operation_works_on_the_recording_of_a_job(
    held: Held, client: httpx.Client, site: MediaServer, tone: Path
) -> None:
    path = begun(client, url=site.add(tone))
    end(client, path)
    once(client, f"{path}/media", 200)
    site.files.pop(tone.name)  # only the server's own copy is left
    name = f"job:{path.rpartition('/')[2]}"
    direct = client.post("/api/media/tracks", json={"url_video": name}).json()
    assert direct["success"] is True, direct
    queued = {"operation": "extract_audio", "url_video": name, "format": "flac"}
    told = client.post("/runsync", json={"input": queued}).json()
    assert told["status"] == "COMPLETED", told
    assert httpx.get(told["output"]["audio_url"]).content.startswith(b"fLaC")
    captions = [{"start": 0, "end": 1000, "text": "No recording."}]
    body = {"captions": captions, "captions_lang": "en"}
    bare = client.post("/api/process", json=body).json()["job_id"]
    many = [f"job:{number:032x}" for number in range(60)]
    for fields, code in (
        ({"url_video": f"job:{bare}"}, "media_not_stored"),
        ({"url_video": many[0]}, "job_not_found"),
        ({"url_video": name, "video_urls": many}, "invalid_field"),
        ({"url_video": "job:../../etc/passwd"}, "url_blocked"),
    ):
        refused = client.post("/api/media/tracks", json=fields)
        assert refused.json()["code"] == code, refused.text


def _refused(client: httpx.Client, path: str, url: str) -> None:
    """Check who gets neither link nor media."""
    assert httpx.get(str(client.base_url.join(f"{path}/media"))).status_code == 401
    for wrong in (url.partition("?")[0], url.replace("signature=", "signature=x")):
        refused = httpx.get(wrong)
        assert (refused.status_code, refused.json()["code"]) == (403, "link_invalid")
    captions = [{"start": 0, "end": 1000, "text": "No recording."}]
    body = {"captions": captions, "captions_lang": "en"}
    other = client.post("/api/process", json=body).json()["job_id"]
    absent = client.get(f"/api/jobs/{other}/media")
    assert (absent.status_code, absent.json()["code"]) == (404, "media_not_stored")
    moved = httpx.get(url.replace(path, f"/api/jobs/{other}"))
    assert moved.status_code == 403, "a link is one job's"
    assert client.get("/api/jobs/nothing/media").json()["code"] == "job_not_found"


def test_an_upload_is_given_out_until_its_job_ends(
    held: Held, client: httpx.Client, tone: Path
) -> None:
    data = tone.read_bytes()
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data))}
    place = client.post("/api/uploads", headers=tus).headers["location"]
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    client.patch(place, headers={**tus, **part}, content=data)
    held.hold()
    path = begun(client, upload_id=place.rsplit("/", 1)[1])
    url = once(client, f"{path}/media", 200)["url"]
    assert httpx.get(url).content == data
    held.release()
    assert once(client, f"{path}/media", 404)["code"] == "media_not_stored"
    assert httpx.get(url).json()["code"] == "media_not_stored"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/avi"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"OggS\x00", "application/ogg"),
        (b"fLaC\x00", "audio/flac"),
        (b"G".ljust(188, b"\x00") + b"G", "video/mp2t"),
        (b"<!doctype html><script>", "application/octet-stream"),
        (b"\xff", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_media_types(head: bytes, kind: str) -> None:
    assert media_type_of(head) == kind
