"""Speech through the server; numbers are those of the extension's contract."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from app.services.tts.mp3 import to_mp3
from tests.conftest import Speech, StartServer
from tests.routers.test_errors_contract import assert_error
from tests.server import ServerProcess
from tests.services.tts.mp3_reader import heard
from tests.services.tts.speech_site import SpeechSite, speech_site

YOUTUBE = {"Origin": "https://www.youtube.com"}
SPEAK = "/api/tts/speak"
KEY = {"X-API-Key": "alpha"}


@pytest.fixture(scope="module")
def speaking(speech: Speech) -> Iterator[SpeechSite]:
    """A server that speaks OpenAI's speech protocol."""
    wav = speech.wav("The water came up very fast last night.").read_bytes()
    with speech_site(asyncio.run(to_mp3(wav))) as site:
        yield site


@pytest.fixture(scope="module")
def beside(start_server: StartServer, speaking: SpeechSite) -> ServerProcess:
    """A server with keys whose models cannot be loaded; another server speaks for it."""
    server = start_server(
        ready=False,
        API_KEYS="alpha",
        WHISPER_MODEL="/nonexistent",
        LOAD_FAILURE_EXIT_S="0",
        TTS_ENGINE="kokoro",
        TTS_API_URL=speaking.url,
    )
    server.wait_listening()
    return server


def test_20_a_page_may_ask_and_gets_mp3_that_plays(server: ServerProcess) -> None:
    wants = {"Access-Control-Request-Method": "POST"}
    wants["Access-Control-Request-Headers"] = "content-type"
    with server.client(headers=YOUTUBE) as client:
        preflight = client.options(SPEAK, headers=wants)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] in ("*", YOUTUBE["Origin"])
        assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
        body = {"text": "Please tell the people near the bridge.", "lang": "en", "voice_id": None}
        answer = client.post(SPEAK, json={**body, "use_cache": True, "rate": 2})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in ("*", YOUTUBE["Origin"])
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["content-disposition"] == 'inline; filename="speech.mp3"'
    seconds = len(heard(answer.content)) / 16_000
    assert 1 < seconds < 6


@pytest.mark.parametrize("lang", ["zh_CN", "pt_BR", "es_419", "fil"])
def test_15_the_extensions_spellings_are_spoken(server: ServerProcess, lang: str) -> None:
    with server.client() as client:
        answer = client.post(SPEAK, json={"text": "Hola. 你好.", "lang": lang})
        voices = client.get("/api/tts/voices", params={"lang": lang}).json()["voices"]
    assert answer.status_code == 200
    assert len(heard(answer.content)) > 4_000
    assert voices[0].keys() == {"id", "name", "lang", "gender"}


def test_18_status_and_voices(server: ServerProcess) -> None:
    with server.client() as client:
        status = client.get(f"{server.url}//api/tts/status")
        voices = client.get("/api/tts/voices").json()["voices"]
    assert status.status_code == 200
    body = status.json()
    assert body["enabled"] is True
    assert body["default_voices"]["es"] == "es"
    assert body.keys() == {"enabled", "backend", "default_voices"}, "no path is told"
    assert len(voices) > 100


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({}, "invalid_request", "text is required"),
        ({"text": " \n"}, "invalid_request", "text is required"),
        ({"text": "a" * 1001}, "invalid_request", "text exceeds maximum length of 1000 characters"),
        ({"text": "a", "lang": "klingonese"}, "invalid_language", "Invalid language code"),
        ({"text": "a", "lang": "xh"}, "invalid_language", "xh"),
        ({"text": "a", "voice_id": "--version"}, "invalid_field", "voice_id"),
        ({"text": ["a"]}, "invalid_field", "text"),
    ],
)
def test_12_what_cannot_be_spoken(
    server: ServerProcess, body: dict[str, object], code: str, text: str
) -> None:
    with server.client() as client:
        assert text in assert_error(client.post(SPEAK, json=body), 400, code)


def test_12_a_thousand_characters_are_spoken(server: ServerProcess) -> None:
    with server.client() as client:
        assert client.post(SPEAK, json={"text": "no " * 333 + "!"}).status_code == 200


def test_21_speech_waits_for_no_model(beside: ServerProcess, speaking: SpeechSite) -> None:
    with beside.client() as client:
        assert client.get("/api/tts/status").json()["enabled"] is True
        assert client.post(SPEAK, json={"text": "Hello"}).content == speaking.audio
        assert client.get("/ping").status_code != 200


def test_19_speech_wants_no_key_but_the_rest_does(beside: ServerProcess) -> None:
    with beside.client() as client:
        for headers in ({}, KEY, {"Authorization": "Bearer of another service"}):
            assert client.get("/api/tts/voices", headers=headers).status_code == 200
            assert client.post(SPEAK, json={"text": "Hi"}, headers=headers).status_code == 200
        assert client.post("/api/feedback", json={}).status_code == 401
    assert "of another service" not in beside.log


def test_24_whoever_leaves_ends_the_work(beside: ServerProcess, speaking: SpeechSite) -> None:
    speaking.gate.clear()
    body = b'{"text": "nobody will hear this"}'
    head = f"POST {SPEAK} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", beside.port)) as connection:
            connection.sendall(head.encode() + body)
            asked = len(speaking.asked)
            connection.settimeout(1)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        assert speaking.left.wait(20), "the speech server is still being asked"
    finally:
        speaking.gate.set()
    assert len(speaking.asked) >= asked


def test_a_speech_server_that_fails_is_an_error_of_ours(
    beside: ServerProcess, speaking: SpeechSite
) -> None:
    speaking.status = 503
    try:
        with beside.client() as client:
            text = assert_error(client.post(SPEAK, json={"text": "Other"}), 500, "speech_failed")
    finally:
        speaking.status = 200
    assert "503" in text
    assert speaking.url not in text
