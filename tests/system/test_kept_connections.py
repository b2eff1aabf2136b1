"""Servers that close a kept connection just as the next request is on its way."""

from __future__ import annotations

import httpx2
import pytest
from pydantic import SecretStr

from app.gpu.calls.call_retry import PassingCallError
from app.gpu.calls.http_calls import HttpCaller
from app.services.translation.llm.chat_request import ChatRequest
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.endpoint import Endpoint
from app.services.translation.llm.liveness import ServerLiveness
from app.services.translation.llm.metering import Meter
from app.services.translation.llm.response_formats import Numbered
from app.services.translation.llm.vendors import VENDORS
from app.services.translation.providers.libretranslate_client import LibreTranslateClient
from app.services.tts.speech_server import SpeechServer
from app.settings import TranslationSettings, TtsSettings
from app.system.kept_connections import resent_unanswered
from tests.endpoint_server import Call, Reply, called_server

CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"1: uno"},"finish_reason":"stop"}]}\n\n'


def respond(call: Call) -> Reply:
    if call.path.endswith("/chat/completions"):
        return Reply(CHUNK + b"data: [DONE]\n\n", headers={"Content-Type": "text/event-stream"})
    if call.path.endswith("/models"):
        return Reply({"object": "list", "data": []})
    if call.path.endswith("/speech"):
        return Reply(b"sound", headers={"Content-Type": "audio/wav"})
    return Reply({"translatedText": ["uno"]})


async def test_calls_of_engines() -> None:
    with called_server(respond, most=1) as server:
        caller = HttpCaller("The server", 30, {})
        for number in range(3):
            body = {"q": number}
            answer = await caller.json("POST", f"{server.url}/translate", json=body)
            assert answer == {"translatedText": ["uno"]}
        assert [call.json for call in server.calls] == [{"q": 0}, {"q": 1}, {"q": 2}]


async def test_requests_to_a_model_and_probes_of_it() -> None:
    with called_server(respond, most=1) as server:
        endpoint = Endpoint(VENDORS["llamacpp"], f"{server.url}/v1", "m", SecretStr("none"), 1)
        connection = ChatConnection(endpoint, ServerLiveness(60, answers_probes=True))
        request = ChatRequest(("one",), lambda form: [{"role": "user", "content": "one"}])
        for _ in range(3):
            parts = connection.stream(request, Numbered(), Meter(1))
            assert "".join([part async for part in parts]) == "1: uno\n"
            assert await connection._is_alive()
        await connection.close()
        assert len(server.calls) == 6


async def test_requests_to_libretranslate() -> None:
    with called_server(respond, most=1) as server:
        client = LibreTranslateClient(TranslationSettings(libretranslate_url=server.url))
        for _ in range(3):
            assert await client.translate(["one"], "en", "es") == ["uno"]
        await client.close()
        assert len(server.calls) == 3


async def test_requests_for_speech() -> None:
    with called_server(respond, most=1) as server:
        client = SpeechServer(TtsSettings(), f"{server.url}/v1", "m")
        for _ in range(3):
            assert await client.sound("one", "voice", 1.0) == b"sound"
        assert len(server.calls) == 3


async def test_a_server_that_answers_nobody_is_asked_twice() -> None:
    with called_server(lambda _: Reply(drop=True)) as server:
        with pytest.raises(PassingCallError, match="cannot be reached"):
            await HttpCaller("The server", 30, {}).json("GET", server.url)
        assert len(server.calls) == 2


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.ReadTimeout("no")])
async def test_whoever_cannot_be_reached_or_is_slow_is_asked_once(error: Exception) -> None:
    asked = []

    async def send() -> None:
        asked.append(1)
        raise error

    with pytest.raises(type(error)):
        await resent_unanswered(send)
    assert len(asked) == 1
