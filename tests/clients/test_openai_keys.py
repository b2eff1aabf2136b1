"""Keys of OpenAI's routes in every way that clients send them.

Numbers are those of the clients' contract.
"""

from __future__ import annotations

import openai
import pytest

from tests.clients.openai_calls import (
    KEY,
    TEXT,
    sdk,
)
from tests.routers.test_parakeet_contract import TALK
from tests.server import ServerProcess


def test_14_a_wrong_key(openai_locked: ServerProcess) -> None:
    with sdk(openai_locked, "wrong") as client, pytest.raises(openai.AuthenticationError) as caught:
        client.audio.transcriptions.create(file=("a.wav", TALK), model="m")
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id == caught.value.response.headers["x-request-id"]
    with sdk(openai_locked, KEY) as client:
        assert client.audio.transcriptions.create(file=("a.wav", TALK), model="m").text == TEXT


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY},
        {"api-key": KEY},
        {"xi-api-key": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"Token {KEY}"},
        {"Authorization": KEY},
    ],
)
def test_14_the_key_in_every_header(openai_locked: ServerProcess, headers: dict[str, str]) -> None:
    with openai_locked.client(headers=headers) as client:
        assert client.get("/v1/models").status_code == 200


@pytest.mark.parametrize("value", ["", "Basic x", "Bearer", f"Basic {KEY}"])
def test_14_no_key_is_refused(openai_locked: ServerProcess, value: str) -> None:
    with openai_locked.client(headers={"Authorization": value}) as client:
        answer = client.get(f"/v1/models?api_key={KEY}")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("value", ["Bearer", "Bearer undefined", "undefined", None])
def test_15_without_keys_any_will_do(openai_worker: ServerProcess, value: str | None) -> None:
    headers = {} if value is None else {"Authorization": value}
    with openai_worker.client(headers=headers) as client:
        answer = client.post("/v1/audio/transcriptions", files={"file": ("a.wav", TALK)})
    assert answer.status_code == 200


def test_44_voiceink_s_probe(openai_locked: ServerProcess) -> None:
    for key, status in ((KEY, 400), ("wrong", 401)):
        with openai_locked.client(headers={"Authorization": f"Bearer {key}"}) as client:
            files = {"file": ("probe.wav", bytes(1024), "audio/wav")}
            answer = client.post("/v1/audio/transcriptions", files=files, data={"model": "m"})
        assert answer.status_code == status, answer.text
