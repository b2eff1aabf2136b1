"""JSON bodies: read whatever their content type says, and after the checks of their route."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.server import ServerProcess

BODIES: dict[str, dict[str, Any]] = {
    "/api/render": {"cues": [], "format": "srt"},
    "/api/translate": {"subtitles": 5},
    "/api/tts/speak": {"text": 5},
    "/api/feedback": {"segment_index": -1},
    "/run": {"input": {"video_id": 5}},
    "/api/process": {"video_id": 5},
}
FIELDS = ("cues", "subtitles", "text", "segment_index", "video_id")
TYPES = ["application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", None]


def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> FastAPI:
    """Return an application that needs no engine."""
    settings = {"WORK_DIR": str(tmp_path), "CACHE_DIR": str(tmp_path / "cache")}
    settings |= {"ASR_ENABLED": "false", "TRANSLATE_PROVIDER": "none", **variables}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return create_app(Settings())


@contextmanager
def ready(app: FastAPI) -> Iterator[TestClient]:
    """Yield a client of an application whose translator is loaded."""
    with TestClient(app) as client:
        while client.get("/ping").status_code == 204:
            time.sleep(0.01)
        yield client


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    with ready(application(tmp_path, monkeypatch)) as client:
        yield client


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("route", BODIES)
def test_a_body_is_json_whatever_its_type(
    client: TestClient, route: str, content_type: str | None
) -> None:
    content = client.build_request("POST", "/", json=BODIES[route]).content
    headers = {"Content-Type": content_type} if content_type else {}
    answer = client.post(route, content=content, headers=headers)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "invalid_field"), body
    assert body["error"].startswith(FIELDS), "the field is named as the client wrote it"


def test_the_last_of_two_equal_keys_counts_and_nan_is_a_number(client: TestClient) -> None:
    content = b'{"cues": [{"start": 0, "end": 900, "text": "a"}], "format": "x", "format": "txt"}'
    assert client.post("/api/render", content=content).text.strip() == "a"
    content = b'{"cues": [{"start": NaN, "end": 900, "text": "a"}], "format": "txt"}'
    assert client.post("/api/render", content=content).json()["code"] == "invalid_field"


def test_no_secret_is_echoed(client: TestClient) -> None:
    for body in ({"subtitles": 5, "api_key": ["sk-secret"]}, {"api_key": {"sk-secret": 1}}):
        answer = client.post("/api/translate", json=body)
        assert answer.status_code == 400
        assert "sk-secret" not in answer.text


@pytest.mark.parametrize("route", BODIES)
def test_a_key_comes_before_the_body(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    app = application(tmp_path, monkeypatch, API_KEYS="first-key", TTS_OPEN="false")
    with ready(app) as client:
        answer = client.post(route, content=unread())
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        answer = client.post(route, content=b"{", headers={"X-API-Key": "first-key"})
        assert answer.json()["error"] == "Invalid JSON in request body"


def unread() -> Iterator[bytes]:
    """Yield a body that the server must not read; over the limit, so that reading it shows."""
    for _ in range(12):
        yield b" " * 2**20


def test_the_rate_limit_and_readiness_come_before_the_body(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = application(tmp_path, monkeypatch, RATE_LIMIT_PROCESS="1/minute")
    with ready(app) as client:
        assert client.post("/run", content=b"{").status_code == 400
        assert client.post("/run", content=b"{").status_code == 429
        app.state.services.readiness.draining = True
        assert client.post("/api/process", content=b"{").status_code == 429
    app = application(tmp_path, monkeypatch, RATE_LIMIT_PROCESS="100/minute")
    with ready(app) as client:
        app.state.services.readiness.draining = True
        for route in ("/run", "/api/process", "/api/stream"):
            assert client.post(route, content=b"{").json()["code"] == "server_shutdown"


def test_the_schema_documents_every_body(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    for route in BODIES:
        content = schema["paths"][route]["post"]["requestBody"]["content"]
        assert "application/json" in content
    for route in ("/api/process", "/api/stream"):
        content = schema["paths"][route]["post"]["requestBody"]["content"]
        form = content["multipart/form-data"]["schema"]
        assert form["required"] == ["file"]
        assert set(form["properties"]) == {"file"} | set(
            content["application/json"]["schema"]["properties"]
        )


def test_every_route_but_the_health_checks_wants_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"API_KEYS": "first-key", "PY_API_TOKEN": "token"}
    app = application(tmp_path, monkeypatch, TTS_OPEN="false", **keys)
    with ready(app) as client:
        paths = app.openapi()["paths"]
        routes = [(method.upper(), path) for path, item in paths.items() for method in item]
        answers = {
            f"{method} {path}": client.request(method, re.sub(r"\{\w+\}", "x", path)).status_code
            for method, path in routes
        }
    assert len(answers) > 25
    assert {route for route, status in answers.items() if status != 401} == {
        "GET /ping",
        "GET /health",
        "GET /status",
        "GET /v1/audio/models",
        "GET /v1/audio/voices",
        "OPTIONS /api/uploads",
        "OPTIONS /api/uploads/{upload_id}",
        # Links are signed.
        "GET /files/{name}",
        "HEAD /files/{name}",
        "GET /output/{name}",
        "GET /api/jobs/{job_id}/media/content",
        "HEAD /api/jobs/{job_id}/media/content",
    }


@pytest.mark.parametrize("spoken", ["no", "nb", "cmn", "ger"])
def test_row_30_source_lang_names_the_language_of_captions(
    server: ServerProcess, spoken: str
) -> None:
    """The transcriber of this server hears English alone, and has nothing to hear."""
    text = f"1\n00:00:01,000 --> 00:00:02,000\nFerga {spoken} ...\n"
    with server.client() as client:
        body = {"captions": text, "source_lang": spoken}
        sent = client.post("/api/process", json=body)
        file = {"file": ("captions.srt", text.encode())}
        uploaded = client.post("/api/process", files=file, data={"source_lang": spoken})
    tag = {"cmn": "zh", "ger": "de"}.get(spoken, spoken)
    for answer in (sent, uploaded):
        assert answer.status_code == 200, answer.text
        assert answer.json()["language"] == tag
        assert answer.json()["source"] == "client_captions"


def test_the_language_of_captions_decides_what_is_translated(server: ServerProcess) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nLa casa es roja.\n"
    body = {"captions": text, "captions_lang": "es", "source_lang": "en", "target_lang": "en"}
    with server.client() as client:
        [cue] = client.post("/api/process", json=body).json()["subtitles"]
    assert "house" in cue["translatedText"].lower()


RAW = ("/api/process", "/run", "/v2/upload", "/v1/listen")
"""Routes that read JSON, or raw sound."""


def test_a_compressed_body_is_refused_as_one_and_a_text_encoding_is_no_compression(
    client: TestClient,
) -> None:
    packed = gzip.compress(json.dumps(BODIES["/run"]).encode())
    for route in RAW:
        for coding in ("gzip", "GZIP", "br, identity", "deflate", "made-up"):
            answer = client.post(route, content=packed, headers={"Content-Encoding": coding})
            assert answer.status_code in (400, 415), (route, answer.text)
            assert "Content-Encoding" in answer.text, (route, answer.text)
            assert coding.split(",")[0].lower() in answer.text
    for route in ("/api/process", "/v1/audio/transcriptions", "/asr"):
        form = {"audio_file": ("a.wav", b"x"), "file": ("a.wav", b"x")}
        answer = client.post(route, files=form, headers={"Content-Encoding": "gzip"})
        assert "Content-Encoding" in answer.text, (route, answer.text)
    for coding in ("identity", "utf-8", ""):
        headers = {"Content-Encoding": coding}
        answer = client.post("/api/feedback", json=BODIES["/api/feedback"], headers=headers)
        assert "segment_index" in answer.json()["error"], "it was read"
    assert client.get("/api/version", headers={"Content-Encoding": "gzip"}).status_code == 200
