"""Answers that are subtitle files: which one, under which name, and what a late one begins with."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.services.render.formats import FORMATS
from tests.api_requests import post_file
from tests.conftest import write_wav
from tests.media_server import MediaServer, media_server
from tests.routers.test_errors_contract import assert_error
from tests.server import ServerProcess, free_port

ACCEPTED = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "ass": "text/x-ssa",
    "ttml": "application/ttml+xml",
    "txt": "text/plain",
    "stl": "application/x-ebu-stl",
    "scc": "text/x-scc",
    "csv": "text/csv",
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose engines take no time, and whose answers begin soon."""
    settings = {"ALLOW_PRIVATE_URLS": "true", "SYNC_KEEPALIVE_AFTER_S": "0.5"}
    settings |= {"SYNC_LIMIT_S": "600", "FETCH_READ_S": "3", "WHISPER_MODEL": "base"}
    app = "tests.clients.scripted_engines:application()"
    server = ServerProcess(tmp_path_factory.mktemp("quick"), settings, app)
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty loud seconds."""
    path = tmp_path_factory.mktemp("talk") / "my talk.wav"
    tone = 0.4 * np.sin(np.arange(20 * 16_000, dtype=np.float32) * 0.3)
    write_wav(path, tone.astype(np.float32))
    return path


@pytest.fixture
def held() -> Iterator[MediaServer]:
    """A site that sends second halves only when it is told to."""
    with media_server() as site:
        yield site


@pytest.fixture(scope="module")
def files(quick: ServerProcess, talk: Path) -> dict[str, str]:
    """Every file of the talk, as the result holds them."""
    result = post_file(quick, talk, target_lang="es", formats=",".join(FORMATS)).json()
    assert result["formats_base64"] == ["stl"]
    return dict(result["formats"])


def assert_is_file(answer: httpx.Response, name: str, text: str) -> None:
    assert answer.status_code == 200, answer.text
    kind = FORMATS[name]
    assert answer.headers["content-type"] == kind.content_type
    named = f"my talk.es.{kind.extension}"
    quoted = named.replace(" ", "%20")
    disposition = answer.headers["content-disposition"]
    assert disposition == f"attachment; filename=\"{named}\"; filename*=UTF-8''{quoted}"
    content = b64decode(text) if kind.is_binary else text.encode()
    assert answer.content == content
    assert answer.headers["x-job-id"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_query_names_the_file(
    quick: ServerProcess, talk: Path, files: dict[str, str], name: str
) -> None:
    answer = post_file(quick, talk, f"/api/process?format={name}", target_lang="es")
    assert_is_file(answer, name, files[name])


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_header_names_the_file(
    quick: ServerProcess, talk: Path, files: dict[str, str], name: str
) -> None:
    with quick.client(headers={"Accept": ACCEPTED[name]}) as client, talk.open("rb") as file:
        answer = client.post(
            "/api/process", files={"file": (talk.name, file)}, data={"target_lang": "es"}
        )
    assert_is_file(answer, name, files[name])


def test_the_query_counts_more_than_the_header(
    quick: ServerProcess, talk: Path, files: dict[str, str]
) -> None:
    with quick.client(headers={"Accept": "text/event-stream"}) as client, talk.open("rb") as file:
        answer = client.post(
            "/api/process?format=SRT", files={"file": (talk.name, file)}, data={"target_lang": "es"}
        )
    assert_is_file(answer, "srt", files["srt"])


@pytest.mark.parametrize(
    ("query", "accept", "status", "code", "text"),
    [
        ("", "text/html", 406, "not_acceptable", "application/json, text/event-stream"),
        ("", "text/vtt;q=0", 406, "not_acceptable", "text/vtt"),
        ("?format=docx", "*/*", 400, "invalid_format", "known: srt, vtt, ass, ttml, json, txt"),
        ("?format=srt&format=vtt", "*/*", 400, "invalid_field", "format: one at most"),
    ],
)
def test_what_cannot_be_made_is_refused_before_the_body_is_read(
    quick: ServerProcess, query: str, accept: str, status: int, code: str, text: str
) -> None:
    head = f"POST /api/process{query} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", quick.port), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = b""
        while b"}" not in answer:
            answer += connection.recv(65536)
    found, body = answer.split(b"\r\n", 1)[0], json.loads(answer.partition(b"\r\n\r\n")[2])
    assert int(found.split()[1]) == status
    assert (body["code"], body["retryable"]) == (code, False)
    assert text in body["error"]


def test_errors_are_json_whatever_the_form(quick: ServerProcess, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.wav"
    write_wav(nothing, np.zeros(16_000, np.float32))
    answer = post_file(quick, nothing, "/api/process?format=srt")
    assert_error(answer, 422, "no_speech")
    assert answer.headers["content-type"] == "application/json"
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"file": "../../etc/passwd.mp4"}, "passwd.srt"),
        ({"file": "C:\\films\\été \u202e?.mkv"}, "été _.srt"),
        ({"file": 'a"b;c\t.mp4'}, "a_22b;c_09.srt"),
        ({"file": "..."}, "subtitles.srt"),
        ({"file": "x" * 300 + ".mp4"}, "x" * 100 + ".srt"),
        ({"url": "/a%20talk.wav?token=1"}, "a talk.srt"),
    ],
)
def test_a_file_is_named_after_its_media(
    quick: ServerProcess, talk: Path, held: MediaServer, fields: dict[str, str], name: str
) -> None:
    with quick.client() as client:
        if "url" in fields:
            held.files["a%20talk.wav"] = talk
            url = held.url + fields["url"]
            answer = client.post("/api/process?format=srt", json={"url": url})
        else:
            sent = {"file": (fields["file"], talk.read_bytes())}
            answer = client.post("/api/process?format=srt", files=sent)
    assert answer.status_code == 200, answer.text
    disposition = answer.headers["content-disposition"]
    quoted = disposition.partition("filename*=UTF-8''")[2]
    assert httpx.URL(f"http://x/{quoted}").path == f"/{name}"
    plain = disposition.split('"')[1]
    assert plain.isascii()
    assert len(plain) == len(name)


@pytest.mark.parametrize("name", ["json", *(name for name in ACCEPTED if name != "stl")])
def test_a_late_file_begins_with_what_changes_nothing(
    quick: ServerProcess, held: MediaServer, talk: Path, files: dict[str, str], name: str
) -> None:
    copy = talk.with_name(f"late-{name}.wav")
    copy.write_bytes(talk.read_bytes())
    url = held.add(copy).replace(copy.name, f"held/{copy.name}")
    kind = FORMATS[name]
    body = {"url": url, "target_lang": "es", "force_refresh": True}
    with (
        quick.client() as client,
        client.stream("POST", f"/api/process?format={name}", json=body) as answer,
    ):
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        early = b""
        while len(early) < len(kind.opening + kind.filler):
            early += next(pieces)
        held.released.set()
        whole = (early + b"".join(pieces)).decode()
    assert f'filename="late-{name}.es.{kind.extension}"' in answer.headers["content-disposition"]
    start = kind.opening + kind.filler
    assert whole.startswith(start)
    rest = whole.removeprefix(start)
    while rest.startswith(kind.filler):
        rest = rest.removeprefix(kind.filler)
    assert kind.opening + rest == files[name]


@pytest.mark.parametrize(("version", "exit_code"), [("--http1.1", 18), ("--http1.0", 56)])
def test_a_late_failure_does_not_pass_for_a_file(
    quick: ServerProcess,
    site: MediaServer,
    talk: Path,
    tmp_path: Path,
    version: str,
    exit_code: int,
) -> None:
    copy = tmp_path / f"broken{version}.wav"
    copy.write_bytes(talk.read_bytes())
    url = site.add(copy).replace(copy.name, f"stall/{copy.name}")
    done = curl(quick, version, "-d", json.dumps({"url": url}))
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert done.stdout.startswith("WEBVTT\n\n\n")
    error = json.loads(done.stdout.splitlines()[-1])
    assert error["code"] in {"source_too_slow", "source_failed", "media_truncated"}
    assert error["job_id"]
    assert "ASGI callable" not in quick.log


_NGINX = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; master_process off;
events {{}}
http {{
    access_log off; proxy_temp_path {folder}/proxy; client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {upstream}; }} }}
}}
"""


