"""Fields that come twice: lists take them, single values refuse them by name."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess

CUES = "1\n00:00:01,000 --> 00:00:03,500\nWhere do you want to go?\n"
KEY = {"X-API-Key": "alpha"}
SINGLE = ("target_lang", "source_lang", "captions", "captions_lang", "url", "diarize", "task")


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> ServerProcess:
    server = start_server(ready=False, API_KEYS="alpha", TTS_OPEN="false", **DEAF)
    server.wait_ready()
    return server


@pytest.fixture(scope="module")
def job_id(server: ServerProcess) -> str:
    answer = form(server, [("captions", CUES), ("captions_lang", "en")], plain=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["job_id"])


def form(server: ServerProcess, pairs: list[tuple[str, str]], *, plain: bool) -> httpx.Response:
    """Send a form, with parts or plain."""
    with server.client(headers=KEY) as client:
        if plain:
            content = urlencode(pairs)
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return client.post("/api/process", content=content, headers=kind)
        parts: Any = [(name, (None, value)) for name, value in pairs]
        return client.post("/api/process", files=parts)


def refused(answer: httpx.Response, field: str) -> bool:
    """Whether an answer is the refusal of a field that came twice."""
    body = answer.json()
    assert (answer.status_code, body["code"], body["field"]) == (400, "repeated_field", field)
    return field in body["error"]


@pytest.mark.parametrize("plain", [False, True], ids=["parts", "urlencoded"])
def test_lists_take_repeats_in_forms(server: ServerProcess, plain: bool) -> None:
    lists = [("formats", "srt"), ("formats", "vtt, ass"), ("formats[]", "srt")]
    lists += [("allowed_languages", "en"), ("allowed_languages", "es")]
    lists += [("glossary", "river = río"), ("glossary", '{"bridge": "puente"}')]
    answer = form(server, [("captions", CUES), ("captions_lang", "en"), *lists], plain=plain)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()["formats"]) == ["srt", "vtt", "ass"]


@pytest.mark.parametrize("plain", [False, True], ids=["parts", "urlencoded"])
def test_single_values_refuse_repeats_in_forms(server: ServerProcess, plain: bool) -> None:
    for name in SINGLE:
        twice = [(name, "es"), (name, "es")]
        assert refused(form(server, [*twice, ("video_id", "x")], plain=plain), name)


SOURCES = {
    "file": {"url": "https://example.com/talk.mp4"},
    "captions": {"captions": CUES, "video_url": "https://example.com/watch"},
    "url": {"url": "https://example.com/a.mp4", "stream_url": "https://example.com/b.m3u8"},
    "upload_id": {"upload_id": "a" * 32, "captions": CUES},
}


@pytest.mark.parametrize("kind", SOURCES)
def test_media_that_is_given_in_two_ways_is_refused(server: ServerProcess, kind: str) -> None:
    fields = SOURCES[kind]
    with server.client(headers=KEY) as client:
        if kind == "file":
            answers = [
                client.post(path, files={"file": ("a.srt", CUES)}, data=fields)
                for path in ("/api/process", "/api/stream")
            ]
        else:
            answers = [
                client.post("/api/process", json=fields),
                client.post("/api/process", data=fields),
                client.post("/run", json={"input": fields}),
            ]
    for answer in answers:
        told = answer.json()
        assert (answer.status_code, told["code"]) == (400, "several_sources"), told
        assert kind in told["error"]


def test_jobs_of_other_kinds_are_given_in_one_way(server: ServerProcess) -> None:
    inputs = [
        {"audio": "https://example.com/a.wav", "url": "https://example.com/b.wav"},
        {"path": "/api/render", "body": {}, "body_base64": "e30="},
        {"path": "/api/process", "form": {"url": "x"}, "body": {}},
    ]
    with server.client(headers=KEY) as client:
        for fields in inputs:
            told = client.post("/api/process", json=fields).json()
            code = "several_sources" if "audio" in fields else "invalid_field"
            assert told["code"] == code, told


def test_two_files_are_refused(server: ServerProcess) -> None:
    files = [("file", ("a.srt", CUES)), ("file", ("b.srt", CUES))]
    with server.client(headers=KEY) as client:
        assert refused(client.post("/api/stream", files=files), "file")


def test_a_query_is_read_by_the_same_rule(server: ServerProcess, job_id: str) -> None:
    job = f"/api/jobs/{job_id}"
    with server.client(headers=KEY) as client:
        twice = client.get(f"{job}?formats=srt&formats=vtt,ass").json()
        assert list(twice["result"]["formats"]) == ["srt", "vtt", "ass"]
        single = {
            "view": f"{job}/events?view=stream&view=native",
            "after": f"{job}/events?after=1&after=2",
            "video_id": "/api/subtitles?video_id=aaaaaaaaaaa&video_id=bbbbbbbbbbb",
            "lang": "/api/tts/voices?lang=en&lang=de",
            "tier": "/api/transcribe?video_id=aaaaaaaaaaa&tier=tier1&tier=tier2",
        }
        for field, path in single.items():
            assert refused(client.get(path), field)
            assert client.get(path, headers={"X-API-Key": "wrong"}).status_code == 401


def test_headers_that_count_are_there_once(server: ServerProcess, job_id: str) -> None:
    with server.client() as client:
        ids = [("X-API-Key", "alpha"), ("Last-Event-ID", "1"), ("Last-Event-ID", "2")]
        assert refused(client.get(f"/api/jobs/{job_id}/events", headers=ids), "last-event-id")
        lengths = [("X-API-Key", "alpha"), ("Upload-Length", "1"), ("Upload-Length", "2")]
        assert refused(client.post("/api/uploads", headers=lengths), "Upload-Length")


def test_of_equal_keys_in_json_the_last_one_counts(server: ServerProcess) -> None:
    body = json.dumps({"captions": CUES, "captions_lang": "en", "formats": ["srt"]})
    body = body[:-1] + ', "formats": ["vtt"]}'
    with server.client(headers=KEY) as client:
        answer = client.post("/api/process", content=body)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()["formats"]) == ["vtt"]
