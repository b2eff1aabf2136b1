"""Realtime transcription by OpenAI's own clients, and vLLM's shape; numbers are the contract's."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.clients.extension_client import HERE
from tests.clients.test_live import wait_for_streams
from tests.server import ServerProcess

KEY = "a-realtime-key"
ITEM = "conversation.item.input_audio_transcription"
FORMAT = {"type": "audio/pcm", "rate": 24_000}
WORDS = "There was nobody at all"
FAST = {"type": "server_vad", "silence_duration_ms": 500}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"API_KEYS": KEY, "ASR_SELF_TEST": "false", "LIVE_PARTIAL_MS": "500"}
    settings |= {"CORS_ORIGINS": "https://example.com", "LIVE_MAX_SESSIONS": "4"}
    app = "tests.clients.scripted_engines:application()"
    server = ServerProcess(tmp_path_factory.mktemp("realtime"), settings, app)
    server.wait_ready()
    yield server
    server.stop()


def sound(speech_s: float, silence_s: float = 0.0, rate_hz: int = 24_000) -> bytes:
    """A hum, which these engines take for speech, and quiet after it."""
    times = np.arange(int(speech_s * rate_hz)) / rate_hz
    hum = np.sin(2 * np.pi * 200 * times) * 0.5
    quiet = np.zeros(int(silence_s * rate_hz))
    return (np.concatenate([hum, quiet]) * 32_767).astype("<i2").tobytes()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def session(**fields: Any) -> dict[str, Any]:
    given = {"format": FORMAT, "transcription": {"model": "gpt-4o-transcribe"}, **fields}
    return {"type": "transcription", "audio": {"input": given}}


@asynccontextmanager
async def client(server: ServerProcess, key: str = KEY, **query: Any) -> AsyncIterator[Any]:
    sdk = openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=key)
    given: Any = query or {"intent": "transcription"}
    async with sdk.realtime.connect(extra_query=given) as connection:
        yield connection


async def until(connection: Any, last: str) -> list[Any]:
    events = []
    async with asyncio.timeout(30):
        while not events or events[-1].type != last:
            events.append(await connection.recv())
    return events


@asynccontextmanager
async def raw(server: ServerProcess, path: str = "/v1/realtime", **more: Any) -> AsyncIterator[Any]:
    address = server.url.replace("http", "ws") + path
    headers = more.pop("headers", {"Authorization": f"Bearer {KEY}"})
    async with connect(address, additional_headers=headers, proxy=None, **more) as socket:
        yield socket


async def told(socket: Any, last: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while not events or events[-1]["type"] != last:
            events.append(json.loads(await socket.recv()))
    return events


async def tell(socket: Any, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


def check_utterance(events: list[dict[str, Any]]) -> None:
    """One utterance in the order of the contract, under one id."""
    kinds = [event["type"] for event in events if not event["type"].startswith("session.")]
    deltas = [event["delta"] for event in events if event["type"] == f"{ITEM}.delta"]
    rest = [kind for kind in kinds if kind != f"{ITEM}.delta"]
    assert rest == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        f"{ITEM}.completed",
    ]
    assert len({event["item_id"] for event in events if "item_id" in event}) == 1
    assert all(event["event_id"] for event in events)
    done = events[-1]
    assert done["transcript"].startswith(WORDS)
    assert "".join(deltas) == done["transcript"]
    assert done["usage"]["type"] == "duration"
    assert 3 < done["usage"]["seconds"] < 6


async def test_23_an_utterance_of_the_python_client(server: ServerProcess) -> None:
    async with client(server) as connection:
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(session=session(turn_detection=FAST))
        events = await until(connection, "session.updated")
        shown = events[-1].session.audio.input
        assert shown.format.rate == 24_000
        assert shown.turn_detection.silence_duration_ms == 500
        pcm = sound(4, 1)
        for at in range(0, len(pcm), 4_800):
            await connection.input_audio_buffer.append(audio=b64(pcm[at : at + 4_800]))
            await asyncio.sleep(0.005)
        events += await until(connection, f"{ITEM}.completed")
    check_utterance([event.to_dict() for event in events])
    kinds = [event.type for event in events]
    stopped = kinds.index("input_audio_buffer.speech_stopped")
    assert f"{ITEM}.delta" in kinds[:stopped], "words come while one speaks"


async def test_24_nothing_before_commit_and_an_empty_commit_is_an_error(
    server: ServerProcess,
) -> None:
    async with client(server) as connection:
        await connection.session.update(session=session(turn_detection=None))
        await until(connection, "session.updated")
        await connection.input_audio_buffer.commit(event_id="mine")
        refused = (await until(connection, "error"))[-1]
        assert refused.error.code == "input_audio_buffer_commit_empty"
        assert refused.error.event_id == "mine"
        await connection.input_audio_buffer.append(audio=b64(sound(3, 2)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.recv(), 0.5)
        await connection.input_audio_buffer.commit()
        events = await until(connection, f"{ITEM}.completed")
        assert events[0].type == "input_audio_buffer.committed"
        assert events[-1].transcript.startswith(WORDS)
        await connection.input_audio_buffer.append(audio=b64(sound(1)))
        await connection.input_audio_buffer.clear()
        await until(connection, "input_audio_buffer.cleared")
        await connection.input_audio_buffer.commit()
        assert (await until(connection, "error"))[-1].error.type == "invalid_request_error"


@asynccontextmanager
async def tls(server: ServerProcess, folder: Path) -> AsyncIterator[tuple[int, Path]]:
    """A proxy that ends TLS, with a certificate of its own."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made += ["-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate), *names]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", server.port)
        ways = (pump(reader, inner_writer), pump(inner_reader, writer))
        await asyncio.gather(*ways, return_exceptions=True)

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield proxy.sockets[0].getsockname()[1], certificate
    finally:
        proxy.close()


