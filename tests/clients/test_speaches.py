"""What speaches' and vLLM's clients send beyond OpenAI's API."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

from tests.audio_engines import speech_like
from tests.clients.openai_calls import TEXT, post
from tests.routers.test_parakeet_contract import LOUD, QUIET, TALK, wav
from tests.server import ServerProcess

TURNS = [(500, 2000), (3000, 4500), (5500, 7000)]
PAUSED = wav(speech_like((0, 0.5), (QUIET, 1.5), (0, 0.6), (LOUD, 1.5), (0, 2.0), (QUIET, 0.3)))


def samples(rate_hz: int = 16_000, channels: int = 1) -> bytes:
    """Return a sentence as s16le without a header."""
    sound = speech_like((0, 0.5), (QUIET, 1.5), (0, 1.0)).repeat(rate_hz // 16_000)
    return (sound.repeat(channels) * 32_767).astype("<i2").tobytes()


def typed(server: ServerProcess, data: bytes, media_type: str) -> httpx.Response:
    with server.client() as client:
        files = {"file": ("sound", data, media_type)}
        form = {"response_format": "verbose_json"}
        return client.post("/v1/audio/transcriptions", files=files, data=form)


@pytest.mark.parametrize(
    ("media_type", "rate_hz", "channels"),
    [
        ("audio/pcm", 16_000, 1),
        ("audio/raw", 16_000, 1),
        ("Audio/PCM; rate=48000; channels=2", 48_000, 2),
    ],
)
def test_samples_without_a_header_are_told_by_their_type(
    openai_worker: ServerProcess, media_type: str, rate_hz: int, channels: int
) -> None:
    answer = typed(openai_worker, samples(rate_hz, channels), media_type).json()
    assert answer["text"] == "Hello number 0."
    assert answer["duration"] == pytest.approx(3.0, abs=0.01)


def test_a_file_that_is_called_samples_is_read_as_a_file(openai_worker: ServerProcess) -> None:
    assert typed(openai_worker, TALK, "audio/pcm").json()["text"] == TEXT


@pytest.mark.parametrize("rate", ["0", "x", "1000000", "-5"])
def test_a_rate_that_cannot_be_is_refused(openai_worker: ServerProcess, rate: str) -> None:
    answer = typed(openai_worker, samples(), f"audio/pcm;rate={rate}")
    assert answer.status_code == 400
    assert "rate" in answer.json()["error"]["message"]


def spoken(server: ServerProcess, data: bytes = TALK, **fields: Any) -> list[tuple[int, int]]:
    """Return where somebody speaks, to a tenth of a second."""
    answer = post(server, data, "speech/timestamps", **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return [(round(each["start"], -2), round(each["end"], -2)) for each in answer.json()]


def test_where_somebody_speaks(openai_worker: ServerProcess) -> None:
    assert spoken(openai_worker, min_silence_duration_ms="500") == TURNS
    assert spoken(openai_worker, PAUSED) == [(500, 4100), (6100, 6400)]
    assert spoken(openai_worker, PAUSED, min_speech_duration_ms="500") == [(500, 4100)]
    assert spoken(openai_worker, PAUSED, speech_pad_ms="200") == [(300, 4300), (5900, 6400)]
    halves = spoken(openai_worker, PAUSED, max_speech_duration_s="2", min_speech_duration_ms="500")
    assert halves == [(500, 2300), (2300, 4100)]
    assert spoken(openai_worker, wav(np.zeros(32_000, np.float32))) == []


def test_speech_longer_than_a_window_is_one_stretch(openai_worker: ServerProcess) -> None:
    assert spoken(openai_worker, wav(speech_like((0, 1.0), (QUIET, 70.0), (0, 1.0)))) == [
        (1000, 71_000)
    ]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"threshold": "1.5"}, "threshold"),
        ({"threshold": "nan"}, "threshold"),
        ({"min_silence_duration_ms": "-1"}, "min_silence_duration_ms"),
        ({"max_speech_duration_s": "0"}, "max_speech_duration_s"),
        ({}, "file"),
    ],
)
def test_what_is_wrong_is_named(
    openai_worker: ServerProcess, fields: dict[str, str], param: str
) -> None:
    answer = post(openai_worker, b"no sound", "speech/timestamps", **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_lists_by_task_and_what_is_loaded(openai_worker: ServerProcess) -> None:
    with openai_worker.client() as client:

        def ids(path: str) -> set[str]:
            return {model["id"] for model in client.get(path).json()["data"]}

        spoken_by = ids("/v1/models?task=text-to-speech")
        heard_by = ids("/v1/models?task=automatic-speech-recognition")
        assert "tts-1" in spoken_by
        assert "whisper-1" in heard_by
        assert ids("/v1/models") == ids("/v1/registry") == spoken_by | heard_by
        assert ids("/v1/models?task=speaker-embedding") == set()
        [loaded] = client.get("/api/ps").json()["models"]
        assert loaded in heard_by
        assert client.get("/health").status_code == 200


def test_vllm_s_usage_of_every_chunk(openai_worker: ServerProcess) -> None:
    wanted = {"stream": "true", "stream_include_usage": "true"}
    text = post(openai_worker, **wanted, stream_continuous_usage_stats="true").text
    chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    running = [each["usage"]["seconds"] for each in chunks if said(each)]
    assert running == sorted(running)
    assert 0 < running[0] <= chunks[-1]["usage"]["seconds"] == 8
    plain = post(openai_worker, **wanted).text
    assert plain.count('"usage"') == 1


def said(chunk: dict[str, Any]) -> str:
    return "".join(choice["delta"]["content"] for choice in chunk["choices"])
