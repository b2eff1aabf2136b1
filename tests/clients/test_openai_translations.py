"""Translations of human speech with OpenAI's SDK: real Whisper, real apertium."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.clients.openai_calls import sdk
from tests.routers.test_speech_translation import ENGLISH_WORDS, FRENCH, record
from tests.server import ROOT, ServerProcess

SAMPLE = ROOT / "samples" / "voicemail.mp4"
SPANISH_S, ENGLISH_S = (0.3, 14.2), (14.7, 22.0)
"""Where the sample's first turns are; see samples/voicemail.json."""


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"WHISPER_MODEL": "base", "TRANSLATION_PROVIDER": "embedded"}
    server = ServerProcess(tmp_path_factory.mktemp("translations"), settings)
    server.wait_ready()
    yield server
    server.stop()


def part(start_s: float, end_s: float) -> bytes:
    """Return a part of the sample's sound as WAV."""
    command = ["ffmpeg", "-v", "error", "-ss", str(start_s), "-to", str(end_s), "-i", str(SAMPLE)]
    command += ["-vn", "-f", "wav", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def translate(server: ServerProcess, data: bytes, **fields: Any) -> Any:
    with sdk(server, timeout=300) as client:
        with pytest.warns(DeprecationWarning, match="deprecated"):
            return client.audio.translations.create(
                file=("a.wav", data), model="whisper-1", **fields
            )


@pytest.mark.slow
def test_18_spanish_becomes_english(multilingual: ServerProcess) -> None:
    answer = translate(multilingual, part(*SPANISH_S), response_format="verbose_json")
    raw = answer.to_dict()
    assert (raw["task"], answer.language) == ("translate", "english")
    assert answer.duration == pytest.approx(13.9, abs=0.1)
    said = answer.text.lower()
    for word in ("three new messages", "help", "number"):
        assert word in said
    for word in ("mensajes", "ayuda", "tecla"):
        assert word not in said
    assert " ".join(each.text.strip() for each in answer.segments) == answer.text
    assert all(0 <= each.start < each.end for each in answer.segments)


@pytest.mark.slow
def test_18_whisper_translates_what_the_translator_cannot(
    multilingual: ServerProcess, tmp_path: Path
) -> None:
    path, _ = record(tmp_path, "fr", FRENCH)
    answer = translate(multilingual, path.read_bytes(), response_format="verbose_json")
    assert (answer.to_dict()["task"], answer.language) == ("translate", "english")
    for word in ENGLISH_WORDS:
        assert re.search(word, answer.text.lower())


@pytest.mark.slow
def test_18_english_stays_as_it_is_said(multilingual: ServerProcess) -> None:
    answer = translate(multilingual, part(*ENGLISH_S), response_format="verbose_json")
    assert (answer.to_dict()["task"], answer.language) == ("translate", "english")
    assert "consider how much" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("language", ["es", "Spanish", "ES"])
def test_another_language_may_be_wanted(multilingual: ServerProcess, language: str) -> None:
    answer = translate(
        multilingual,
        part(*ENGLISH_S),
        response_format="verbose_json",
        extra_body={"to_language": language},
    )
    assert (answer.to_dict()["task"], answer.language) == ("translate", "spanish")
    assert "considerar" in answer.text.lower()
    srt = translate(
        multilingual, part(*ENGLISH_S), response_format="srt", extra_body={"to_language": language}
    )
    assert "considerar" in str(srt).lower()


def test_what_is_no_language_is_named(multilingual: ServerProcess) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        translate(multilingual, b"no sound", extra_body={"to_language": "no language"})
    assert caught.value.param == "to_language"
