"""Clients of Wyoming who never read what they are answered, or who take many connections."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from app.routers.wyoming import wyoming_connection
from app.routers.wyoming.wyoming_server import WyomingServer
from app.settings import Settings, read_settings
from tests.server import free_port

TEXT = "x" * 100_000
PING = json.dumps({"type": "ping", "data_length": len(json.dumps({"text": TEXT}))}).encode() + b"\n"
PING += json.dumps({"text": TEXT}).encode()


async def test_one_who_never_reads_loses_his_place_and_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wyoming_connection, "_SEND_S", 0.2)
    settings = Settings()
    services: Any = SimpleNamespace(settings=settings, synthesizer=None)
    port = free_port()
    server = WyomingServer(services, port)
    await server.start()
    try:
        _, silent = await asyncio.open_connection("127.0.0.1", port, limit=2**10)
        with pytest.raises(ConnectionError):
            # He sends until his place is taken from him; what he is owed stays in bounds.
            async with asyncio.timeout(30):
                while True:
                    silent.write(PING)
                    await silent.drain()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"type": "ping", "data": {"text": "hello"}}\n')
        assert b'"pong"' in await asyncio.wait_for(reader.readline(), 30)
        writer.close()
    finally:
        await server.leave()


async def pong(address: str, port: int) -> bytes:
    """Return what a ping from an address is answered; empty where the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        writer.write(b'{"type": "ping", "data": {"text": "hello"}}\n')
        return await asyncio.wait_for(reader.readline(), 30)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_an_address_gets_half_of_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WYOMING_MAX_CONNECTIONS", "4")
    services: Any = SimpleNamespace(settings=read_settings(), synthesizer=None)
    port = free_port()
    server = WyomingServer(services, port)
    await server.start()
    held = []
    try:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b'{"type": "ping"}\n')
            assert b'"pong"' in await asyncio.wait_for(reader.readline(), 30)
            held.append(writer)
        assert await pong("127.0.0.1", port) == b""
        assert b'"pong"' in await pong("127.0.0.2", port)
        held.pop().close()
        async with asyncio.timeout(30):  # the place is free once the server has seen the end
            while b'"pong"' not in await pong("127.0.0.1", port):
                await asyncio.sleep(0.02)
    finally:
        for writer in held:
            writer.close()
        await server.leave()
