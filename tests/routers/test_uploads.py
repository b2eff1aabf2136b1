"""Uploads in parts: tus-js-client and plain HTTP against the real server."""

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer
from tests.server import ROOT, ServerProcess

PART = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def uploads(start_server: StartServer, cache: Path) -> ServerProcess:
    return start_server(CACHE_DIR=str(cache), MAX_UPLOAD_MB="12", MAX_RESUMABLE_UPLOAD_MB="40")


@pytest.fixture
def client(uploads: ServerProcess) -> Any:
    with uploads.client(headers=TUS) as client:
        yield client


def resumable(server: ServerProcess, path: Path, stop_at: int, url: str = "") -> dict[str, Any]:
    command = ["node", str(ROOT / "tests" / "clients" / "resumable.mjs")]
    command += [f"{server.url}/api/uploads", str(path), "100000", str(stop_at)]
    command += [url] if url else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def create(client: httpx.Client, length: int, **headers: str) -> str:
    answer = client.post("/api/uploads", headers={"Upload-Length": str(length), **headers})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def add(
    client: httpx.Client, where: str, offset: int, data: bytes, **headers: str
) -> httpx.Response:
    headers = {"Upload-Offset": str(offset), "Content-Type": PART, **headers}
    return client.patch(where, content=data, headers=headers)


def offset_of(client: httpx.Client, where: str) -> int:
    answer = client.head(where)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def begin_part(server: ServerProcess, where: str, length: int, data: bytes) -> socket.socket:
    """Send the beginning of a part that never comes whole."""
    head = f"PATCH {where} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
    head += f"Content-Type: {PART}\r\nContent-Length: {length}\r\n\r\n"
    sender = socket.create_connection(("127.0.0.1", server.port))
    sender.sendall(head.encode() + data)
    return sender


def wait_for_offset(client: httpx.Client, where: str, offset: int) -> None:
    deadline = time.monotonic() + 20
    while offset_of(client, where) < offset:
        assert time.monotonic() < deadline, offset_of(client, where)
        time.sleep(0.05)


def test_a_client_that_stopped_goes_on_and_the_upload_serves_two_jobs(
    uploads: ServerProcess, client: httpx.Client, dialogue: Path
) -> None:
    first = resumable(uploads, dialogue, 250_000)
    assert first["stopped"]
    assert first["firstOffset"] == "0"
    there = offset_of(client, first["url"])
    assert 200_000 <= there < dialogue.stat().st_size
    unfinished = {"upload_id": first["url"].rpartition("/")[2], "target_lang": "es"}
    refused = client.post("/api/process", json=unfinished)
    assert (refused.status_code, refused.json()["code"]) == (409, "upload_incomplete")

    second = resumable(uploads, dialogue, 0, first["url"])
    assert second["done"]
    assert int(second["firstOffset"]) >= 200_000
    assert client.head(second["url"]).headers["Upload-Length"] == str(dialogue.stat().st_size)
    body = {"upload_id": second["url"].rpartition("/")[2], "target_lang": "es"}
    answer = client.post("/api/process", json=body)
    assert answer.status_code == 200, answer.text
    again = client.post("/api/process", json={**body, "force_refresh": True})
    for heard in (answer, again):
        assert "agua" in " ".join(cue["translatedText"] for cue in heard.json()["subtitles"])
    assert client.delete(second["url"]).status_code == 204
    gone = client.post("/api/process", json=body)
    assert (gone.status_code, gone.json()["code"]) == (404, "upload_not_found")


def test_the_server_tells_what_it_can_do_without_a_key_or_a_version(
    uploads: ServerProcess,
) -> None:
    with uploads.client() as plain:
        answer = plain.options("/api/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(40 * 2**20)
    assert "creation" in answer.headers["Tus-Extension"].split(",")
    assert "sha1" in answer.headers["Tus-Checksum-Algorithm"].split(",")


def test_a_page_may_read_the_headers(client: httpx.Client) -> None:
    origin = {"Origin": "https://example.com"}
    answer = client.post("/api/uploads", headers={**origin, "Upload-Length": "1"})
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert {"Location", "Upload-Offset", "Tus-Resumable"} <= set(exposed.split(", "))
    asked = {"Access-Control-Request-Method": "PATCH"}
    preflight = client.options("/api/uploads/x", headers={**origin, **asked})
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]


def test_parts_follow_one_another_and_metadata_comes_back(client: httpx.Client) -> None:
    metadata = f"filename {base64.b64encode(b'talk.mp4').decode()},is_confidential"
    where = create(client, 10, **{"Upload-Metadata": metadata})
    first = add(client, where, 0, b"01234")
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "5")
    assert first.headers["Tus-Resumable"] == "1.0.0"
    assert first.headers["Upload-Expires"].endswith("GMT")
    wrong = add(client, where, 0, b"01234")
    assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (409, "5")
    assert wrong.json()["code"] == "upload_offset"
    assert add(client, where, 5, b"567890").status_code == 400
    assert add(client, where, 5, b"56789").headers["Upload-Offset"] == "10"
    told = client.head(where)
    assert told.headers["Upload-Metadata"] == metadata
    assert told.headers["Cache-Control"] == "no-store"


