"""Socket.IO messages that no client sends, to the real server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from engineio.async_socket import AsyncSocket
from engineio.packet import MESSAGE, Packet
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from app.routers import bounded_engineio
from app.routers.bounded_engineio import BoundedEngine
from tests.conftest import StartServer
from tests.server import DEAF, ServerProcess

JOIN = '40/live,{"token":"alpha"}'
JOINED = "40/live,{"


@pytest.fixture(scope="module")
def locked(start_server: StartServer) -> ServerProcess:
    server = start_server(
        ready=False, API_KEYS="alpha", LIVE_OPEN="false", LIVE_MAX_SESSIONS="2", **DEAF
    )
    server.wait_listening()
    return server


@contextmanager
def connected(server: ServerProcess, *, join: bool = True) -> Iterator[ClientConnection]:
    address = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    with connect(address, proxy=None, max_size=None, max_queue=1) as client:
        assert str(client.recv(30)).startswith('0{"sid"')
        if join:
            client.send(JOIN)
            assert str(client.recv(30)).startswith(JOINED)
        yield client


def until_closed(client: ClientConnection) -> list[str]:
    """Return what comes before the server closes."""
    heard = []
    with pytest.raises(ConnectionClosed):
        while True:
            heard.append(str(client.recv(30)))
    return heard


def until_connected(server: ServerProcess, limit_s: float = 60) -> None:
    """Connect as soon as there is a place: one that was left is free a moment later."""
    deadline_s = time.monotonic() + limit_s
    while True:
        try:
            with connected(server):
                return
        except InvalidStatus:
            assert time.monotonic() < deadline_s, "the places are not given back"
            time.sleep(0.02)


@pytest.mark.parametrize(
    "message",
    [
        '510000000000-/live,["audio_chunk",{"_placeholder":true,"num":0}]',
        '52-/live,["audio_chunk",{"_placeholder":true,"num":0}]',
        "42/live," + "[" * 10_000,
        '42/live,{"a":1}',
        "42/live,[]",
        '42/live,[{"a":1}]',
        '42/live,\u00b2["a"]',
        "43/live,1[]",
        "44/live",
        "4",
        "4[[",
        "47",
        "",
        "x",
        "6",
        "b4AAAA",
        '42/live,["audio_chunk","' + "a" * 20_000 + '"]',
        b"sound without its event",
        b"x" * 600_000,
    ],
    ids=range(19),
)
def test_what_no_client_sends_ends_its_connection(
    locked: ServerProcess, message: str | bytes
) -> None:
    with connected(locked) as client:
        client.send(message)
        until_closed(client)


def test_an_attachment_without_a_place_ends_its_connection(locked: ServerProcess) -> None:
    with connected(locked) as client:
        client.send('51-/live,["audio_chunk",{"_placeholder":true,"num":"a"}]')
        client.send(b"sound")
        until_closed(client)


def test_a_message_of_endless_empty_frames_ends(locked: ServerProcess) -> None:
    with connected(locked) as client, pytest.raises(ConnectionClosed):
        client.send(iter([""] * 100_000))
        until_closed(client)


@pytest.mark.parametrize(
    "first",
    [
        "40",
        "40/",
        "40/other,",
        '40/live,{"token":"\\ud800"}',
        '40/live,{"token":"beta"}',
        "40/live",
    ],
)
def test_nobody_connects_without_permission(locked: ServerProcess, first: str) -> None:
    with connected(locked, join=False) as client:
        client.send(first)
        answer = str(client.recv(30))
        assert answer.startswith("44"), answer
        client.send('42/live,["start_stream",{}]')
        heard = until_closed(client)
        assert not [each for each in heard if each.startswith("4")]


@pytest.mark.parametrize("first", ['42/live,["start_stream",{}]', b"x" * 1000])
def test_nothing_is_held_for_who_has_no_permission(
    locked: ServerProcess, first: str | bytes
) -> None:
    with connected(locked, join=False) as client:
        client.send(first)
        until_closed(client)


def test_who_asks_for_nothing_is_sent_away(locked: ServerProcess) -> None:
    with connected(locked, join=False) as client:
        until_closed(client)


def test_a_caller_gets_so_many_connections(locked: ServerProcess) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(connected(locked))
        with pytest.raises(InvalidStatus), connected(locked):
            pass
    until_connected(locked)


async def test_who_does_not_read_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_engineio, "_FAREWELL_S", 0.0)
    engine = BoundedEngine(async_mode="asgi")
    client = engine.sockets["a"] = AsyncSocket(engine, "a")
    for number in range(1000):
        await engine.send_packet("a", Packet(MESSAGE, str(number)))
    assert client.queue.qsize() == 256
    while not client.closed:
        await asyncio.sleep(0)
    assert client.queue.qsize() == 257, "the farewell"


def test_a_request_that_is_no_websocket_is_refused(locked: ServerProcess) -> None:
    with locked.client() as client:
        for headers in ({}, {"Upgrade": "websocket"}):
            answer = client.get("/socket.io/?EIO=4&transport=websocket", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        body = json.dumps([1] * 1000)
        assert client.post("/socket.io/?EIO=4&sid=x", content=body).status_code == 400


def test_none_of_this_was_a_defect(locked: ServerProcess) -> None:
    assert "Traceback" not in locked.log
    assert "Error" not in locked.log
