"""Servers of media and sites that want to cost more than they give."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from app.domain.errors import CuestreamError
from app.domain.request import MediaUrl, SiteVideo
from app.services.sources.opener import MediaOpener
from tests.services.conftest import OpenerFactory
from tests.services.loopback import LoopbackServer, ReceivedRequest, head

PLUGINS = Path(__file__).parent / "ytdlp" / "site_plugins"

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))


async def code_of(opener: MediaOpener, source: MediaUrl | SiteVideo) -> str:
    with pytest.raises(CuestreamError) as caught:
        await opener.open(source)
    return caught.value.code


def serve(web: LoopbackServer, path: str, body: bytes, kind: str, **fields: str) -> str:
    async def respond(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=len(body), kind=kind, **fields) + body)
        await writer.drain()

    web.routes[path] = respond
    return web.url(path)


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "deflate", "br", "zstd", "x-made-up"])
async def test_media_in_an_encoding_that_was_not_asked_for(
    opener: MediaOpener, web: LoopbackServer, encoding: str
) -> None:
    body = gzip.compress(gzip.compress(bytes(2**24)))
    url = serve(web, "/a.mp3", body, "audio/mpeg", Content_Encoding=encoding)
    assert await code_of(opener, MediaUrl(url)) == "source_encoding"
    assert len(web.received) == 1


async def test_a_page_in_encodings_on_top_of_one_another(
    opener: MediaOpener, web: LoopbackServer
) -> None:
    page = json.dumps({"id": "one"}).encode()
    twice = gzip.compress(gzip.compress(page))
    serve(web, "/page/one", twice, "application/json", Content_Encoding="gzip, gzip")
    assert await code_of(opener, SiteVideo(web.url("/watch/one"))) == "source_encoding"


async def test_a_small_page_that_is_large(opener: MediaOpener, web: LoopbackServer) -> None:
    page = gzip.compress(b'{"a": "' + bytes(100 * 2**20) + b'"}')
    serve(web, "/page/one", page, "application/json", Content_Encoding="gzip")
    assert await code_of(opener, SiteVideo(web.url("/watch/one"))) == "resource_limit"


async def test_a_sites_media_in_an_encoding(opener: MediaOpener, web: LoopbackServer) -> None:
    media = serve(web, "/m", gzip.compress(bytes(2**20)), "audio/mp4", Content_Encoding="gzip")
    page = {"formats": [{"url": media, "ext": "m4a", "vcodec": "none"}]}
    serve(web, "/page/one", json.dumps(page).encode(), "application/json")
    assert await code_of(opener, SiteVideo(web.url("/watch/one"))) == "source_encoding"


async def test_a_page_without_end(opener_with: OpenerFactory, web: LoopbackServer) -> None:
    async def drip(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=None, kind="application/json"))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    web.routes["/page/one"] = drip
    opener = opener_with(allow_private_urls=True, fetch_page_s=8)
    assert await code_of(opener, SiteVideo(web.url("/watch/one"))) == "source_too_slow"


@pytest.mark.parametrize("part", ["head", "body"])
async def test_media_that_drips(opener_with: OpenerFactory, web: LoopbackServer, part: str) -> None:
    sent = 0

    async def drip(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        start = head(200, length=10**6)
        writer.write(start if part == "body" else start[:-2] + b"X-More: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            sent += 1
            await asyncio.sleep(0.05)

    web.routes["/a.mp3"] = drip
    opener = opener_with(allow_private_urls=True, fetch_read_s=0.5, fetch_connect_s=0.5)
    assert await code_of(opener, MediaUrl(web.url("/a.mp3"))) == "source_too_slow"
    assert sent < 100
