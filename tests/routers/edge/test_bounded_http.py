"""Connections and request heads, against uvicorn itself with a small application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from app.routers.edge import bounded_http, bounded_transport
from app.routers.edge.bounded_http import HEALTH_PATHS, MAX_HEAD_BYTES, PLACES, BoundedHttpProtocol
from app.routers.edge.connection_places import RESERVE, ConnectionPlaces

HEAD = b"Host: x\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HEAD
LAST = GET + b"Connection: close\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\n" + HEAD
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class Application:
    """Answers with the size of the body; `/wait` when told, `/early` before it has read."""

    def __init__(self, places: ConnectionPlaces | None) -> None:
        self.places = places
        self.go_on = asyncio.Event()
        self.waiting = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        size = 0
        if scope["path"] == "/wait":
            self.waiting += 1
            await self.go_on.wait()
        elif scope["path"] != "/early":
            size = await self._read(receive)
        body = (b"x" * 2**24) if scope["path"] == "/large" else str(size).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _read(self, receive: Any) -> int:
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return size

    async def _lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        scope["state"][HEALTH_PATHS] = frozenset({b"/ping"})
        if self.places is not None:
            scope["state"][PLACES] = self.places
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def serving(places: ConnectionPlaces | None = None) -> AsyncIterator[tuple[int, Application]]:
    """Serve on a loopback port."""
    app = Application(places)
    config = uvicorn.Config(
        app,
        port=0,
        http=BoundedHttpProtocol,
        ws="none",
        log_config=None,
        lifespan="on",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], app
    finally:
        app.go_on.set()
        server.should_exit = True
        await task


async def ask(port: int, data: bytes) -> bytes:
    """Send bytes and return what comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sending = asyncio.create_task(_send(writer, data))
    async with asyncio.timeout(30):
        answer = await reader.read()
    await sending
    writer.close()
    return answer


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    try:
        writer.write(data)
        await writer.drain()
    except ConnectionError:
        return


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"nosniff" in head
    return int(head.split()[1]), json.loads(body)["code"]


TOO_LARGE = (431, "headers_too_large")
INVALID = (400, "invalid_request")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET /" + b"a" * 10**6, TOO_LARGE),
        (b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", TOO_LARGE),
        (GET + b"X: " + b"a" * 10**6, TOO_LARGE),
        (GET + b"a" * 10**6, TOO_LARGE),
        (GET + b"a: b\r\n" * 100 + b"\r\n", TOO_LARGE),
        (b"\r\n" * 10**6, TOO_LARGE),
        (CHUNKED + b"5;" + b"a" * 10**6, TOO_LARGE),
        (CHUNKED + b"0\r\n" + b"a" * 10**6, TOO_LARGE),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * 200 + b"\r\n", TOO_LARGE),
        (CHUNKED + b"zz\r\n", INVALID),
        (POST + b"Content-Length: -1\r\n\r\n", INVALID),
        (POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", INVALID),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", INVALID),
        (b"\x16\x03\x01\x02\x00", INVALID),
        ((GET + b"\r\n") * 1000, INVALID),
    ],
    ids=range(15),
)
async def test_what_no_client_sends_is_refused(data: bytes, expected: tuple[int, str]) -> None:
    async with serving() as (port, _):
        assert code_of(await ask(port, data)) == expected


async def test_what_clients_send_is_served() -> None:
    many = b"".join(b"h%d: v\r\n" % number for number in range(98))
    async with serving() as (port, _):
        assert (await ask(port, GET + many + b"Connection: close\r\n\r\n")).endswith(b"\r\n\r\n0")
        large = b"X: " + b"a" * (MAX_HEAD_BYTES - 1000) + b"\r\n"
        assert (await ask(port, GET + large + b"Connection: close\r\n\r\n")).endswith(b"0")
        assert (await ask(port, (GET + b"\r\n") * 5 + LAST)).count(b"200 OK") == 6
        chunks = b"1\r\nx\r\n" * 50_000 + b"0\r\nTrailer: x\r\n\r\n"
        assert (await ask(port, CHUNKED + chunks + LAST)).count(b"200 OK") == 2