@pytest.fixture
def nginx(quick: ServerProcess, tmp_path: Path) -> Iterator[str]:
    """Address of an nginx before the server, which speaks HTTP/1.0 to it."""
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=tmp_path, port=port, upstream=quick.url))
    with subprocess.Popen(["/usr/sbin/nginx", "-p", tmp_path, "-c", configuration]) as process:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert process.poll() is None
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.mark.skipif(not Path("/usr/sbin/nginx").exists(), reason="nginx is not installed")
def test_a_proxy_passes_a_broken_answer_on_as_broken(
    quick: ServerProcess, nginx: str, site: MediaServer, talk: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "behind-nginx.wav"
    copy.write_bytes(talk.read_bytes())
    url = site.add(copy).replace(copy.name, f"stall/{copy.name}")
    done = curl(quick, "-d", json.dumps({"url": url}), base=nginx)
    assert done.returncode in {18, 56}, done.stdout + done.stderr


def curl(server: ServerProcess, *options: str, base: str = "") -> subprocess.CompletedProcess[str]:
    url = f"{base or server.url}/api/process?format=vtt"
    command = ["curl", "-sS", "--noproxy", "*", "-H", "Content-Type: application/json"]
    return subprocess.run(
        [*command, *options, url], capture_output=True, text=True, timeout=120, check=False
    )


def test_notices_that_a_file_cannot_hold_are_named_in_a_header(quick: ServerProcess) -> None:
    captions = "1\n00:00:01,000 --> 00:00:03,000\nHello there\n\n2\n00:00:09,000 --> 00:00\nlost\n"
    body: dict[str, Any] = {"captions": captions, "captions_lang": "en"}
    with quick.client() as client:
        result = client.post("/api/process", json=body).json()
        answer = client.post("/api/process?format=vtt", json=body)
    codes = [notice["code"] for notice in result["notices"]]
    assert codes
    assert answer.headers["x-notices"].split(", ") == list(dict.fromkeys(codes))
