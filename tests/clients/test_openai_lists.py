"""Models and speech of OpenAI's API with its SDK; numbers are those of the clients' contract."""

from __future__ import annotations

import base64
import json
import subprocess

import openai
import pytest

from tests.clients.openai_calls import (
    TEXT,
    create,
    sdk,
)
from tests.server import ServerProcess


def test_19_models_are_listed_and_found(openai_worker: ServerProcess) -> None:
    with sdk(openai_worker) as client:
        names = [model.id for model in client.models.list()]
        assert "whisper-1" in names
        for name in names:
            found = client.models.retrieve(name)
            assert found.id == name
            if found.to_dict()["task"] == "text-to-speech":
                assert client.audio.speech.create(model=name, voice="alloy", input="Yes.").content
            else:
                assert create(openai_worker, model=name).text == TEXT
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve("no/such")
    assert caught.value.code == "model_not_found"


def length_s(data: bytes) -> float:
    command = ["ffmpeg", "-v", "error", "-i", "-", "-f", "s16le", "-ar", "8000", "-ac", "1", "-"]
    return len(subprocess.run(command, input=data, capture_output=True, check=True).stdout) / 16_000


def test_20_speech_in_every_format(openai_worker: ServerProcess) -> None:
    said = {"model": "tts-1", "voice": "alloy", "input": "Where do you want to go today?"}
    types = {"mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "opus": "audio/ogg"}
    with sdk(openai_worker) as client:
        for kind, media_type in {**types, "aac": "audio/aac"}.items():
            answer = client.audio.speech.create(**said, response_format=kind)  # type: ignore[call-overload]
            assert answer.response.headers["content-type"] == media_type
            assert length_s(answer.content) > 0.8
        pcm = client.audio.speech.create(**said, response_format="pcm").content  # type: ignore[call-overload]
        assert len(pcm) / 48_000 > 0.8
        slow = client.audio.speech.create(**said, response_format="pcm", speed=0.5).content  # type: ignore[call-overload]
        assert len(slow) > 1.5 * len(pcm)
    with openai_worker.client() as http:
        events = http.post(
            "/v1/audio/speech", json={**said, "response_format": "pcm", "stream_format": "sse"}
        )
    data = [json.loads(line[6:]) for line in events.text.splitlines() if line.startswith("data: ")]
    joined = b"".join(
        base64.b64decode(e["audio"]) for e in data if e["type"] == "speech.audio.delta"
    )
    assert joined == pcm
    assert data[-1]["type"] == "speech.audio.done"
    for wrong in ({"voice": "nobody"}, {"speed": 9}, {"response_format": "mid"}, {"input": " "}):
        with openai_worker.client() as http:
            answer = http.post("/v1/audio/speech", json={**said, **wrong})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == next(iter(wrong))


def test_40_lists_want_no_key(openai_locked: ServerProcess) -> None:
    with openai_locked.client() as client:
        voices = client.get("/v1/audio/voices").json()["voices"]
        models = client.get("/v1/audio/models").json()["models"]
        assert {"id", "name"} <= voices[0].keys() & models[0].keys()
        assert client.get("/v1/models").status_code == 401
