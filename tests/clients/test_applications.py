"""Requests of applications with an address of their own, as the contract has them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.audio_engines import speech_like
from tests.clients.openai_calls import KEY, TEXT
from tests.routers.test_parakeet_contract import QUIET, TALK, wav
from tests.server import ServerProcess

PATH = "/v1/audio/transcriptions"
SHORT = wav(speech_like((0, 0.5), (QUIET, 1.5), (0, 1.0)))
BEARER = {"Authorization": f"Bearer {KEY}"}


def send(
    server: ServerProcess,
    parts: list[tuple[str, Any]],
    path: str = PATH,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Send a form whose parts are in this order."""
    with server.client(headers=BEARER | (headers or {})) as client:
        return client.post(path, files=parts)


def text(value: str) -> tuple[None, str]:
    return (None, value)


def test_home_assistant_s_openai_whisper_integration(openai_locked: ServerProcess) -> None:
    with openai_locked.client(headers=BEARER) as client:
        assert client.get("/v1/models/whisper-1").json()["id"] == "whisper-1"
    fields = [("model", "whisper-1"), ("language", "en"), ("temperature", "0")]
    fields += [("prompt", ""), ("response_format", "json")]
    parts = [(name, text(value)) for name, value in fields]
    answer = send(openai_locked, [*parts, ("file", ("audio.wav", SHORT, "audio/wav"))])
    assert answer.json()["text"] == "Hello number 0."


@pytest.mark.parametrize(("key", "accepted"), [(KEY, True), ("wrong", False)])
def test_jellyfin_s_whisper_subtitles_asks_by_get_whether_the_key_is_right(
    openai_locked: ServerProcess, key: str, accepted: bool
) -> None:
    with openai_locked.client(headers={"Authorization": f"Bearer {key}"}) as client:
        assert (client.get(PATH).status_code not in (401, 403)) == accepted


def test_jellyfin_s_whisper_subtitles_reads_segments(openai_locked: ServerProcess) -> None:
    file = ("file", ("Film.wav", TALK, "application/octet-stream"))
    fields = {"model": "whisper-1", "response_format": "verbose_json", "language": "en"}
    answer = send(openai_locked, [file, *((name, text(it)) for name, it in fields.items())])
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert "error" not in found
    assert all(0 <= each["start"] <= each["end"] for each in found["segments"])
    assert "".join(each["text"] for each in found["segments"])
    assert found["language"] == "english"


def test_whisper_shortcut_sends_its_words_one_by_one(openai_locked: ServerProcess) -> None:
    words = [("keywords", text("Cuestream")), ("keywords", text("subtitle"))]
    parts = [("file", ("audio.m4a", SHORT, "audio/mp4")), ("model", text("whisper-1")), *words]
    assert send(openai_locked, parts, f"/k/{KEY}{PATH}", {"Authorization": ""}).json()["text"]


def test_voiceink_sends_the_file_first(openai_locked: ServerProcess) -> None:
    fields = [("model", "whisper-1"), ("response_format", "json"), ("temperature", "0")]
    parts = [(name, text(value)) for name, value in [*fields, ("language", "en")]]
    answer = send(openai_locked, [("file", ("audio.wav", SHORT, "audio/wav")), *parts]).json()
    assert isinstance(answer["text"], str)
    assert isinstance(answer.get("duration", 0.0), int | float)


def test_openwhispr_sends_webm_with_a_long_prompt(openai_locked: ServerProcess) -> None:
    parts = [("file", ("audio.webm", SHORT, "audio/webm")), ("model", text("whisper-1"))]
    parts += [("language", text("en")), ("prompt", text("word, " * 150))]
    assert send(openai_locked, parts).json()["text"] == "Hello number 0."
    assert send(openai_locked, parts, headers={"Authorization": "Bearer no"}).status_code == 401


def test_pipecat_sends_an_utterance_as_a_file(openai_locked: ServerProcess) -> None:
    fields = [("model", "gpt-4o-transcribe"), ("language", "en"), ("response_format", "json")]
    parts = [(name, text(value)) for name, value in [*fields, ("include[]", "logprobs")]]
    found = send(openai_locked, [*parts, ("file", ("audio.wav", SHORT, "audio/wav"))]).json()
    assert found["text"] == "Hello number 0."
    assert [each["token"] for each in found["logprobs"]] == ["Hello", " number", " 0."]


def test_obsidian_whisper_sends_from_a_page_of_another_origin(openai_locked: ServerProcess) -> None:
    parts = [("file", ("audio.webm", TALK, "audio/webm")), ("model", text("whisper-1"))]
    parts += [("language", text("")), ("prompt", text(""))]
    answer = send(openai_locked, parts, headers={"Origin": "app://obsidian.md"})
    assert answer.json()["text"] == TEXT
    assert answer.headers["access-control-allow-origin"] in {"*", "app://obsidian.md"}
