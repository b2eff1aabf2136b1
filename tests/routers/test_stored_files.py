"""Subtitle files stored for download, over HTTP: the server's folder, a caller's own S3 store."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from app.services.files.signed_links import LinkSigner, folder_secret
from tests.conftest import StartServer
from tests.s3_server import S3Server, s3_server
from tests.server import DEAF, ServerProcess, read_stream

SRT = "1\n00:00:01,000 --> 00:00:02,000\nGood morning.\n\n2\n00:00:03,000 --> 00:00:04,500\nHi.\n"
BODY = {"captions": SRT, "formats": ["srt", "vtt"], "store_files": True}
KEY = {"X-API-Key": "first-key"}
SECRET = "wrong/secret+key"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    keys = "first-key,second-key"
    return start_server(**DEAF, ALLOW_PRIVATE_URLS="true", API_KEYS=keys, S3_TIMEOUT_S="5")


def process(server: ServerProcess, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    with server.client() as client:
        answer = client.post("/api/process", json=body, headers=KEY)
    assert answer.status_code == status, answer.text
    payload: dict[str, Any] = answer.json()
    return payload


@pytest.fixture(scope="module")
def stored(server: ServerProcess) -> dict[str, Any]:
    """The result of a request that wants its files stored."""
    return process(server, BODY)


def link_of(result: dict[str, Any], name: str = "srt") -> str:
    [found] = [each for each in result["files"] if each["format"] == name]
    return str(found["url"])


def test_the_result_holds_links_in_place_of_texts(
    server: ServerProcess, stored: dict[str, Any]
) -> None:
    assert "formats" not in stored
    assert [each["format"] for each in stored["files"]] == ["srt", "vtt"]
    answer = httpx.get(link_of(stored))  # without a key: the link is enough
    assert answer.status_code == 200
    assert answer.text.split() == SRT.split()
    [file, _] = stored["files"]
    assert int(answer.headers["content-length"]) == file["size_bytes"]
    assert answer.headers["etag"] == f'"{file["sha256"]}"'
    assert answer.headers["content-type"] == "application/x-subrip; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert file["name"] in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]


def test_ranges_heads_and_tags(stored: dict[str, Any]) -> None:
    url = link_of(stored)
    whole = httpx.get(url)
    head = httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
    part = httpx.get(url, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(whole.content)}"
    tail = httpx.get(url, headers={"Range": "bytes=-4"})
    assert tail.content == whole.content[-4:]
    assert httpx.get(url, headers={"Range": "bytes=999999-"}).status_code == 416
    head = httpx.head(url, headers={"Range": "bytes=5-9"})
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(whole.content)))
    tag = whole.headers["etag"]
    assert httpx.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert httpx.get(url, headers={"If-None-Match": f'W/{tag}, "other"'}).status_code == 304
    assert httpx.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    resumed = {"Range": "bytes=5-", "If-Range": tag}
    assert httpx.get(url, headers=resumed).status_code == 206
    for other in ('"another version"', f"W/{tag}"):
        answer = httpx.get(url, headers={"Range": "bytes=5-", "If-Range": other})
        assert (answer.status_code, answer.content) == (200, whole.content)


@pytest.mark.parametrize("beyond", ["", ",99999-", ",-0"])
def test_several_ranges_come_as_parts_without_those_beyond_the_end(
    stored: dict[str, Any], beyond: str
) -> None:
    url = link_of(stored)
    whole = httpx.get(url)
    answer = httpx.get(url, headers={"Range": f"bytes=0-2, 10-14{beyond},-3"})
    assert answer.status_code == 206
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert int(answer.headers["content-length"]) == len(answer.content)
    parts = BytesParser().parsebytes(
        b"Content-Type: " + answer.headers["content-type"].encode() + b"\n\n" + answer.content
    )
    size = len(whole.content)
    shown = [(part["content-range"], part.get_payload(decode=True)) for part in parts.walk()][1:]
    wanted = [(0, 3), (10, 15), (size - 3, size)]
    assert shown == [(f"bytes {a}-{b - 1}/{size}", whole.content[a:b]) for a, b in wanted]
    assert boundary


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=-0", "bytes=99999-,-0"])
def test_ranges_beyond_the_end_alone_are_refused_with_the_length(
    stored: dict[str, Any], asked: str
) -> None:
    url = link_of(stored)
    answer = httpx.get(url, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(httpx.get(url).content)}"


@pytest.mark.parametrize("asked", ["lines=0-3", "bytes", "bytes=", "bytes=9-5", "bytes=0-3,x"])
def test_what_is_no_range_of_bytes_is_ignored(stored: dict[str, Any], asked: str) -> None:
    url = link_of(stored)
    answer = httpx.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, httpx.get(url).content)


@pytest.mark.parametrize("change", ["name", "expires", "signature", "query"])
def test_a_link_that_nobody_signed(stored: dict[str, Any], change: str) -> None:
    url = link_of(stored)
    wrong = {
        "name": url.replace(".srt?", ".html?"),
        "expires": url.replace("expires=", "expires=9"),
        "signature": url.replace("signature=", "signature=x"),
        "query": url.partition("?")[0],
    }[change]
    answer = httpx.get(wrong)
    assert answer.status_code == 403
    assert answer.json()["code"] == "link_invalid"


def test_an_expired_link_and_a_removed_file(start_server: StartServer, tmp_path: Path) -> None:
    folder = tmp_path / "stored"
    settings = {"FILES_DIR": str(folder), "PUBLIC_URL": "https://sub.example.org/"}
    server = start_server(**DEAF, **settings, FILE_LINK_TTL_S="0.001")
    link = link_of(process(server, BODY))
    assert link.startswith("https://sub.example.org/files/")
    name = unquote(urlsplit(link).path.removeprefix("/files/"))
    expired = server.client().get(link.removeprefix("https://sub.example.org"))
    assert (expired.status_code, expired.json()["code"]) == (403, "link_expired")
    # Another worker on the folder, or one after a restart, has the same secret.
    signer = LinkSigner(folder_secret(folder))
    valid = signer.signed_path(name, int(time.time()) + 1000)
    assert server.client().get(valid).text.split() == SRT.split()
    for path in folder.glob("*.bytes"):
        path.unlink()
    gone = server.client().get(valid)
    assert (gone.status_code, gone.json()["code"]) == (404, "file_not_found")


def test_a_caller_who_comes_back_gets_the_same_files_by_fresh_links(
    server: ServerProcess, stored: dict[str, Any]
) -> None:
    with server.client() as client:
        path = f"/api/jobs/{stored['job_id']}"
        again = client.get(path, headers=KEY).json()["result"]
        other = client.get(path, headers={"X-API-Key": "second-key"}).json()["result"]
        named = client.get(path, params={"formats": "ass"}, headers=KEY).json()["result"]
    paths = [urlsplit(link_of(each)).path for each in (stored, again)]
    assert paths[0] == paths[1]
    assert "files" not in other
    assert [each["format"] for each in named["files"]] == ["ass"]


def test_another_process_knows_that_the_files_are_stored_and_where(
    server: ServerProcess, start_server: StartServer, s3: S3Server
) -> None:
    own = {**BODY, "s3_config": s3.config(), "captions": SRT.replace("Hi.", "Ho.")}
    jobs = [process(server, body)["job_id"] for body in (BODY, own)]
    shared = {"CACHE_DIR": str(server.folder / "cache"), "API_KEYS": "first-key"}
    other = start_server(**DEAF, ALLOW_PRIVATE_URLS="true", S3_TIMEOUT_S="5", **shared)
    for each in (server, other):
        with each.client(headers=KEY) as client:
            for job_id, host in zip(jobs, (each.url, s3.url), strict=True):
                result = client.get(f"/api/jobs/{job_id}").json()["result"]
                assert "formats" not in result
                (last,) = client.get(f"/status/{job_id}").json()["output"]
                assert "formats" not in last
                for files in (result["files"], last["files"]):
                    assert [file["format"] for file in files] == ["srt", "vtt"]
                    assert all(file["url"].startswith(host) for file in files)


def test_a_stream_ends_with_links(server: ServerProcess) -> None:
    with (
        server.client() as client,
        client.stream("POST", "/api/stream", json=BODY, headers=KEY) as response,
    ):
        frames = read_stream(response)
    result = frames.result
    assert result is not None
    assert httpx.get(link_of(result)).text.split() == SRT.split()


def test_contract_31_a_jobs_own_store_gets_the_files(server: ServerProcess, s3: S3Server) -> None:
    with s3.checking_keys():
        result = process(server, {"captions": SRT, "s3Config": s3.config(prefix="for me")})
    [file] = result["files"]
    assert file["url"].startswith(s3.url)
    assert httpx.get(file["url"]).text.split() == SRT.split()
    assert f"for me/{file['name']}" in s3.listed()
    form = {"s3_config": json.dumps(s3.config()), "formats": "vtt"}
    with server.client() as client:
        files = {"file": ("talk.srt", SRT.encode(), "application/x-subrip")}
        answer = client.post("/api/process", data=form, files=files, headers=KEY)
    assert httpx.get(link_of(answer.json(), "vtt")).text.startswith("WEBVTT")


def test_contract_31_wrong_keys_lose_no_result_and_are_told(
    server: ServerProcess, s3: S3Server
) -> None:
    body = {"captions": SRT, "s3Config": s3.config(accessSecret=SECRET)}
    with s3.checking_keys():
        result = process(server, body)
    [notice] = [each for each in result["notices"] if each["code"] == "files_not_stored"]
    assert "refuses the keys" in notice["message"]
    assert result["formats"]["srt"].split() == SRT.split()
    assert "files" not in result


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"accessId": None}, "invalid_field"),
        ({"accessSecret": ""}, "invalid_field"),
        ({"bucketName": None}, "invalid_field"),
        ({"bucketName": ["a"]}, "invalid_field"),
        ({"endpointUrl": "http://169.254.169.254"}, "url_blocked"),
        ({"endpointUrl": "file:///etc"}, "url_blocked"),
        ({"accessSecret": "line\nbreak"}, "invalid_field"),
    ],
)
def test_contract_31_a_store_without_credentials_is_refused_at_once(
    server: ServerProcess, s3: S3Server, config: dict[str, Any], code: str
) -> None:
    body = {"captions": SRT, "s3Config": {**s3.config(accessSecret=SECRET), **config}}
    answer = process(server, body, status=400)
    assert answer["code"] == code
    assert SECRET not in json.dumps(answer)


def test_contract_31_secrets_are_neither_logged_nor_written_down(
    server: ServerProcess, s3: S3Server
) -> None:
    process(server, {"captions": SRT, "s3Config": [s3.secret_key]}, status=400)
    written = [path for path in server.folder.rglob("*") if path.is_file()]
    assert server.log_path in written
    for path in written:
        content = path.read_bytes()
        assert s3.secret_key.encode() not in content, path
        assert SECRET.encode() not in content, path
