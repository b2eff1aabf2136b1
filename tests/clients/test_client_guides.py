"""The requests of the guides of AnythingLLM, Buzz and n8n, to a server that wants a key."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.clients.extension_client import HERE
from tests.clients.openai_calls import TEXT
from tests.routers.test_parakeet_contract import TALK
from tests.server import ServerProcess

KEY = "the-key-of-the-guides"
APP = "tests.asr_app:application()"
SENTENCES = "Hello number N. Hello number N. Hello number N."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path_factory.mktemp("guides"), {"API_KEYS": KEY}, APP)
    started.wait_ready()
    yield started
    started.stop()


def node(server: ServerProcess, path: Path, *names: str, key: str = KEY) -> list[dict[str, Any]]:
    """Return what calls of `openai_requests.mjs` bring."""
    path.write_bytes(TALK)
    command = ["node", str(HERE / "openai_requests.mjs"), server.url, str(path), *names]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={"API_KEY": key}
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording as Buzz sends it."""
    folder = tmp_path_factory.mktemp("mp3")
    wav, made = folder / "talk.wav", folder / "talk.mp3"
    wav.write_bytes(TALK)
    # Softer, since MP3 has higher peaks than the recording.
    command = ["ffmpeg", "-v", "error", "-i", str(wav), "-af", "volume=0.4", str(made)]
    subprocess.run(command, check=True)
    return made


def buzz(server: ServerProcess, sound: Path, route: str, **fields: Any) -> Any:
    """Send one of Buzz's requests: openai-python without retries."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        with sound.open("rb") as file:
            return getattr(client.audio, route).create(file=file, **fields)


def said(text: str) -> str:
    """Return a text without its numbers, which are seconds: MP3 begins a few samples earlier."""
    return re.sub(r"\d", "N", text)


def check_times(parts: list[Any]) -> None:
    starts = [part.start for part in parts]
    assert starts == sorted(starts)
    assert all(0 <= part.start < part.end for part in parts)


def test_anythingllm_sends_the_microphone_and_files(server: ServerProcess, tmp_path: Path) -> None:
    calls = ("anythingllm_microphone", "anythingllm_file")
    for line in node(server, tmp_path / "sound.wav", *calls):
        assert line["value"]["text"] == TEXT


def test_anythingllm_is_told_that_its_key_is_wrong(server: ServerProcess, tmp_path: Path) -> None:
    [line] = node(server, tmp_path / "sound.wav", "anythingllm_file", key="wrong")
    assert line["status"] == 401
    assert line["code"] == "invalid_api_key"


def test_buzz_reads_segments_with_times(server: ServerProcess, mp3: Path) -> None:
    fields = {"model": "whisper-1", "language": "en", "response_format": "verbose_json"}
    answer = buzz(server, mp3, "transcriptions", **fields)
    assert said(" ".join(segment.text.strip() for segment in answer.segments)) == SENTENCES
    check_times(answer.segments)


def test_buzz_s_word_mode_has_words_and_no_segments(server: ServerProcess, mp3: Path) -> None:
    fields = {"response_format": "verbose_json", "timestamp_granularities": ["word"]}
    answer = buzz(server, mp3, "transcriptions", model="whisper-1", **fields)
    assert "segments" not in answer.to_dict()
    assert said(" ".join(word.word.strip() for word in answer.words)) == SENTENCES
    check_times(answer.words)


def test_buzz_asks_models_of_the_name_gpt_4o_for_json(server: ServerProcess, mp3: Path) -> None:
    answer = buzz(server, mp3, "transcriptions", model="gpt-4o-mini", response_format="json")
    assert said(answer.text) == SENTENCES


def test_buzz_s_translation_is_english(server: ServerProcess, mp3: Path) -> None:
    answer = buzz(server, mp3, "translations", model="whisper-1", response_format="verbose_json")
    assert answer.language == "english"
    assert said(answer.text) == SENTENCES
    check_times(answer.segments)


def test_n8n_transcribes_and_translates(server: ServerProcess, tmp_path: Path) -> None:
    [line] = node(server, tmp_path / "sound.wav", "n8n")
    assert [answer["text"] for answer in line["value"]] == [TEXT, TEXT]


def test_n8n_fails_with_a_wrong_key(server: ServerProcess, tmp_path: Path) -> None:
    [line] = node(server, tmp_path / "sound.wav", "n8n", key="wrong")
    assert line["status"] == 401
