"""Requests that no client sends, to every route of the real server."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from fastapi.routing import APIRoute

from app.main import create_app
from app.routers.access.guarded_route import GuardedRoute
from app.routers.route_table import ROUTERS
from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess

KEYLESS = {
    ("GET", "/ping"),
    ("GET", "/health"),
    ("GET", "/status"),
    ("GET", "/v1/audio/models"),
    ("GET", "/v1/audio/voices"),
    ("OPTIONS", "/api/uploads"),
    ("OPTIONS", "/api/uploads/x"),
    ("GET", "/files/x"),
    ("HEAD", "/files/x"),
    ("GET", "/output/x"),
    ("GET", "/api/jobs/x/media/content"),
    ("HEAD", "/api/jobs/x/media/content"),
}
TOKENED = {("POST", "/jobs/video-audio-transcription"), ("GET", "/jobs/status")}
"""Their clients read errors of another shape."""
JSON_ROUTES = (
    *("/api/process", "/api/stream", "/run", "/v2/x/run", "/api/render", "/api/translate"),
    *("/api/tts/speak", "/api/feedback", "/api/jobs/x/position"),
)
SMALL = ("/api/tts/speak", "/api/feedback", "/api/jobs/x/position", "/cancel/x")


def routes() -> Iterator[tuple[str, str]]:
    for path, methods in create_app().openapi()["paths"].items():
        for method in methods:
            yield method.upper(), re.sub(r"\{\w+\}", "x", path)
    yield from (("GET", "/docs"), ("GET", "/redoc"), ("GET", "/openapi.json"))


@pytest.fixture(scope="module")
def locked(start_server: StartServer) -> ServerProcess:
    """A server whose every route wants a key."""
    server = start_server(
        ready=False,
        API_KEYS="alpha",
        PY_API_TOKEN="beta",
        TTS_OPEN="false",
        LIVE_OPEN="false",
        **DEAF,
    )
    server.wait_listening()
    return server


@pytest.fixture(scope="module")
def open_server(start_server: StartServer) -> ServerProcess:
    return start_server(
        MAX_UPLOAD_MB="3", MAX_JSON_MB="2", TTS_ENGINE="espeak", PY_API_TOKEN="beta", **DEAF
    )


def send(server: ServerProcess, head: str, body: bytes = b"") -> tuple[int, dict[str, str], Any]:
    """Send a request as it is; return the status, the headers and the JSON body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        with suppress(ConnectionError):
            client.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n" + body)
        return received(client)


def received(client: socket.socket) -> tuple[int, dict[str, str], Any]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65536)
        assert piece, f"no answer: {data!r}"
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    client.settimeout(5)
    while len(body) < int(headers.get("content-length", 0)) and (piece := client.recv(65536)):
        body += piece
    is_json = headers.get("content-type", "").startswith("application/json") and body
    return int(first.split()[1]), headers, json.loads(body) if is_json else body


def test_every_route_that_takes_a_body_checks_first() -> None:
    found = [route for router in ROUTERS for route in router.routes]
    with_bodies = [
        route
        for route in found
        if isinstance(route, APIRoute)
        and (route.body_field or {"POST", "PUT", "PATCH"} & (route.methods or set()))
    ]
    assert len(with_bodies) > 12
    assert [r.path for r in with_bodies if not isinstance(r, GuardedRoute)] == []


def code_of(body: dict[str, Any] | bytes) -> str:
    """Return the code of an error of ours, in OpenAI's or Deepgram's shape, or that is a line."""
    if isinstance(body, bytes):
        [code] = re.findall(rb"^Error \((\w+)\): ", body)
        return code.decode()
    own = body["error"] if isinstance(body.get("error"), dict) else body
    return str(own.get("code") or own["err_code"])


def test_the_key_is_checked_before_a_byte_of_the_body(locked: ServerProcess) -> None:
    refused = {}
    for method, path in routes():
        head = f"{method} {path} HTTP/1.1\nHost: x\nContent-Length: 1000000000000\n"
        if method == "HEAD":
            head += "Connection: close\n"
        status, headers, body = send(locked, head + "Content-Type: multipart/form-data\n")
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert "default-src 'none'" in headers["content-security-policy"], path
        if (method, path) not in KEYLESS:
            bare = method == "HEAD" or (method, path) in TOKENED
            refused[(method, path)] = (status, bare or code_of(body))
    assert len(refused) > 25
    assert {status for status, _ in refused.values()} == {401}
    codes = {code for _, code in refused.values()}
    assert codes == {True, "unauthorized", "invalid_api_key"}