async def test_25_an_utterance_of_the_node_client_over_tls(
    server: ServerProcess, tmp_path: Path
) -> None:
    (tmp_path / "speech.pcm").write_bytes(sound(4, 1))
    async with tls(server, tmp_path) as (port, certificate):
        options = {"base": f"https://localhost:{port}/v1", "key": KEY, "session": session()}
        process = await asyncio.create_subprocess_exec(
            "node",
            str(HERE / "realtime.mjs"),
            json.dumps({**options, "pcm": str(tmp_path / "speech.pcm")}),
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(certificate)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    events = json.loads(output)
    assert [event["type"] for event in events[:2]] == ["session.created", "session.updated"]
    check_utterance(events)


async def test_25_the_key_of_a_browser_comes_as_a_subprotocol(server: ServerProcess) -> None:
    offered = ["realtime", f"openai-insecure-api-key.{KEY}"]
    async with raw(server, headers={}, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
        assert json.loads(await socket.recv())["type"] == "session.created"


@pytest.mark.parametrize(
    ("headers", "query"),
    [({"X-API-Key": KEY}, ""), ({"api-key": KEY}, ""), ({}, f"?api_key={KEY}")],
)
async def test_the_key_may_come_in_every_way_that_clients_send_it(
    server: ServerProcess, headers: dict[str, str], query: str
) -> None:
    await asyncio.to_thread(wait_for_streams, server, 0)
    async with raw(server, f"/v1/realtime{query}", headers=headers) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"


async def test_a_wrong_key_is_401_with_the_envelope(server: ServerProcess) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        with pytest.raises(InvalidStatus) as refused:
            async with raw(server, headers=headers):
                pass
        assert refused.value.response.status_code == 401
        body = json.loads(refused.value.response.body or b"")
        assert body["error"]["code"] == "invalid_api_key"
    with pytest.raises(InvalidStatus) as refused:
        async with raw(server, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403


async def test_26_a_client_of_vllm(server: ServerProcess) -> None:
    async with raw(server) as socket:
        created = json.loads(await socket.recv())
        assert created["id"]
        assert isinstance(created["created"], int)
        await tell(socket, "session.update", model="openai/whisper-small")
        await tell(socket, "input_audio_buffer.commit")
        for _ in range(4):
            await tell(socket, "input_audio_buffer.append", audio=b64(sound(1, 0, 16_000)))
        await tell(socket, "input_audio_buffer.commit", final=True)
        events = await told(socket, "transcription.done")
        assert {event["type"] for event in events[:-1]} == {"transcription.delta"}
        assert "".join(event["delta"] for event in events[:-1]) == events[-1]["text"]
        assert events[-1]["text"].startswith(WORDS)
        await tell(socket, "unheard_of")
        assert isinstance((await told(socket, "error"))[-1]["error"], str)


async def test_the_flat_session_of_the_beta(server: ServerProcess) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "OpenAI-Beta": "realtime=v1"}
    async with raw(server, "/v1/realtime?intent=transcription", headers=headers) as socket:
        created = json.loads(await socket.recv())
        assert created["session"]["input_audio_format"] == "pcm16"
        fields = {"input_audio_format": "g711_ulaw", "turn_detection": None}
        fields |= {"input_audio_transcription": {"model": "whisper-1", "language": "en"}}
        await tell(socket, "transcription_session.update", session=fields)
        updated = (await told(socket, "transcription_session.updated"))[-1]["session"]
        assert updated["input_audio_format"] == "g711_ulaw"
        assert updated["turn_detection"] is None
        assert updated["input_audio_transcription"]["language"] == "en"
        loud = bytes([0x80, 0x00] * 8_000)
        await tell(socket, "input_audio_buffer.append", audio=b64(loud))
        await tell(socket, "input_audio_buffer.commit")
        done = (await told(socket, f"{ITEM}.completed"))[-1]
        assert done["usage"]["seconds"] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ("no json", "invalid_json", None),
        ("[" * 500, "invalid_json", None),
        ("[]", "invalid_event", None),
        (b"\0\0", "invalid_event", None),
        ("{}", "missing_required_parameter", "type"),
        ('{"type": "response.create"}', "invalid_value", "type"),
        ('{"type": "input_audio_buffer.append"}', "invalid_value", "audio"),
        ('{"type": "input_audio_buffer.append", "audio": "%%%"}', "invalid_value", "audio"),
        ('{"type": "session.update"}', "missing_required_parameter", "session"),
        (session(turn_detection={"type": "x"}), "invalid_value", "turn_detection.type"),
        (session(turn_detection={"threshold": 1e400}), "invalid_value", "turn_detection.threshold"),
        (session(format={"type": "audio/pcm", "rate": "x"}), "invalid_value", "format.rate"),
        (session(format=5), "invalid_value", "format"),
        (session(transcription={"language": "klingonese"}), "invalid_value", "language"),
        (session(transcription={"prompt": "x" * 501}), "invalid_value", "prompt"),
        ({"type": "realtime"}, "invalid_value", "session.type"),
    ],
)
async def test_what_cannot_be_is_an_error_and_the_session_stays(
    server: ServerProcess, message: Any, code: str, param: str | None
) -> None:
    async with raw(server) as socket:
        await socket.recv()
        if isinstance(message, dict):
            message = json.dumps({"type": "session.update", "session": message, "event_id": "e1"})
        await socket.send(message)
        error = (await told(socket, "error"))[-1]["error"]
        assert error["code"] == code
        assert error["message"]
        assert (error["param"] or "").endswith(param or "")
        await tell(socket, "session.update", session=session())
        await told(socket, "session.updated")


