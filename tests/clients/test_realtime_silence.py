"""Live clients who send no sound, or who read nothing, do not hold their places."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from tests.clients.test_live import wait_for_streams
from tests.clients.test_realtime import KEY, raw, session
from tests.server import ServerProcess

UPDATE = {"type": "session.update", "session": session(turn_detection=None)}

WITHOUT_SOUND: tuple[dict[str, Any], ...] = (
    UPDATE,
    {"type": "input_audio_buffer.clear"},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.append", "audio": ""},
    {"type": "no.such"},
)
LISTEN = "/v1/listen?encoding=mulaw&sample_rate=8000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"API_KEYS": KEY, "ASR_SELF_TEST": "false", "LIVE_IDLE_S": "2"}
    app = "tests.clients.scripted_engines:application()"
    started = ServerProcess(tmp_path_factory.mktemp("silence"), settings, app)
    started.wait_ready()
    yield started
    started.stop()


async def test_one_who_sends_nothing_is_told_and_gives_the_place_back(
    server: ServerProcess,
) -> None:
    async with raw(server) as socket_, asyncio.timeout(60):
        assert json.loads(await socket_.recv())["type"] == "session.created"
        with pytest.raises(ConnectionClosed):
            await socket_.recv()
        assert (socket_.close_code, socket_.close_reason) == (1001, "No sound came any more")
    await asyncio.to_thread(wait_for_streams, server, 0)


async def test_events_without_sound_hold_no_place(server: ServerProcess) -> None:
    """Each client alone, all at once: they speak oftener than the limit of silence."""
    commands = ({"type": "KeepAlive"}, {"type": "Finalize"})
    await asyncio.gather(
        *(ended(server, "/v1/realtime", (event,), 1001) for event in WITHOUT_SOUND),
        ended(server, LISTEN, commands, 1011),
    )
    await asyncio.to_thread(wait_for_streams, server, 0)


async def ended(
    server: ServerProcess, path: str, events: tuple[dict[str, Any], ...], code: int
) -> None:
    """Send events, never with sound, until the server closes the connection."""
    async with raw(server, path) as socket_, asyncio.timeout(60):
        with pytest.raises(ConnectionClosed):
            while True:
                for event in events:
                    await socket_.send(json.dumps(event))
                await asyncio.sleep(0.2)
        closed = (socket_.close_code, socket_.close_reason)
        assert closed == (code, "No sound came any more"), events


def test_one_who_reads_nothing_loses_the_place(server: ServerProcess) -> None:
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(120)
        peer.connect(("127.0.0.1", server.port))
        head = (
            "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        )
        head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        peer.sendall(f"{head}Authorization: Bearer {KEY}\r\n\r\n".encode())
        wait_for_streams(server, 1)
        data = json.dumps(UPDATE).encode()
        frame = Frame(Opcode.TEXT, data).serialize(mask=True)
        with pytest.raises((ConnectionError, TimeoutError)):
            # Each is answered, so the server stops reading once its answers are not taken.
            for _ in range(10**6):
                peer.sendall(frame * 20)
        _wait_for_no_stream(server)


def _wait_for_no_stream(server: ServerProcess) -> None:
    """Wait for longer than the transport's patience with a full buffer."""
    deadline = time.monotonic() + 180
    with server.client() as client:
        while client.get("/health").json()["live"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