@pytest.mark.parametrize("path", [*JSON_ROUTES, "/cancel/x", "/unknown", "/ping", "/socket.io/"])
@pytest.mark.parametrize(
    "content_type",
    [
        *(
            "application/json",
            "multipart/form-data; boundary=b",
            "application/x-www-form-urlencoded",
        ),
        *("application/offset+octet-stream", "x/y", ""),
    ],
)
def test_no_route_reads_more_than_it_needs(
    open_server: ServerProcess, path: str, content_type: str
) -> None:
    head = f"POST {path} HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n"
    head += f"Content-Type: {content_type}\n" if content_type else ""
    chunks = b"10000\r\n" + bytes(65536) + b"\r\n"
    status, _, body = send(open_server, head, chunks * 100)
    assert 400 <= status < 500
    if status == 413:
        is_form = path in ("/api/process", "/api/stream") and content_type.startswith("multipart")
        expected = 3 if is_form else 1 if path in SMALL else 2
        assert body["max_size_mb"] == expected


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


ODD = {
    "deep list": "[" * 200_000,
    "deep field": '{"video_id": "x", "glossary": ' + deep(5000) + "}",
    "glossary text": json.dumps({"video_id": "x" * 11, "glossary": deep(200_000)}),
    "large number": '{"segment_index": ' + "9" * 5000 + ', "rating": 1}',
    "long number": '{"position_s": ' + "1" * 4000 + "}",
    "infinite": '{"position_s": Infinity, "start": 1e999, "rating": 1e999}',
    "not a number": '{"position_s": NaN, "cues": [{"start": NaN, "end": NaN, "text": ""}]}',
    "half characters": r'{"text": "\ud800", "lang": "\ud800", "video_id": "\ud800"}',
    "half a token": r'{"api_key": "\ud800", "subtitles": [{"text": "a"}], "text": ""}',
    "half everywhere": r'{"\ud800": "\udfff", "input": {"video_id": "\ud83d"}, "format": "\ud83d"}',
    "twice": '{"text": "", "text": 5, "rating": 1, "rating": "\\ud800"}',
    "many values": '{"cues": [' + "1," * 450_000 + "1]}",
    "no json": "\x00",
    "nothing": "",
}


@pytest.mark.parametrize("path", JSON_ROUTES)
@pytest.mark.parametrize("name", ODD)
def test_odd_json_is_the_clients_error(open_server: ServerProcess, path: str, name: str) -> None:
    with open_server.client() as client:
        answer = client.post(path, content=ODD[name].encode())
    if answer.status_code == 200:
        assert (path, name) == ("/api/tts/speak", "half characters"), answer.text
        return
    assert 400 <= answer.status_code < 500, answer.text
    assert isinstance(answer.json()["code"], str)


def test_a_cut_character_is_read_as_one_that_is_unknown(open_server: ServerProcess) -> None:
    body = r'{"cues": [{"start": 0, "end": 900, "text": "a\ud83d"}], "format": "txt"}'
    with open_server.client() as client:
        assert client.post("/api/render", content=body).text.strip() == "a\ufffd"


@pytest.mark.parametrize(
    "headers",
    [
        {"Last-Event-ID": "9" * 5000},
        {"Last-Event-ID": "-1"},
        {"Last-Event-ID": "1.5"},
        {"Last-Event-ID": b"\xb2"},
        {"X-API-Key": b"\xff\xfe", "Authorization": b"Bearer \xff"},
        {"X-Forwarded-For": "1,"* 30_000},
        {"X-Request-ID": b"\xaa\xba"},
        {"Accept": b"\xff", "Content-Type": b"\xff", "Origin": b"\xff"},
        {"Range": "bytes=" + "9" * 5000 + "-"},
        {"Content-Type": "multipart/form-data;" + ';"' * 20_000},
    ],
    ids=range(10),
)  # fmt: skip
def test_odd_headers_are_the_clients_error(open_server: ServerProcess, headers: Any) -> None:
    with open_server.client() as client:
        for method, path in [*routes(), ("POST", "/run"), ("GET", "/socket.io/?EIO=4")]:
            if path not in ("/docs", "/redoc", "/openapi.json", "/api/version"):
                answer = client.request(method, path, headers=headers)
                assert answer.status_code < 500 or path.endswith("health"), (path, answer.text)


