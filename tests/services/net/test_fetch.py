import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from app.domain.errors import PayloadTooLargeError, SourceError, UrlBlockedError
from app.services.net.fetch import Fetcher
from app.services.net.ssrf_guard import SsrfGuard
from app.services.net.transfer import MAX_REDIRECTS
from app.settings import SourceSettings
from tests.services.loopback import LoopbackServer, ReceivedRequest, head

pytestmark = pytest.mark.usefixtures("leaves_nothing")

DATA = bytes(range(256)) * 4096  # 1 MiB
ETAG = '"v1"'


def resolver(*answers: list[str]) -> Callable[[str, int], Awaitable[list[str]]]:
    """Answer each question with the next answer; the last one repeats."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


def fetcher(guard: SsrfGuard | None = None, **settings: object) -> Fetcher:
    given = SourceSettings.model_validate({"fetch_connect_s": 2, "fetch_read_s": 2, **settings})
    return Fetcher(given, guard or SsrfGuard(allow_private=True))


async def fetched(url: str, fetcher: Fetcher) -> bytes:
    async with fetcher.get(url) as body:
        return b"".join([chunk async for chunk in body.chunks])


class Flaky:
    """Serves a body and cuts the connection after so many bytes of each answer."""

    def __init__(self, data: bytes, cuts: list[int], **fields: str) -> None:
        self.data = data
        self.cuts = cuts
        self.fields = fields
        self.ranges = True
        self.content_range = ""

    async def __call__(self, received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        start = 0
        wanted = received.headers.get("range", "")
        if wanted and self.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            last = len(self.data) - 1
            span = self.content_range or f"bytes {start}-{last}/{len(self.data)}"
            answer = head(206, length=len(self.data) - start, Content_Range=span, **self.fields)
        else:
            answer = head(200, length=len(self.data), **self.fields)
        cut = self.cuts.pop(0) if self.cuts else len(self.data)
        writer.write(answer + self.data[start : start + cut])
        await writer.drain()


async def test_a_body_with_its_kind_and_length(web: LoopbackServer) -> None:
    url = web.body("/a", DATA, "Audio/MPEG; charset=x")
    async with fetcher().get(url) as body:
        assert body.content_type == "audio/mpeg"
        assert body.length == len(DATA)
        assert b"".join([chunk async for chunk in body.chunks]) == DATA
    (received,) = web.received
    assert received.headers["host"] == f"127.0.0.1:{web.port}"
    assert received.headers["accept-encoding"] == "identity"
    assert "range" not in received.headers


async def test_the_connection_goes_to_the_checked_address_and_the_name_stays(
    web: LoopbackServer,
) -> None:
    url = web.body("/a", b"body").replace("127.0.0.1", "media.example")
    guard = SsrfGuard(allow_private=True, resolver=resolver(["127.0.0.1"]))
    assert await fetched(url, fetcher(guard)) == b"body"
    assert web.received[0].headers["host"] == f"media.example:{web.port}"


async def test_a_name_that_changes_its_mind_gains_nothing(web: LoopbackServer) -> None:
    # Nobody listens at the first answer; later ones are this server.
    url = web.body("/a", b"secret").replace("127.0.0.1", "rebind.example")
    guard = SsrfGuard(allow_private=True, resolver=resolver(["127.0.0.2"], ["127.0.0.1"]))
    with pytest.raises(SourceError):
        await fetched(url, fetcher(guard, fetch_connect_s=0.3))
    assert web.connections == 0


async def test_one_private_address_among_public_ones_blocks_the_name(web: LoopbackServer) -> None:
    url = web.body("/a", b"secret").replace("127.0.0.1", "mixed.example")
    guard = SsrfGuard(resolver=resolver(["1.1.1.1", "127.0.0.1"]))
    with pytest.raises(UrlBlockedError):
        await fetched(url, fetcher(guard))
    assert web.connections == 0


async def test_the_next_address_is_tried_when_one_does_not_answer(web: LoopbackServer) -> None:
    url = web.body("/a", b"body").replace("127.0.0.1", "two.example")
    guard = SsrfGuard(allow_private=True, resolver=resolver(["127.0.0.99", "127.0.0.1"]))
    assert await fetched(url, fetcher(guard)) == b"body"


async def test_private_addresses_are_not_asked(web: LoopbackServer) -> None:
    for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"):
        with pytest.raises(UrlBlockedError):
            await fetched(f"http://{host}:{web.port}/a", fetcher(SsrfGuard()))
    assert web.connections == 0


def redirect(web: LoopbackServer, path: str, target: str, status: int = 302) -> str:
    async def respond(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, length=0, Location=target, Set_Cookie="a=b"))

    web.routes[path] = respond
    return web.url(path)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(web: LoopbackServer, status: int) -> None:
    web.body("/b/c", b"body")
    redirect(web, "/b/b", "c", status)
    assert await fetched(redirect(web, "/a", "/b/b", status), fetcher()) == b"body"
    assert [received.target for received in web.received] == ["/a", "/b/b", "/b/c"]
    assert all("cookie" not in received.headers for received in web.received)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "//user:password@127.0.0.1/",
    ],
)
async def test_redirects_are_checked(web: LoopbackServer, target: str) -> None:
    with pytest.raises(UrlBlockedError):
        await fetched(redirect(web, "/a", target), fetcher())
    assert len(web.received) == 1


async def test_a_redirect_from_a_public_to_a_private_address(web: LoopbackServer) -> None:
    web.body("/secret", b"secret")
    outside = redirect(web, "/a", f"http://inside.example:{web.port}/secret")

    async def resolve(host: str, _port: int) -> list[str]:
        # Stands for a public host: the only address that a test may reach.
        return ["127.0.0.1"] if host == "127.0.0.1" else ["169.254.169.254"]

    with pytest.raises(UrlBlockedError):
        await fetched(outside, fetcher(SsrfGuard(allow_private=True, resolver=resolve)))
    assert [received.target for received in web.received] == ["/a"]


async def test_redirects_end_somewhere(web: LoopbackServer) -> None:
    with pytest.raises(SourceError, match="redirects too often"):
        await fetched(redirect(web, "/a", "/a"), fetcher())
    assert len(web.received) == MAX_REDIRECTS + 1


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
async def test_refusals_say_their_status(web: LoopbackServer, status: int) -> None:
    async def respond(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, length=5) + b"sorry")

    web.routes["/a"] = respond
    with pytest.raises(SourceError, match=str(status)) as caught:
        await fetched(web.url("/a"), fetcher())
    assert caught.value.retryable is (status not in (401, 404, 410))


async def test_nobody_listens(web: LoopbackServer) -> None:
    with pytest.raises(SourceError, match="cannot be reached"):
        await fetched("http://127.0.0.1:1/a", fetcher())


async def test_a_server_that_says_nothing(web: LoopbackServer) -> None:
    async def silent(_received: ReceivedRequest, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    web.routes["/a"] = silent
    with pytest.raises(SourceError, match="did not answer"):
        await fetched(web.url("/a"), fetcher(fetch_read_s=0.3))


async def test_what_is_no_http(web: LoopbackServer) -> None:
    async def babble(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    web.routes["/a"] = babble
    with pytest.raises(SourceError):
        await fetched(web.url("/a"), fetcher())


async def test_announced_size_is_limited_before_anything_is_read(web: LoopbackServer) -> None:
    async def huge(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=3 * 2**20))
        await writer.drain()

    web.routes["/a"] = huge
    with pytest.raises(PayloadTooLargeError) as caught:
        await fetched(web.url("/a"), fetcher(max_download_mb=2))
    assert caught.value.limit_mb == 2


async def test_size_is_limited_while_reading(web: LoopbackServer) -> None:
    async def endless(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=None))
        while True:
            writer.write(bytes(2**16))
            await writer.drain()

    web.routes["/a"] = endless
    with pytest.raises(PayloadTooLargeError):
        await fetched(web.url("/a"), fetcher(max_download_mb=2))


async def test_a_broken_download_goes_on_where_it_broke(web: LoopbackServer) -> None:
    web.routes["/a"] = Flaky(DATA, [100_000, 300_000, 1], ETag=ETAG)
    assert await fetched(web.url("/a"), fetcher()) == DATA
    ranges = [received.headers.get("range") for received in web.received]
    assert ranges == [None, "bytes=100000-", "bytes=400000-", "bytes=400001-"]
    assert all(received.headers["if-range"] == ETAG for received in web.received[1:])


async def test_a_date_tells_versions_apart_too(web: LoopbackServer) -> None:
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    web.routes["/a"] = Flaky(DATA, [100_000], Last_Modified=date)
    assert await fetched(web.url("/a"), fetcher()) == DATA
    assert web.received[1].headers["if-range"] == date


async def test_a_chunked_body_that_breaks_off_goes_on(web: LoopbackServer) -> None:
    flaky = Flaky(DATA, [], ETag=ETAG)

    async def respond(received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        if "range" in received.headers:
            await flaky(received, writer)
            return
        writer.write(head(200, length=None, Transfer_Encoding="chunked", ETag=ETAG))
        writer.write(b"1000\r\n" + DATA[:0x1000] + b"\r\n1000\r\n" + DATA[0x1000:0x1800])
        await writer.drain()

    web.routes["/a"] = respond
    assert await fetched(web.url("/a"), fetcher()) == DATA


async def test_a_server_that_cannot_resume_makes_an_error_not_a_shorter_body(
    web: LoopbackServer,
) -> None:
    flaky = Flaky(DATA, [100_000], ETag=ETAG)
    flaky.ranges = False
    web.routes["/a"] = flaky
    with pytest.raises(SourceError, match="cannot resume"):
        await fetched(web.url("/a"), fetcher())


async def test_without_anything_to_tell_versions_apart_nothing_is_resumed(
    web: LoopbackServer,
) -> None:
    web.routes["/a"] = Flaky(DATA, [100_000])
    with pytest.raises(SourceError, match="broke off"):
        await fetched(web.url("/a"), fetcher())
    web.routes["/a"] = Flaky(DATA, [100_000], ETag='W/"weak"')
    with pytest.raises(SourceError, match="broke off"):
        await fetched(web.url("/a"), fetcher())
    assert len(web.received) == 2


@pytest.mark.parametrize("what", ["etag", "length", "start"])
async def test_a_body_that_changed_meanwhile_is_not_joined(web: LoopbackServer, what: str) -> None:
    first = Flaky(DATA, [100_000], ETag=ETAG)
    then = Flaky(DATA, [], ETag='"v2"' if what == "etag" else ETAG)
    size = len(DATA)
    if what == "length":
        then.content_range = f"bytes 100000-{size}/{size + 1}"
    if what == "start":
        then.content_range = f"bytes 99999-{size - 1}/{size}"

    async def respond(received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        await (then if "range" in received.headers else first)(received, writer)

    web.routes["/a"] = respond
    with pytest.raises(SourceError, match="cannot resume"):
        await fetched(web.url("/a"), fetcher())


async def test_resuming_is_given_up_when_nothing_comes(web: LoopbackServer) -> None:
    web.routes["/a"] = Flaky(DATA, [100_000, *[0] * 20], ETag=ETAG)
    with pytest.raises(SourceError, match="broke off"):
        await fetched(web.url("/a"), fetcher())
    assert len(web.received) == 5


async def test_a_stalled_download_goes_on(web: LoopbackServer) -> None:
    flaky = Flaky(DATA, [], ETag=ETAG)

    async def respond(received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        if "range" in received.headers:
            await flaky(received, writer)
            return
        writer.write(head(200, length=len(DATA), ETag=ETAG) + DATA[:5000])
        await writer.drain()
        await asyncio.sleep(60)

    web.routes["/a"] = respond
    assert await fetched(web.url("/a"), fetcher(fetch_read_s=0.4)) == DATA


async def test_proxies_of_the_environment_are_not_used(
    web: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await fetched(web.body("/a", b"body"), fetcher()) == b"body"


async def test_leaving_early_closes_the_connection(web: LoopbackServer) -> None:
    async def endless(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=None))
        while True:
            writer.write(bytes(2**16))
            await writer.drain()

    web.routes["/a"] = endless
    async with fetcher().get(web.url("/a")) as body:
        await anext(body.chunks)
        assert web.open_connections == 1
    for _ in range(3000):
        if not web.open_connections:
            break
        await asyncio.sleep(0.02)
    assert web.open_connections == 0


class TlsServer:
    """Serves one body over TLS; remembers the names that clients ask for."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.names: list[str | None] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.sni_callback = self._note
        self.port = 0

    def _note(self, _socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        self.names.append(name)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head(200, length=4) + b"body")
        await writer.drain()
        writer.close()


