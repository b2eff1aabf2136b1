import asyncio
import base64
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from app.services.net.egress_proxy import EgressProxy
from app.services.net.ssrf_guard import SsrfGuard
from tests.services.loopback import LoopbackServer, ReceivedRequest, head

pytestmark = pytest.mark.usefixtures("leaves_nothing")


async def private(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def proxy() -> AsyncIterator[EgressProxy]:
    async with EgressProxy(SsrfGuard(allow_private=True, resolver=private), 2.0).serving() as proxy:
        yield proxy


async def ask(proxy: EgressProxy, lines: list[str], *, password: bool = True) -> str:
    """Send a request as it is and return the whole answer."""
    address = urlsplit(proxy.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    if password:
        token = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
        lines = [*lines, f"Proxy-Authorization: Basic {token}"]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        return (await reader.read()).decode("latin-1")
    finally:
        writer.close()


async def test_a_plain_request_arrives_as_the_origin_expects_it(
    proxy: EgressProxy, web: LoopbackServer
) -> None:
    web.body("/a", b"body")
    url = web.url("/a?x=1", host="site.example")
    answer = await ask(proxy, [f"GET {url} HTTP/1.1", f"Host: site.example:{web.port}", "X-A: 1"])
    assert answer.startswith("HTTP/1.1 200")
    assert answer.endswith("body")
    (received,) = web.received
    assert received.target == "/a?x=1"
    assert received.headers["host"] == f"site.example:{web.port}"
    assert received.headers["x-a"] == "1"
    assert received.headers["connection"] == "close"
    assert "proxy-authorization" not in received.headers


async def test_a_request_body_passes(proxy: EgressProxy, web: LoopbackServer) -> None:
    got: list[bytes] = []

    async def echo(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        got.append(b"")
        writer.write(head(200, length=2) + b"ok")

    web.routes["/a"] = echo
    async with httpx.AsyncClient(proxy=proxy.url, trust_env=False) as client:
        response = await client.post(web.url("/a"), content=b"x" * 100_000)
    assert response.text == "ok"


async def test_a_tunnel_passes_bytes_both_ways(proxy: EgressProxy) -> None:
    async def upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data.upper())
        writer.close()

    server = await asyncio.start_server(upper, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = urlsplit(proxy.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    token = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
    request = f"CONNECT site.example:{port} HTTP/1.1\r\nProxy-Authorization: Basic {token}"
    writer.write(f"{request}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    for word in (b"one", b"two"):
        writer.write(word)
        assert await reader.readexactly(3) == word.upper()
    writer.close()
    server.close()


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "rebind.example"]
)
async def test_private_addresses_are_refused(web: LoopbackServer, method: str, host: str) -> None:
    async with EgressProxy(SsrfGuard(resolver=private), 2.0).serving() as proxy:
        target = f"{host}:{web.port}" if method == "CONNECT" else f"http://{host}:{web.port}/a"
        answer = await ask(proxy, [f"{method} {target} HTTP/1.1"])
        assert answer.startswith("HTTP/1.1 403")
        assert proxy.blocked is not None
    assert web.connections == 0


async def test_metadata_services_are_refused_even_where_private_addresses_are_not(
    proxy: EgressProxy,
) -> None:
    answer = await ask(proxy, ["CONNECT 169.254.169.254:80 HTTP/1.1"])
    assert answer.startswith("HTTP/1.1 403")


@pytest.mark.parametrize("target", ["ftp://site.example/", "/a", "file:///etc/passwd", "*"])
async def test_other_schemes_are_refused(proxy: EgressProxy, target: str) -> None:
    assert (await ask(proxy, [f"GET {target} HTTP/1.1"])).startswith("HTTP/1.1 403")


async def test_strangers_are_refused(proxy: EgressProxy, web: LoopbackServer) -> None:
    web.body("/a", b"secret")
    request = [f"GET {web.url('/a')} HTTP/1.1"]
    assert (await ask(proxy, request, password=False)).startswith("HTTP/1.1 407")
    wrong = base64.b64encode(b"cuestream:wrong").decode()
    wrong_lines = [*request, f"Proxy-Authorization: Basic {wrong}"]
    assert (await ask(proxy, wrong_lines, password=False)).startswith("HTTP/1.1 407")
    assert web.connections == 0


async def test_nobody_at_the_other_end(proxy: EgressProxy) -> None:
    answer = await ask(proxy, ["CONNECT site.example:1 HTTP/1.1"])
    assert answer.startswith("HTTP/1.1 502")
    assert proxy.blocked is None


async def test_two_proxies_have_two_passwords() -> None:
    async with (
        EgressProxy(SsrfGuard(), 1.0).serving() as one,
        EgressProxy(SsrfGuard(), 1.0).serving() as two,
    ):
        assert urlsplit(one.url).password != urlsplit(two.url).password


async def test_closing_cuts_what_is_open(web: LoopbackServer) -> None:
    async def endless(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=None))
        while True:
            writer.write(bytes(2**16))
            await writer.drain()

    web.routes["/a"] = endless
    async with EgressProxy(SsrfGuard(allow_private=True), 2.0).serving() as proxy:
        address = urlsplit(proxy.url)
        token = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            f"GET {web.url('/a')} HTTP/1.1\r\nProxy-Authorization: Basic {token}\r\n\r\n".encode()
        )
        await reader.readexactly(1000)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(2**26)
    writer.close()
