"""Bad input gets a clear error before any work; numbers are those of the extension's contract."""

import contextlib
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.api_requests import post_file, stream_file, stream_json
from tests.conftest import StartServer, write_wav
from tests.media_server import MediaServer
from tests.server import DEAF, ServerProcess

ROUTES = ("/api/process", "/api/stream")


def assert_error(answer: httpx.Response, status: int, code: str) -> str:
    body = answer.json()
    assert answer.status_code == status, body
    assert isinstance(body["error"], str)
    assert body["error"]
    assert body["code"] == code
    assert isinstance(body["retryable"], bool)
    return str(body["error"])


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({}, "invalid_request", "video_id is required"),
        ({"video_id": "a/b"}, "invalid_request", "Invalid video_id format"),
        (
            {"video_id": "dQw4w9WgXcQ", "allowed_languages": ["en", "klingonese"]},
            "invalid_field",
            "allowed_languages: no language: 'klingonese'",
        ),
        ({"video_id": 7}, "invalid_field", "video_id"),
        ({"video_id": "dQw4w9WgXcQ", "target_lang": "klingonese"}, "invalid_language", "Invalid"),
        ({"video_id": "dQw4w9WgXcQ", "target_lang": ["es"]}, "invalid_field", "target_lang"),
        ({"video_id": "dQw4w9WgXcQ", "source_lang": "qq"}, "invalid_field", "source language"),
        ({"video_id": "dQw4w9WgXcQ", "formats": ["docx"]}, "invalid_format", "docx"),
        ({"video_id": "dQw4w9WgXcQ", "profile": "huge"}, "invalid_profile", "huge"),
        ({"video_id": "dQw4w9WgXcQ", "diarize": True}, "option_unavailable", "diarization"),
        ({"video_id": "dQw4w9WgXcQ", "force_whisper": "perhaps"}, "invalid_field", "force_whisper"),
        ({"url": "ftp://example.com/a.mp4"}, "url_blocked", "http"),
        ({"url": 5}, "invalid_field", "url"),
    ],
)
def test_12_a_bad_field_is_named(
    server: ServerProcess, route: str, body: dict[str, Any], code: str, text: str
) -> None:
    with server.client() as client:
        answer = client.post(route, json=body, headers={"Accept": "text/event-stream"})
    assert text in assert_error(answer, 400, code)


def test_12_the_texts_that_clients_show(server: ServerProcess) -> None:
    with server.client() as client:
        answer = client.post("/api/stream", json={"video_id": "x" * 11, "target_lang": "xx"})
        assert answer.json()["error"] == (
            "Invalid target language 'xx': write its code, such as es, pt-BR or zh-TW"
        )


@pytest.mark.parametrize("route", [*ROUTES, "/api/render"])
@pytest.mark.parametrize("content", [b"{", b"[1, 2]", b'"text"', b"", b"\xff\xfe", b"[" * 100_000])
def test_33_a_body_that_is_no_json_object(
    server: ServerProcess, route: str, content: bytes
) -> None:
    with server.client() as client:
        answer = client.post(route, content=content, headers={"Content-Type": "application/json"})
    assert_error(answer, 400, "invalid_request")


def test_33_wrong_method_and_unknown_route_are_json(server: ServerProcess) -> None:
    with server.client() as client:
        assert_error(client.get("/api/process"), 405, "method_not_allowed")
        assert assert_error(client.get("/api/nothing"), 404, "not_found") == "Not found"
        assert_error(client.get("/api/jobs/unknown"), 404, "job_not_found")
        assert_error(client.get("/api/jobs/unknown/events"), 404, "job_not_found")


@pytest.mark.parametrize("declared", [True, False])
def test_33_a_json_body_over_ten_megabytes(server: ServerProcess, declared: bool) -> None:
    body = b'{"video_id":"' + b"x" * (11 * 2**20) + b'"}'
    content = body if declared else iter([body[i : i + 65536] for i in range(0, len(body), 65536)])
    with server.client() as client:
        answer = client.post(
            "/api/process", content=content, headers={"Content-Type": "application/json"}
        )
    assert_error(answer, 413, "payload_too_large")
    assert answer.json()["max_size_mb"] == 10


