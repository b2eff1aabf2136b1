"""WebSockets of peers that send a lot in small pieces, against uvicorn with a small application."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.routers.edge.bounded_http import BoundedHttpProtocol
from app.routers.edge.bounded_websocket import BoundedWebSocket

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Application:
    """Answers each message with its size, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.protocols: list[BoundedWebSocket] = []
        self.left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            data = message["bytes"] if "bytes" in message else message["text"].encode()
            self.got.append(data)
            with suppress(ClientDisconnected):  # what came ahead of the end is read still
                await send({"type": "websocket.send", "text": str(len(data))})
        self.left.set()


@asynccontextmanager
async def connected() -> AsyncIterator[
    tuple[Application, asyncio.StreamReader, asyncio.StreamWriter]
]:
    """Serve on a loopback port, and open a WebSocket there."""
    app = Application()

    class Kept(BoundedWebSocket):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            app.protocols.append(self)

    config = uvicorn.Config(
        app, port=0, http=BoundedHttpProtocol, ws=Kept, log_config=None, lifespan="off"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_HANDSHAKE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    try:
        async with asyncio.timeout(60):
            yield app, reader, writer
    finally:
        writer.transport.abort()
        server.should_exit = True
        await task


def frame(opcode: int, data: bytes) -> bytes:
    """Return a frame of a client, whose mask changes nothing."""
    if len(data) < 126:
        return bytes([0x80 | opcode, 0x80 | len(data)]) + bytes(4) + data
    return bytes([0x80 | opcode, 0xFF]) + struct.pack(">Q", len(data)) + bytes(4) + data


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first, length = await reader.readexactly(2)
    return first & 15, await reader.readexactly(length)


async def test_small_frames_are_answered_in_order_and_none_is_lost() -> None:
    pings = [b"%06d" % number for number in range(5000)]
    large = bytes(3 * 2**17)
    async with connected() as (app, reader, writer):
        before = b"".join(frame(_PING, each) for each in pings)
        texts = b"".join(frame(_TEXT, b"x" * (number % 3 + 1)) for number in range(3000))
        writer.write(before + texts + frame(_BINARY, large) + frame(_CLOSE, b"\x03\xe8"))
        writer.write_eof()
        await app.left.wait()
        assert [len(each) for each in app.got] == [n % 3 + 1 for n in range(3000)] + [len(large)]
        answers = [await read_frame(reader) for _ in pings]
        assert [data for opcode, data in answers if opcode == _PONG] == pings


async def test_one_read_of_many_frames_leaves_turns_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []
    received = WebSocketsSansIOProtocol.data_received

    def count(protocol: WebSocketsSansIOProtocol, data: bytes) -> None:
        sizes.append(len(data))
        received(protocol, data)

    monkeypatch.setattr(WebSocketsSansIOProtocol, "data_received", count)
    async with connected() as (app, reader, writer):
        reading = asyncio.create_task(reader.read())
        writer.write(frame(_TEXT, b"") * 40_000 + frame(_CLOSE, b"\x03\xe8"))
        await app.left.wait()
        assert len(app.got) == 40_000
        assert max(sizes) <= 2**13, "more is parsed at a time"
        writer.close()
        await reading


async def test_who_sends_pings_and_reads_no_answers_is_read_no_further() -> None:
    async with connected() as (app, reader, writer):
        (protocol,) = app.protocols
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        block = frame(_PING, bytes(125)) * 1000
        while not protocol._owes_pongs:
            if not writer.transport.get_write_buffer_size():
                writer.write(block)
            await asyncio.sleep(0)
        held = protocol.transport.get_write_buffer_size()
        for _ in range(100):
            await asyncio.sleep(0)
        assert protocol.transport.get_write_buffer_size() <= held < 2**19
        assert len(protocol._unparsed) <= 2**19
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        writer.write(frame(_TEXT, b"still here"))
        while (await read_frame(reader))[0] != _TEXT:
            continue
        assert app.got == [b"still here"]
