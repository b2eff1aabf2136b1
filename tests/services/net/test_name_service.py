"""Names by a real name server on loopback that is slow, wrong, or silent."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import aiodns
import pytest

from app.domain.errors import SourceError, UrlBlockedError
from app.services.net.name_service import NameService, system_resolver
from app.services.net.ssrf_guard import SsrfGuard

Answer = Callable[[bytes], bytes | None]


class _Questions(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.names: list[bytes] = []
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        self.names.append(data[12:])
        answer = self.answer(data)
        if answer is not None and self.transport is not None:
            self.transport.sendto(answer, addr)


def addresses(*found: str) -> Answer:
    """Answer each question for IPv4 with addresses, that for IPv6 with none. Source: RFC 1035."""

    def answer(question: bytes) -> bytes:
        end = question.index(b"\0", 12) + 5
        is_ipv4 = question[end - 4 : end - 2] == b"\0\1"
        shown = found if is_ipv4 else ()
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(shown), 0, 0)
        records = b"".join(
            b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 4) + socket.inet_aton(each)
            for each in shown
        )
        return head + question[12:end] + records

    return answer


@asynccontextmanager
async def name_service(answer: Answer) -> AsyncIterator[tuple[NameService, _Questions]]:
    loop = asyncio.get_running_loop()
    transport, questions = await loop.create_datagram_endpoint(
        lambda: _Questions(answer), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    resolver = aiodns.DNSResolver(["127.0.0.1"], loop=loop, udp_port=port, timeout=60, tries=1)
    try:
        yield NameService(resolver), questions
    finally:
        transport.close()
        await resolver.close()


async def test_addresses_of_a_name() -> None:
    async with name_service(addresses("192.0.2.7", "192.0.2.8")) as (names, questions):
        assert sorted(await names.addresses("media.example", 80)) == ["192.0.2.7", "192.0.2.8"]
        assert questions.names


async def test_slow_names_delay_no_other_work_and_no_other_name() -> None:
    async with name_service(lambda _: None) as (names, _):
        slow = [asyncio.create_task(names.addresses(f"n{n}.example", 80)) for n in range(100)]
        await asyncio.sleep(0)
        assert await asyncio.to_thread(lambda: "a thread is free") == "a thread is free"
        assert "127.0.0.1" in await names.addresses("localhost", 80)
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)


async def test_a_name_without_an_answer_has_a_deadline() -> None:
    async with name_service(lambda _: None) as (names, _):
        guard = SsrfGuard(timeout_s=0.1, resolver=names.addresses)
        with pytest.raises(SourceError, match="did not answer in time"):
            await guard.addresses("slow.example", 80)


async def test_unknown_names_and_broken_servers() -> None:
    def refuse(code: int) -> Answer:
        return lambda q: q[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 0, 0, 0) + q[12:]

    async with name_service(refuse(3)) as (names, _):
        with pytest.raises(UrlBlockedError, match="not known"):
            await SsrfGuard(resolver=names.addresses).addresses("none.example", 80)
    async with name_service(refuse(2)) as (names, _):
        with pytest.raises(SourceError, match="did not answer"):
            await SsrfGuard(resolver=names.addresses).addresses("broken.example", 80)
    with pytest.raises(UrlBlockedError):
        await SsrfGuard(resolver=names.addresses).addresses("a" * 300 + ".example", 80)


async def test_few_of_many_addresses_are_tried_and_all_are_checked() -> None:
    public = [f"1.1.1.{n}" for n in range(1, 21)]
    async with name_service(addresses(*public)) as (names, _):
        found = await SsrfGuard(resolver=names.addresses).addresses("many.example", 80)
        assert len(found) == 8
    async with name_service(addresses(*public, "10.0.0.1")) as (names, _):
        with pytest.raises(UrlBlockedError, match="not a public one"):
            await SsrfGuard(resolver=names.addresses).addresses("many.example", 80)


async def test_the_machines_own_names() -> None:
    assert "127.0.0.1" in await system_resolver("localhost", 80)
    assert await system_resolver("127.1", 80) == ["127.0.0.1"]
    assert await system_resolver("2130706433", 80) == ["127.0.0.1"]
    assert await system_resolver("::1", 80) == ["::1"]