def test_34_request_id_is_echoed_or_made(server: ServerProcess, dialogue: Path) -> None:
    with server.client() as client:
        assert (
            client.get("/health", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"]
            == "abc-1"
        )
        made = client.get("/api/nothing").headers["X-Request-ID"]
        assert len(made) >= 16
        hostile = client.get("/health", headers={"X-Request-ID": "a b;c<d>"}).headers
        assert hostile["X-Request-ID"] != "a b;c<d>"
        with client.stream(
            "POST",
            "/api/stream",
            files={"file": dialogue.read_bytes()},
            headers={"X-Request-ID": "sse-1"},
        ) as response:
            assert response.headers["X-Request-ID"] == "sse-1"


@pytest.fixture
def bad_media(tmp_path: Path, dialogue: Path) -> dict[str, Path]:
    """Media that cannot become subtitles, by what is wrong with it."""
    files = {name: tmp_path / name for name in ("empty.mp4", "text.mp4", "cut.mp4", "mute.mp4")}
    files["empty.mp4"].write_bytes(b"")
    files["text.mp4"].write_bytes(b"This is no video.\n" * 500)
    whole = tmp_path / "whole.mp4"
    ffmpeg("-i", str(dialogue), "-c:a", "aac", str(whole))
    files["cut.mp4"].write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ffmpeg("-f", "lavfi", "-i", "color=s=64x64:d=2", "-an", str(files["mute.mp4"]))
    files["silent.wav"] = tmp_path / "silent.wav"
    write_wav(files["silent.wav"], np.zeros(20 * 16_000, np.float32))
    files["noise.wav"] = tmp_path / "noise.wav"
    noise = np.random.default_rng(2).normal(0, 0.02, 20 * 16_000).astype(np.float32)
    write_wav(files["noise.wav"], noise)
    return files


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("empty.mp4", 400, "media_empty"),
        ("text.mp4", 415, "media_unreadable"),
        ("cut.mp4", 422, "media_truncated"),
        ("mute.mp4", 415, "media_unreadable"),
        ("silent.wav", 422, "no_speech"),
    ],
)
def test_bad_media_gets_a_status_before_the_stream(
    server: ServerProcess, bad_media: dict[str, Path], route: str, name: str, status: int, code: str
) -> None:
    with server.client() as client:
        answer = client.post(
            route,
            files={"file": (name, bad_media[name].read_bytes())},
            headers={"Accept": "text/event-stream"},
        )
    assert_error(answer, status, code)


def test_11_no_speech_is_an_error_and_never_an_empty_list(
    server: ServerProcess, bad_media: dict[str, Path]
) -> None:
    for route in ROUTES:
        frames = stream_file(server, bad_media["noise.wav"], route)
        assert frames.result is None
        assert frames.error is not None
        assert frames.error["code"] == "no_speech"
        assert frames.error["error"] == "No speech was found"
        assert frames.stages[-1]["message"] == "No speech was found", "tier 3 shows this alone"
        assert "error" in frames.data[-1]
    answer = post_file(server, bad_media["noise.wav"])
    assert_error(answer, 422, "no_speech")


def test_a_file_over_the_duration_limit(start_server: StartServer, dialogue: Path) -> None:
    server = start_server(MAX_DURATION_S="10", ALLOW_PRIVATE_URLS="true")
    assert_error(post_file(server, dialogue), 413, "media_too_long")


def test_runpod_12_an_upload_over_the_limit_is_refused_while_it_is_read(
    start_server: StartServer,
) -> None:
    """A byte too many is refused without reading it all; less passes."""
    server = start_server(MAX_UPLOAD_MB="30")
    part = b"x" * 2**20

    def body(megabytes: int):
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(megabytes):
            sent.append(1)
            yield part
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    sent: list[int] = []
    with server.client() as client:
        passed = client.post("/api/process", content=body(29), headers=headers)
        assert_error(passed, 415, "media_unreadable")
        sent.clear()
        try:
            refused = client.post("/api/process", content=body(300), headers=headers)
            assert_error(refused, 413, "payload_too_large")
        except (httpx.WriteError, httpx.RemoteProtocolError):
            pass
        assert len(sent) < 200, "the server read on"
        exact = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        over = exact + b"x" * (30 * 2**20) + b"\r\n--b--\r\n"
        assert_error(
            client.post("/api/process", content=over, headers=headers), 413, "payload_too_large"
        )
    assert list(server.folder.rglob("*.upload")) == []