def test_the_first_part_may_come_with_the_creation(client: httpx.Client) -> None:
    headers = {"Upload-Length": "6", "Content-Type": PART}
    answer = client.post("/api/uploads", content=b"abc", headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "3")
    assert add(client, answer.headers["Location"], 3, b"def").status_code == 204


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 400, "invalid_field"),
        ({"Upload-Length": "-1"}, 400, "invalid_field"),
        ({"Upload-Length": "1" * 30}, 400, "invalid_field"),
        ({"Upload-Length": str(41 * 2**20)}, 413, "payload_too_large"),
        ({"Upload-Length": "5", "Tus-Resumable": "0.2.2"}, 412, "upload_version"),
        ({"Upload-Length": "5", "Upload-Metadata": "filename ***"}, 400, "invalid_field"),
    ],
)
def test_a_creation_that_cannot_be_is_refused(
    client: httpx.Client, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.post("/api/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers.get("Tus-Version") == ("1.0.0" if status == 412 else None)


def test_a_part_of_another_type_or_of_nothing_is_refused(client: httpx.Client) -> None:
    where = create(client, 5)
    answer = add(client, where, 0, b"12345", **{"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_body")
    for path in ("/api/uploads/" + "0" * 32, "/api/uploads/..%2f..%2fetc"):
        assert add(client, path, 0, b"12345").status_code == 404
        assert client.delete(path).status_code == 404
    assert client.post(where).status_code == 404
    assert offset_of(client, where) == 0


def test_a_part_with_a_checksum_is_kept_whole_or_not_at_all(client: httpx.Client) -> None:
    where = create(client, 10)

    def summed(data: bytes) -> dict[str, str]:
        return {"Upload-Checksum": f"sha1 {base64.b64encode(hashlib.sha1(data).digest()).decode()}"}

    wrong = add(client, where, 0, b"01234", **summed(b"other"))
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_mismatch")
    assert offset_of(client, where) == 0
    assert add(client, where, 0, b"01234", **summed(b"01234")).headers["Upload-Offset"] == "5"
    unknown = add(client, where, 5, b"56789", **{"Upload-Checksum": "crc32 AAAA"})
    assert unknown.status_code == 400


def test_post_may_stand_for_other_methods(client: httpx.Client) -> None:
    where = create(client, 3)
    headers = {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": PART}
    assert client.post(where, content=b"abc", headers=headers).status_code == 204
    assert offset_of(client, where) == 3
    headers = {"X-HTTP-Method-Override": "DELETE"}
    assert client.post(where, headers=headers).status_code == 204
    assert client.head(where).status_code == 404


def test_a_part_that_is_cut_off_stays_as_far_as_it_came(
    uploads: ServerProcess, client: httpx.Client
) -> None:
    where = create(client, 3_000_000)
    sender = begin_part(uploads, where, 3_000_000, b"x" * 1_700_000)
    wait_for_offset(client, where, 2**20)
    meanwhile = add(client, where, offset_of(client, where), b"y")
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (423, "upload_locked")
    assert client.delete(where).status_code == 423
    sender.close()
    wait_for_offset(client, where, 1_700_000)
    assert add(client, where, 1_700_000, b"x" * 1_300_000).status_code == 204


def test_a_part_may_be_larger_than_a_json_body_and_no_larger_than_an_upload(
    client: httpx.Client,
) -> None:
    where = create(client, 30 * 2**20)
    assert add(client, where, 0, bytes(11 * 2**20)).status_code == 204
    too_large = add(client, where, 11 * 2**20, bytes(13 * 2**20))
    assert (too_large.status_code, too_large.json()["max_size_mb"]) == (413, 12)
    assert offset_of(client, where) == 11 * 2**20
    client.delete(where)


def test_a_file_and_an_upload_together_are_refused(client: httpx.Client) -> None:
    answer = client.post("/api/process", files={"file": b"x"}, data={"upload_id": "0" * 32})
    assert (answer.status_code, answer.json()["code"]) == (400, "several_sources")


def test_an_upload_outlives_a_server_that_is_killed(
    start_server: StartServer, cache: Path, dialogue: Path
) -> None:
    settings = {"CACHE_DIR": str(cache), "API_KEYS": "secret"}
    key = {"X-API-Key": "secret", **TUS}
    half = dialogue.stat().st_size // 2
    killed = start_server(ready=False, **settings)
    killed.wait_listening()
    with killed.client() as stranger:
        assert stranger.post("/api/uploads", headers={"Upload-Length": "5"}).status_code == 401
    with killed.client(headers=key) as client:
        where = create(client, dialogue.stat().st_size)
        assert add(client, where, 0, dialogue.read_bytes()[:half]).status_code == 204
    os.killpg(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    successor = start_server(**settings)
    with successor.client(headers=key) as client:
        assert offset_of(client, where) == half
        assert add(client, where, half, dialogue.read_bytes()[half:]).status_code == 204
        answer = client.post("/api/process", json={"upload_id": where.rpartition("/")[2]})
        assert "water" in " ".join(cue["text"] for cue in answer.json()["subtitles"])


def test_a_caption_file_in_parts_is_known_by_its_media_type(client: httpx.Client) -> None:
    data = b"1\nxx:xx:xx,xxx --> xx:xx:xx,xxx\nlost\n"
    kind = base64.b64encode(b"application/x-subrip").decode()
    where = create(client, len(data), **{"Upload-Metadata": f"filetype {kind}"})
    assert add(client, where, 0, data).status_code == 204
    answer = client.post("/api/process", json={"upload_id": where.rpartition("/")[2]})
    assert (answer.status_code, answer.json()["code"]) == (400, "captions_unreadable")
    assert "lines 2 to 3" in answer.json()["error"]
