"""Bodies: as large, as slow and as many as their routes allow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.domain.errors import OverloadedError, PayloadTooLargeError, RequestTimeoutError
from app.routers.edge import request_body
from app.routers.edge.body_memory import FREE_BYTES, BodyMemory
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import DEFAULT_BYTES, RequestBody

MIB = 2**20


class Sender:
    """Sends a body in pieces, then nothing."""

    def __init__(
        self, pieces: Sequence[bytes], *, ends: bool = True, pause_s: float | None = None
    ) -> None:
        self._pause_s = pause_s
        self._pieces = list(pieces)
        self._ends = ends
        self.sent = 0

    async def receive(self) -> dict[str, Any]:
        if not self._pieces:
            await asyncio.Event().wait()
        if self._pause_s is not None:
            await asyncio.sleep(self._pause_s)
        piece = self._pieces.pop(0)
        self.sent += len(piece)
        more = bool(self._pieces) or not self._ends
        return {"type": "http.request", "body": piece, "more_body": more}


def body(sender: Sender, declared: bytes = b"", memory: BodyMemory | None = None) -> RequestBody:
    return RequestBody(sender.receive, declared, memory or BodyMemory())


async def read(body: RequestBody) -> int:
    size = 0
    while True:
        message = await body.receive()
        size += len(message["body"])
        if not message["more_body"]:
            return size


async def test_a_body_is_as_large_as_its_route_allows() -> None:
    sender = Sender([bytes(2**16)] * 100)
    with pytest.raises(PayloadTooLargeError):
        await read(body(sender))
    assert DEFAULT_BYTES < sender.sent <= DEFAULT_BYTES + 2**16
    allowed = body(Sender([bytes(2**16)] * 100))
    allowed.allow(100 * 2**16)
    assert await read(allowed) == 100 * 2**16


@pytest.mark.parametrize("declared", [b"1048577", b"0001048577", b"9" * 5000])
async def test_a_declared_length_is_refused_before_a_byte_is_read(declared: bytes) -> None:
    sender = Sender([b"x"])
    with pytest.raises(PayloadTooLargeError):
        await read(body(sender, declared))
    assert sender.sent == 0


@pytest.mark.parametrize("declared", [b"", b"-1", b"abc", b"000000000000000000005", b"1048576"])
async def test_other_lengths_are_left_to_the_count(declared: bytes) -> None:
    assert await read(body(Sender([b"abcde"]), declared)) == 5


async def test_a_body_that_falls_silent_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "SILENCE_S", 0.01)
    sender = Sender([b"x"], ends=False)
    with pytest.raises(RequestTimeoutError):
        await read(body(sender))
    assert sender.sent == 1


async def test_a_body_that_drips_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "_GRACE_S", 0.05)
    sender = Sender([b"x"] * 1000, pause_s=0.01)
    with pytest.raises(RequestTimeoutError):
        await read(body(sender))
    assert sender.sent < 10, "a byte earns a fraction of a millisecond"


async def test_the_memory_of_bodies_is_shared_and_given_back() -> None:
    memory = BodyMemory()
    held = []
    for caller in ("one", "two"):
        large = body(Sender([bytes(MIB)] * 32), memory=memory)
        large.allow(32 * MIB)
        large.charge(caller)
        assert await read(large) == 32 * MIB
        held.append(large)
    assert memory.held_bytes == 64 * MIB - 2 * FREE_BYTES
    third = body(Sender([bytes(MIB)]), memory=memory)
    third.charge("three")
    with pytest.raises(OverloadedError):
        await read(third)
    small = body(Sender([bytes(FREE_BYTES)]), memory=memory)
    assert await read(small) == FREE_BYTES, "ordinary requests go on"
    for each in held:
        each.release()
    assert memory.held_bytes == 0


async def test_one_caller_gets_half_of_it_and_files_none() -> None:
    memory = BodyMemory()
    greedy = body(Sender([bytes(MIB)] * 40), memory=memory)
    greedy.allow(100 * MIB)
    with pytest.raises(OverloadedError):
        await read(greedy)
    assert memory.held_bytes <= 32 * MIB
    greedy.release()
    file = body(Sender([bytes(MIB)] * 40), memory=memory)
    file.allow(100 * MIB, in_memory=False)
    assert await read(file) == 40 * MIB
    assert memory.held_bytes == 0


async def test_a_body_of_single_bytes_is_one_piece_of_memory() -> None:
    sender = Sender([bytes([b]) for b in b'{"a": [1]}'])
    request = JsonRequest({"type": "http", "headers": []}, sender.receive)
    assert await request.json() == {"a": [1]}
    assert await request.body() == b'{"a": [1]}'