async def test_minutes_in_one_message_and_none_beyond_the_bound(server: ServerProcess) -> None:
    async with raw(server) as socket:
        await socket.recv()
        await tell(socket, "session.update", session=session(turn_detection=None))
        await tell(socket, "input_audio_buffer.append", audio=b64(sound(1, 100)))
        await tell(socket, "input_audio_buffer.commit")
        done = (await told(socket, f"{ITEM}.completed"))[-1]
        assert done["usage"]["seconds"] == pytest.approx(101, abs=0.2)
        with pytest.raises(ConnectionClosed):
            await socket.send(b"x" * (17 * 2**20))
            await socket.recv()
        assert socket.close_code in (1009, 1006)


async def test_a_callers_share_of_places_is_refused_beyond_and_given_back(
    server: ServerProcess,
) -> None:
    async with raw(server) as one, raw(server) as other:
        await asyncio.gather(one.recv(), other.recv())
        with pytest.raises(InvalidStatus) as refused:
            async with raw(server):
                pass
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"]
    await asyncio.to_thread(wait_for_streams, server, 0)


async def test_semantic_vad_waits_for_the_end_of_a_sentence(server: ServerProcess) -> None:
    by_meaning = {"type": "semantic_vad", "eagerness": "high"}
    async with raw(server) as socket:
        await socket.recv()
        await tell(socket, "session.update", session=session(turn_detection=by_meaning))
        await tell(socket, "input_audio_buffer.append", audio=b64(sound(2, 1)))
        events = await told(socket, "input_audio_buffer.committed")
        assert events[0]["type"] == "session.updated"
        await told(socket, f"{ITEM}.completed")