async def test_an_answer_arrives_although_the_body_is_still_coming() -> None:
    async with serving() as (port, _):
        early = b"POST /early HTTP/1.1\r\nConnection: close\r\n" + HEAD
        for _ in range(5):
            answer = await ask(port, early + b"Content-Length: 30000000\r\n\r\n" + bytes(3 * 10**7))
            assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_a_connection_serves_on_after_a_body_that_nobody_read() -> None:
    async with serving() as (port, _):
        early = b"POST /early HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\n\r\nhello"
        assert (await ask(port, early + LAST)).count(b"200 OK") == 2


async def test_slow_heads_and_bodies_that_nobody_reads_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "HEAD_S", 0.1)
    monkeypatch.setattr(bounded_http, "CLOSE_S", 0.1)
    async with serving() as (port, _):
        assert await ask(port, b"") == b"", "who says nothing hears nothing"
        for begun in (b"G", b"\r\n", b"GET / HTTP/1.1\r\nHo"):
            assert code_of(await ask(port, begun)) == (408, "request_timeout")
        early = b"POST /early HTTP/1.1\r\n" + HEAD + b"Content-Length: 500\r\n\r\nhello"
        assert (await ask(port, early)).startswith(b"HTTP/1.1 200 OK")
        second = await ask(port, GET + b"\r\nGET /a HT")
        assert (second.count(b"200 OK"), second.count(b"408")) == (1, 1)


async def test_who_takes_no_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_transport, "_STALL_S", 0.2)
    places = ConnectionPlaces(10, lambda _: False)
    async with serving(places) as (port, _):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET /large HTTP/1.1\r\n" + HEAD + b"\r\n")
        await until(lambda: places.count == 1)
        await until(lambda: places.count == 0)
        writer.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def test_idle_connections_give_way_and_busy_ones_leave_room_for_health() -> None:
    places = ConnectionPlaces(8, lambda _: True)
    async with serving(places) as (port, app):
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
        await until(lambda: places.count <= 8)
        assert (await ask(port, LAST)).startswith(b"HTTP/1.1 200")
        busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
        for _, writer in busy:
            writer.write(b"GET /wait HTTP/1.1\r\n" + HEAD + b"\r\n")
        await until(lambda: app.waiting == 8)
        assert code_of(await ask(port, LAST)) == (429, "overloaded")
        health = await ask(port, LAST.replace(b"/a", b"/ping?x=1"))
        assert health.startswith(b"HTTP/1.1 200"), health
        app.go_on.set()
        for reader, _ in busy:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200"), "none of them is lost"
        assert (await ask(port, LAST)).startswith(b"HTTP/1.1 200")
        for _, writer in [*idle, *busy]:
            writer.close()


class Connection:
    def __init__(self) -> None:
        self.evicted = False

    def evict(self) -> None:
        self.evicted = True


async def test_one_address_gets_half_of_the_places_unless_it_is_a_proxy() -> None:
    places = ConnectionPlaces(8, lambda peer: peer == "proxy")
    greedy = [Connection() for _ in range(6)]
    for connection in greedy:
        places.enter(connection, "greedy")
    assert [each.evicted for each in greedy] == [True, True, False, False, False, False]
    for connection in greedy[2:]:
        assert not places.work(connection)
    more = Connection()
    places.enter(more, "greedy")
    assert places.work(more), "surplus"
    behind = [Connection() for _ in range(3)]
    for connection in behind:
        places.enter(connection, "proxy")
    assert not any(each.evicted for each in behind)
    assert places.count == 8


async def test_a_flood_is_turned_away_at_once() -> None:
    places = ConnectionPlaces(4, lambda _: True)
    busy = [Connection() for _ in range(4 + RESERVE)]
    for connection in busy:
        places.enter(connection, "proxy")
        places.work(connection)
    late = Connection()
    places.enter(late, "proxy")
    assert late.evicted
    assert not any(each.evicted for each in busy)
    for connection in [*busy, late]:
        places.leave(connection)
        places.leave(connection)
    assert places.count == 0