@pytest.fixture
async def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TlsServer]:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=media.example", "-addext", "subjectAltName=DNS:media.example"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *names, *files], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = TlsServer(certificate, key)
    server = await asyncio.start_server(tls.handle, "127.0.0.1", 0, ssl=tls.context)
    tls.port = server.sockets[0].getsockname()[1]
    yield tls
    server.close()


async def test_certificate_and_server_name_are_the_names_not_the_addresses(
    tls: TlsServer,
) -> None:
    guard = SsrfGuard(allow_private=True, resolver=resolver(["127.0.0.1"]))
    url = f"https://media.example:{tls.port}/a"
    assert await fetched(url, fetcher(guard)) == b"body"
    assert tls.names == ["media.example"]


async def test_a_certificate_for_another_name_is_refused(tls: TlsServer) -> None:
    guard = SsrfGuard(allow_private=True, resolver=resolver(["127.0.0.1"]))
    for host in ("other.example", "127.0.0.1"):
        with pytest.raises(SourceError):
            await fetched(f"https://{host}:{tls.port}/a", fetcher(guard))


async def test_an_unknown_authority_is_refused(
    tls: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    guard = SsrfGuard(allow_private=True, resolver=resolver(["127.0.0.1"]))
    with pytest.raises(SourceError):
        await fetched(f"https://media.example:{tls.port}/a", fetcher(guard))