@pytest.mark.parametrize(
    "content",
    [
        b"no boundary at all",
        b'--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf a f',
    ],
)
def test_a_broken_multipart_body(server: ServerProcess, content: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with server.client() as client:
        answer = client.post("/api/process", content=content, headers=headers)
    assert_error(answer, 400, "invalid_request")


PRIVATE = [
    "http://127.0.0.1:{port}/a.mp4",
    "http://localhost:{port}/a.mp4",
    "http://[::1]:{port}/a.mp4",
    "http://[::ffff:127.0.0.1]:{port}/a.mp4",
    "http://0.0.0.0:{port}/a.mp4",
    "http://2130706433:{port}/a.mp4",
    "http://10.0.0.1/a.mp4",
    "http://172.16.0.1/a.mp4",
    "http://192.168.0.1/a.mp4",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/a.mp4",
    "http://224.0.0.1/a.mp4",
    "http://[fe80::1]/a.mp4",
    "http://[fd00:ec2::254]/a.mp4",
    "http://user:secret@example.com/a.mp4",
    "file:///etc/passwd",
    "concat:/etc/passwd|/etc/hosts",
]


@pytest.fixture(scope="module")
def careful(start_server: StartServer) -> ServerProcess:
    """A server that fetches from no private address."""
    return start_server()


@pytest.mark.parametrize("field", ["url", "video_url", "stream_url"])
def test_32_private_addresses_are_refused_before_any_connection(
    careful: ServerProcess, field: str
) -> None:
    connections: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as trap, careful.client() as client:
        trap.settimeout(0.2)
        port = trap.getsockname()[1]
        for pattern in PRIVATE:
            url = pattern.format(port=port)
            answer = client.post("/api/process", json={"video_id": "abc", field: url})
            assert answer.status_code == 400, (url, answer.json())
            assert answer.json()["code"] == "url_blocked", url
        with contextlib.suppress(TimeoutError):
            connections.append(trap.accept())
    assert connections == []


def test_a_playlist_cannot_make_the_decoder_open_anything(
    server: ServerProcess, site: MediaServer, dialogue: Path, tmp_path: Path
) -> None:
    address = site.add(dialogue)
    playlists = {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:20\n#EXTINF:20,\n{address}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile '{dialogue}'\n",
        "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
        "t=0 0\nm=audio 5004 RTP/AVP 0\n",
    }
    seen = len(site.requests)
    for name, text in playlists.items():
        path = tmp_path / name
        path.write_text(text)
        answer = post_file(server, path)
        assert answer.status_code in (400, 415), (name, answer.json())
        assert answer.json()["code"] in ("media_forbidden", "media_unreadable")
    assert len(site.requests) == seen, "the decoder opened an address"


def test_a_media_address_that_fails(server: ServerProcess, site: MediaServer) -> None:
    with server.client() as client:
        for status, ours, code in (
            (404, 404, "source_removed"),
            (429, 429, "source_rate_limited"),
            (500, 502, "source_failed"),
        ):
            failed = client.post("/api/process", json={"url": f"{site.url}/status/{status}"})
            assert_error(failed, ours, code)
        nobody = client.post("/api/process", json={"url": f"http://127.0.0.1:{unused_port()}/a"})
        assert_error(nobody, 502, "source_failed")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_13_and_runpod_16_a_failure_in_mid_stream_says_why_then_ends(
    start_server: StartServer, site: MediaServer, brief_talk: Path
) -> None:
    server = start_server(ALLOW_PRIVATE_URLS="true", FETCH_READ_S="1")
    address = site.add(brief_talk).replace(brief_talk.name, f"stall/{brief_talk.name}")
    for route in ROUTES:
        frames = stream_json(server, {"url": address, "force_refresh": True}, route)
        assert frames.result is None
        assert frames.error is not None
        assert frames.error["code"] == "source_failed"
        assert frames.error["retryable"] is True
        assert "error" in frames.data[-1]
        assert b"event: error\n" in frames.raw[-1]
        assert frames.data[-2]["message"] == frames.error["error"]


def test_19_and_runpod_08_and_09_keys_open_the_api_in_either_header_and_are_never_logged(
    start_server: StartServer, dialogue: Path
) -> None:
    """A gateway's bearer beside our key too, and the health check without any key."""
    server = start_server(API_KEYS="first-key, second-key")
    with server.client() as client:
        for path in ("/ping", "/health"):
            assert client.get(path).status_code == 200
        for headers in (
            {},
            {"X-API-Key": "wrong"},
            {"Authorization": "Bearer first-ke"},
            {"Authorization": "Basic first-key"},
        ):
            answer = client.post("/api/process", json={}, headers=headers)
            assert_error(answer, 401, "unauthorized")
            assert client.get("/api/jobs/x", headers=headers).status_code == 401
        for headers in (
            {"X-API-Key": "second-key"},
            {"Authorization": "Bearer first-key"},
            {"Authorization": "Bearer rpa_GATEWAYSECRET", "X-API-Key": "first-key"},
        ):
            answer = client.post("/api/process", json={}, headers=headers)
            text = assert_error(answer, 400, "invalid_request")
            assert text.startswith("video_id is required, or a file, url")
    for secret in ("first-key", "second-key", "GATEWAYSECRET", "Authorization"):
        assert secret not in server.log


def test_20_a_page_of_another_origin_may_call(server: ServerProcess) -> None:
    with server.client() as client:
        origin = {"Origin": "https://www.youtube.com"}
        preflight = client.options(
            "/api/process",
            headers={
                **origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type",
            },
        )
        assert preflight.status_code == 200
        assert "content-type" in preflight.headers["Access-Control-Allow-Headers"].lower()
        assert client.get("/health", headers=origin).headers["Access-Control-Allow-Origin"] == "*"


def test_cors_origins_can_be_limited(start_server: StartServer) -> None:
    server = start_server(CORS_ORIGINS="https://a.example,https://b.example", **DEAF)
    with server.client() as client:
        for origin, allowed in (("https://b.example", True), ("https://c.example", False)):
            answer = client.get("/health", headers={"Origin": origin})
            assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
