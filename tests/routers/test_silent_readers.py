"""Clients of Wyoming who send and never read what they are answered."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from app.routers.wyoming import wyoming_connection
from app.routers.wyoming.wyoming_server import WyomingServer
from app.settings import Settings
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