@pytest.mark.parametrize(
    "query", ["after=" + "9" * 5000, "after=-1", "view=%ff%00", "lang=%ed%a0%80", "tier=%0a"]
)
def test_odd_queries_are_the_clients_error(open_server: ServerProcess, query: str) -> None:
    with open_server.client() as client:
        for _, path in routes():
            if path not in ("/docs", "/redoc", "/openapi.json", "/api/version"):
                answer = client.get(f"{path}?{query}")
                assert answer.status_code < 500 or path.endswith("health"), (path, answer.text)


def test_odd_upload_headers_are_the_clients_error(open_server: ServerProcess) -> None:
    with open_server.client() as client:
        for name, value in [
            ("Upload-Length", "9" * 5000),
            ("Upload-Length", "-1"),
            ("Upload-Length", b"\xb2"),
            ("Upload-Metadata", "filename " + "A" * 5000),
            ("Upload-Metadata", b"filename \xff"),
            ("Upload-Checksum", "sha1 " + "A" * 5000),
            ("Tus-Resumable", b"\xff"),
        ]:
            headers = {"Upload-Length": "5", "Content-Type": "application/offset+octet-stream"}
            answer = client.post("/api/uploads", headers={**headers, name: value}, content=b"x")
            assert 400 <= answer.status_code < 500, (name, value)
        assert list((open_server.folder / "cache" / "uploads").glob("*")) == []


def form(*parts: bytes) -> bytes:
    return b"".join(b"--b\r\n" + each + b"\r\n" for each in parts) + b"--b--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        form(*[b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\nx'] * 2),
        form(*[b'Content-Disposition: form-data; name="target_lang"\r\n\r\nes'] * 2),
        form(b'Content-Disposition: form-data; name="\xff\xfe"\r\n\r\nx'),
        form(b'Content-Disposition: form-data; name="file"; filename="\xff"\r\n\r\n'),
        form(*[b'Content-Disposition: form-data; name="x"\r\n\r\n'] * 1000),
        form(b'Content-Disposition: form-data; name="glossary"\r\n\r\n' + b'{"a":' * 16_000),
        b"--b\r\nContent-Disposition: " + b"a" * 2**20,
    ],
    ids=range(7),
)
def test_odd_forms_are_the_clients_error(open_server: ServerProcess, body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with open_server.client() as client:
        answer = client.post("/api/process", content=body, headers=headers)
    assert answer.status_code in (400, 403), answer.text
    assert answer.json()["code"] in (
        "invalid_request",
        "invalid_field",
        "repeated_field",
        "transcription_disabled",
    )


def test_no_line_of_the_log_is_a_strangers(open_server: ServerProcess) -> None:
    with open_server.client() as client:
        client.get("/a%0A2026-01-01T00:00:00Z%20[info]%20ready%1B[2J%C2%85%E2%80%AE%E2%80%A8")
    deadline = time.monotonic() + 20
    while not (lines := [each for each in open_server.log.split("\n") if "2026-01-01" in each]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    line = lines[0]
    line = line.replace("\\\\", "\\")  # A value with blanks is quoted.
    assert r"/a\n2026-01-01" in line
    assert r"\x1b[2J\x85\u202e\u2028" in line
    assert line.isprintable()


def test_no_request_above_was_a_defect(open_server: ServerProcess) -> None:
    assert "Traceback" not in open_server.log
    assert "defect" not in open_server.log


def test_the_description_of_the_api_is_the_owners_to_open(
    locked: ServerProcess, start_server: StartServer
) -> None:
    with locked.client(headers={"X-API-Key": "alpha"}) as client:
        assert client.get("/openapi.json").json()["info"]["title"] == "Cuestream"
    shown = start_server(ready=False, API_KEYS="alpha", DOCS_OPEN="true", **DEAF)
    shown.wait_listening()
    with shown.client() as client:
        page = client.get("/docs")
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert client.get("/openapi.json").status_code == 200
        assert client.get("/api/version").status_code == 401
