"""Voices of OpenAI's speech route by the language of the text, with OpenAI's own SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.server import DEAF, ServerProcess

SPANISH = "¿Dónde está la estación de tren?"
ENGLISH = "Where do you want to go today?"


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("speaker"), DEAF)
    server.wait_ready()
    yield server
    server.stop()


def said(server: ServerProcess, text: str, voice: str = "alloy", **extra: Any) -> Any:
    """Return the SDK's answer, as bare samples."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        return client.audio.speech.create(
            model="tts-1", voice=voice, input=text, response_format="pcm", extra_body=extra
        )


@pytest.mark.parametrize(
    ("text", "voice", "language"),
    [
        (ENGLISH, "en-us", "en-US"),
        (SPANISH, "es", "es"),
        ("Il fait beau aujourd'hui.", "fr-fr", "fr-FR"),
        ("Der Zug fährt um acht Uhr ab.", "de", "de"),
        ("Hola, ¿qué tal?", "es", "es"),
        ("Привет", "ru", "ru"),
        ("안녕하세요", "ko", "ko"),
        ("OK", "en-us", "en-US"),
        ("21", "en-us", "en-US"),
    ],
)
def test_a_voice_speaks_the_language_of_the_text(
    speaker: ServerProcess, text: str, voice: str, language: str
) -> None:
    answer = said(speaker, text)
    assert answer.response.headers["x-voice"] == voice
    assert answer.response.headers["content-language"] == language
    assert answer.content == said(speaker, text, voice).content


def test_a_name_of_openai_s_keeps_its_gender_in_every_language(speaker: ServerProcess) -> None:
    voices = {name: said(speaker, SPANISH, name) for name in ("onyx", "nova")}
    assert [each.response.headers["x-voice"] for each in voices.values()] == ["es", "es+f3"]
    assert voices["onyx"].content != voices["nova"].content


def test_a_voice_of_the_server_speaks_whatever_the_text_is_in(speaker: ServerProcess) -> None:
    answer = said(speaker, SPANISH, "en-us")
    assert answer.response.headers["x-voice"] == "en-us"
    assert answer.content != said(speaker, SPANISH).content


def test_the_language_may_be_named(speaker: ServerProcess) -> None:
    assert said(speaker, "Hola", language="es").response.headers["x-voice"] == "es"
    assert said(speaker, "Hola", language="es-MX").response.headers["x-voice"] == "es-419"
    with pytest.raises(openai.BadRequestError) as caught:
        said(speaker, "Hola", language="no language")
    assert caught.value.param == "language"


def test_without_a_voice_the_default_one_speaks(speaker: ServerProcess) -> None:
    with speaker.client() as client:
        for voice in ({}, {"voice": ""}, {"voice": None}, {"voice": "default"}):
            answer = client.post("/v1/audio/speech", json={"input": SPANISH, **voice})
            assert answer.headers["x-voice"] == "es"


def test_a_language_that_nobody_speaks_is_refused(speaker: ServerProcess) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        said(speaker, "今日はいい天気ですね、散歩に行きましょう。")
    assert caught.value.code == "invalid_language"
    assert "Japanese" in caught.value.message
