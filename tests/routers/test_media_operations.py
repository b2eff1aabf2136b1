"""Media operations at every door of a real server, as clients of media workers know them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.services.operations.activity import MESSAGES
from tests.media_operations import make_video, probed
from tests.media_server import MediaServer, media_server
from tests.s3_server import S3Server, s3_server
from tests.server import DEAF, ServerProcess

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello there\n"
MISSING = "Missing required fields: url_video, url_srt"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("media")
    process = ServerProcess(folder, {**DEAF, "ALLOW_PRIVATE_URLS": "true", "FETCH_READ_S": "1"})
    process.wait_ready()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as found:
        yield found


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("video") / "talk.mp4")


@pytest.fixture(scope="module")
def site(video: Path) -> Iterator[MediaServer]:
    with media_server() as found:
        found.add(video)
        subtitles = video.with_name("talk.srt")
        subtitles.write_text(SRT)
        found.add(subtitles)
        empty = video.with_name("empty.mp4")
        empty.touch()
        found.add(empty)
        yield found


@pytest.fixture
def fields(site: MediaServer) -> dict[str, Any]:
    return {
        "operation": "caption",
        "url_video": f"{site.url}/talk.mp4",
        "url_srt": f"{site.url}/talk.srt",
    }


def run(server: ServerProcess, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    with server.client() as client:
        told: dict[str, Any] = client.post("/runsync", json={"input": fields, **more}).json()
    return told


def test_contract_c7_1_a_captioned_video_can_be_fetched(
    server: ServerProcess, fields: dict[str, Any], video: Path, tmp_path: Path
) -> None:
    told = run(server, fields)
    assert told["status"] == "COMPLETED", told
    output = told["output"]
    assert output["success"] is True
    assert output["message"] == "Caption added successfully"
    assert output["filename"].endswith("_captioned.mp4")
    assert output["encoder"] == "libx264"
    whole = httpx.get(output["video_url"])
    assert whole.headers["content-type"] == "video/mp4"
    made = tmp_path / "made.mp4"
    made.write_bytes(whole.content)
    assert probed(made, "format=duration") == probed(video, "format=duration")
    assert sound(made) == sound(video)
    part = httpx.get(output["video_url"], headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    again = httpx.get(output["video_url"], headers={"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 304
    assert httpx.get(output["video_url"] + "0").status_code == 403


def sound(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "md5"]
    return subprocess.run([*command, "-"], check=True, capture_output=True).stdout


@pytest.mark.parametrize("without", ["url_srt", "url_video"])
def test_contract_c7_2_a_missing_field_is_named(
    server: ServerProcess, fields: dict[str, Any], without: str
) -> None:
    told = run(server, {**fields, without: None})
    assert (told["status"], told["error"]) == ("FAILED", MISSING)
    assert told["code"] == "invalid_field"


def test_contract_c7_9_a_place_wants_an_object_store(
    server: ServerProcess, fields: dict[str, Any]
) -> None:
    told = run(server, {**fields, "path": "user/videos/", "output_filename": "x.mp4"})
    assert told["status"] == "FAILED"
    assert told["error"].startswith("S3 configuration is required but not provided")
    assert told["output"] == {"error_type": "CONFIG_ERROR"}


def test_version_4_stores_under_the_callers_key(
    server: ServerProcess, s3: S3Server, fields: dict[str, Any]
) -> None:
    config = {
        "endpoint_url": s3.url,
        "access_key": s3.access_key,
        "secret_key": s3.secret_key,
        "bucket_name": "captions",
        "region": "us-east-1",
    }
    placed = {"path": "user/videos/", "output_filename": "talk one.mp4", "s3_config": config}
    told = run(server, {**fields, **placed, "force_style": "FontSize=30"})
    assert told["status"] == "COMPLETED", told
    output = told["output"]
    assert output["s3_key"] == "user/videos/talk one.mp4"
    assert output["s3_key"] in s3.listed()
    assert output["filename"] == "talk one.mp4"
    assert output["force_style_applied"] is True
    assert httpx.get(output["video_url"]).content[4:8] == b"ftyp"
    assert s3.secret_key not in json.dumps(told) + server.log


def test_a_place_never_leaves_its_folder(
    server: ServerProcess, s3: S3Server, fields: dict[str, Any]
) -> None:
    config = s3.config()
    placed = {"path": "../a/", "output_filename": "../../b.mp4", "s3_config": config}
    told = run(server, {**fields, **placed})
    assert told["status"] == "COMPLETED", told
    assert ".." not in told["output"]["s3_key"].split("/")


def test_contract_c7_17_an_unknown_operation_is_named(
    server: ServerProcess, fields: dict[str, Any]
) -> None:
    told = run(server, {**fields, "operation": "nope", "path": "/health"})
    assert (told["status"], told["error"]) == ("FAILED", "Unknown operation: nope")
    assert told["code"] == "operation_unavailable"


def test_an_empty_download_is_named_without_its_secrets(
    server: ServerProcess, site: MediaServer, fields: dict[str, Any]
) -> None:
    told = run(server, {**fields, "url_video": f"{site.url}/empty.mp4"})
    assert told["error"] == f"Downloaded file is empty: {site.url}/empty.mp4"


def test_a_source_that_stops_in_the_middle_is_an_error(
    server: ServerProcess, site: MediaServer, fields: dict[str, Any]
) -> None:
    told = run(server, {**fields, "url_video": f"{site.url}/status/404"})
    assert (told["status"], told["code"]) == ("FAILED", "source_removed")
    stalled = run(server, {**fields, "url_video": f"{site.url}/stall/talk.mp4"})
    assert stalled["status"] == "FAILED"
    assert stalled["code"] in {"source_failed", "source_too_slow"}


def test_uploads_and_text_of_a_form(server: ServerProcess, video: Path) -> None:
    with server.client() as client:
        answer = client.post(
            "/api/media/caption",
            files={"video": ("t.mp4", video.read_bytes()), "files": ("a.srt", SRT)},
            data={"url_srt": "upload:a.srt", "force_style": '{"FontSize": 30}'},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["force_style_applied"] is True
        other = client.post(
            "/api/media/caption",
            files={"file": ("t.mp4", video.read_bytes())},
            data={"url_srt": "upload:none.srt"},
        )
    assert (other.status_code, other.json()["code"]) == (400, "invalid_field")
    assert not list(server.folder.rglob("*.upload"))


def test_a_file_of_the_server_is_no_upload(server: ServerProcess, tmp_path: Path) -> None:
    for source in ({"path": "/etc/hostname", "name": "x"}, "file:///etc/hostname", "/etc/hostname"):
        with server.client() as client:
            body = {"url_video": source, "subtitles": SRT}
            answer = client.post("/api/media/caption", json=body)
        assert answer.status_code == 400, answer.text


def test_a_stream_ends_with_the_result(server: ServerProcess, fields: dict[str, Any]) -> None:
    with (
        server.client(headers={"Accept": "text/event-stream"}) as client,
        client.stream("POST", "/api/media/caption", json=fields) as answer,
    ):
        text = answer.read().decode()
    last = json.loads(text.strip().rpartition("data: ")[2])
    assert last["result"]["success"] is True
    with server.client(headers={"Accept": "text/event-stream"}) as client:
        refused = client.post("/api/media/caption", json={"url_video": "http://x.invalid/"})
    assert "event: error" in refused.text
    assert MISSING in refused.text


def test_the_same_job_at_api_process(server: ServerProcess, fields: dict[str, Any]) -> None:
    with server.client() as client:
        answer = client.post("/api/process", json=fields)
        assert answer.json()["success"] is True
        unknown = client.post("/api/media/nope", json=fields)
    assert (unknown.status_code, unknown.json()["error"]) == (400, "Unknown operation: nope")


def test_fields_of_a_job_name_uploads_and_its_events_its_output(
    server: ServerProcess, video: Path
) -> None:
    """What lets a client whose connection is cut go on: nothing is in the request itself."""
    data = video.read_bytes()
    with server.client(headers={"Tus-Resumable": "1.0.0"}) as client:
        begun = client.post("/api/uploads", headers={"Upload-Length": str(len(data))})
        place = httpx.URL(begun.headers["Location"]).path
        fields = {
            "operation": "caption",
            "url_video": f"upload:{place.rpartition('/')[2]}",
            "subtitles": SRT,
        }
        early = run(server, fields)
        assert (early["status"], early["code"]) == ("FAILED", "upload_incomplete")
        part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        assert client.patch(place, headers=part, content=data).status_code == 204
        told = run(server, fields)
        assert told["status"] == "COMPLETED", told
        job = client.get(f"/api/jobs/{told['id']}").json()
        assert job["result"]["parts"] == [told["output"]]
        seen = client.get(f"/api/jobs/{told['id']}/events?view=process").text
        direct = client.post(
            "/api/media/caption", data={k: str(v) for k, v in fields.items()}, files={"unused": b""}
        )
        assert direct.json()["success"] is True, direct.text
    events = [json.loads(line[6:]) for line in seen.splitlines() if line.startswith("data: ")]
    stages = [event for event in events if event.get("stage") == "media"]
    assert {event["activity"] for event in stages} <= set(MESSAGES)
    assert "encoding" in {event["activity"] for event in stages}
    percents = [event["percent"] for event in stages]
    assert percents == sorted(percents)
    assert events[-1]["result"]["parts"] == [told["output"]]
    unknown = run(server, {**fields, "url_video": f"upload:{'0' * 32}"})
    assert (unknown["status"], unknown["code"]) == ("FAILED", "upload_not_found")
    path = run(server, {**fields, "url_video": "upload:../../etc/passwd"})
    assert path["status"] == "FAILED"
    assert path["code"] not in {"upload_not_found", "internal"}


def test_cues_of_a_job_are_burned_in(server: ServerProcess, fields: dict[str, Any]) -> None:
    with server.client() as client:
        job = client.post("/api/process", json={"captions": SRT, "captions_lang": "en"}).json()
    burned = {k: v for k, v in fields.items() if k != "url_srt"} | {"job_id": job["job_id"]}
    assert run(server, burned)["output"]["success"] is True
    other = run(server, {**burned, "language": "fr"})
    assert other["error"] == "language: the job's cues are in en"
    assert run(server, {**burned, "job_id": "nope"})["code"] == "job_not_found"
    lit = run(server, {**burned, "operation": "caption_highlight"})
    assert lit["output"]["success"] is True


def test_contract_c7_19_addresses_of_the_inside_are_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    closed = ServerProcess(tmp_path_factory.mktemp("closed"), DEAF)
    try:
        closed.wait_ready()
        with closed.client() as client:
            for inside in ("http://localhost/a", "http://169.254.169.254/a", "http://[::1]/a"):
                body = {"input": {"captions": SRT}, "webhook": inside}
                assert client.post("/run", json=body).status_code == 400, inside
                media = {"url_video": inside, "subtitles": SRT}
                answer = client.post("/api/media/caption", json=media)
                assert (answer.status_code, answer.json()["code"]) == (400, "url_blocked")
                told = {"url_video": "http://172.217.0.1/a", "subtitles": SRT}
                order = client.post("/runpod/video/caption", json={**told, "webhook_url": inside})
                assert (order.status_code, order.json()["code"]) == (400, "url_blocked"), inside
            accepted = {**told, "webhook_url": "http://172.217.0.1/hook"}
            assert client.post("/runpod/video/caption", json=accepted).status_code == 202
            public = {"input": {"captions": SRT}, "webhook": "http://172.217.0.1/hook"}
            assert client.post("/run", json=public).status_code == 200
    finally:
        closed.stop()


def test_texts_of_a_form_take_the_memory_of_bodies(server: ServerProcess) -> None:
    names = ("url_video", "url_srt", "subtitles", "job_id", "profile")
    parts = {name: (None, b"x" * 9 * 2**20) for name in names}
    with server.client() as client:
        refused = client.post("/api/media/caption", files=parts)
        assert (refused.status_code, refused.json()["code"]) == (429, "overloaded")
        again = client.post("/api/media/caption", files={"job_id": (None, b"x")})
    assert again.json()["code"] == "invalid_field", "the memory was given back"
