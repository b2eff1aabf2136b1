"""yt-dlp behind a proxy that the server's owner rents; public addresses end at a loopback site."""

import json
from pathlib import Path

import pytest

from app.domain.errors import SourceError, UrlBlockedError
from app.domain.request import SiteVideo
from app.services.net.egress_proxy import EgressProxy
from app.services.net.ssrf_guard import SsrfGuard
from app.services.net.upstream_proxy import UpstreamProxy
from app.settings import SourceSettings, child_environment
from tests.services.conftest import Make, OpenerFactory
from tests.services.loopback import LoopbackServer, read_all
from tests.services.net.connect_proxy import ConnectProxy
from tests.services.net.test_egress_proxy import ask

PUBLIC = "93.184.215.14"
LOGIN = "customer:p4ss-w0rd"

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = Path(__file__).parents[1] / "sources" / "ytdlp" / "site_plugins"
    monkeypatch.setenv("PYTHONPATH", str(plugins))


async def test_a_tunnel_leads_through_it_to_the_address_that_was_checked(
    web: LoopbackServer,
) -> None:
    async def public(_host: str, _port: int) -> list[str]:
        return ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", PUBLIC]

    web.body("/a", b"body")
    async with ConnectProxy(web.port, LOGIN).serving() as rented:
        settings = SourceSettings(ytdlp_proxy=rented.url)
        proxy = EgressProxy(SsrfGuard(resolver=public), 2.0, UpstreamProxy.of(settings))
        async with proxy.serving():
            answer = await ask(proxy, ["GET http://site.example/a HTTP/1.1", "Host: site.example"])
            assert answer.endswith("body")
            assert rented.received == ["[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:80"]
            assert web.received[0].headers["host"] == "site.example"
            assert (await ask(proxy, ["CONNECT 10.0.0.1:443 HTTP/1.1"])).startswith("HTTP/1.1 403")
            assert len(rented.received) == 1, "what is forbidden is not asked of it either"


@pytest.mark.parametrize(
    ("login", "given", "leads", "failed"),
    [
        (LOGIN, "customer:wrong", True, True),
        (LOGIN, None, True, True),
        (None, None, False, False),
    ],
)
async def test_whether_it_refuses_us_or_cannot_reach_the_site(
    web: LoopbackServer, login: str | None, given: str | None, leads: bool, failed: bool
) -> None:
    async with ConnectProxy(web.port if leads else None, login).serving() as rented:
        url = f"http://{given + '@' if given else ''}127.0.0.1:{rented.port}"
        upstream = UpstreamProxy.of(SourceSettings(ytdlp_proxy=url))
        async with EgressProxy(SsrfGuard(), 2.0, upstream).serving() as proxy:
            answer = await ask(proxy, [f"CONNECT {PUBLIC}:443 HTTP/1.1"])
            assert answer.startswith("HTTP/1.1 502")
            assert proxy.upstream_failed is failed
    assert web.connections == 0


async def test_nobody_listens_there(opener_with: OpenerFactory) -> None:
    opener = opener_with(ytdlp_proxy="http://127.0.0.1:1")
    with pytest.raises(SourceError, match="proxy that this server uses"):
        await opener.open(SiteVideo(f"http://{PUBLIC}:8080/watch/one"))


def page(web: LoopbackServer, name: str, **metadata: object) -> SiteVideo:
    web.body(f"/page/{name}", json.dumps(metadata).encode(), "application/json")
    return SiteVideo(f"http://{PUBLIC}:8080/watch/{name}")


async def test_a_site_is_looked_at_through_it_while_private_addresses_stay_forbidden(
    opener_with: OpenerFactory, web: LoopbackServer, make_media: Make
) -> None:
    """What a page, or a playlist in it, names at a private address is never asked for."""
    flags = ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov")
    sine = make_media("sine.mp4", "-f", "lavfi", "-i", "sine=300:duration=4", *flags)
    web.body("/sound", sine.read_bytes())
    public = f"http://{PUBLIC}:8080"
    private = f"http://127.0.0.1:{web.port}/sound"
    for name, segment in (("inner", private), ("metadata", "http://169.254.169.254/a.ts")):
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{segment}\n#EXT-X-ENDLIST\n"
        web.body(f"/{name}.m3u8", text.encode(), "application/vnd.apple.mpegurl")
    sound = {"ext": "m4a", "vcodec": "none"}
    hls = {**sound, "protocol": "m3u8_native"}
    async with ConnectProxy(web.port, LOGIN).serving() as rented:
        opener = opener_with(ytdlp_proxy=rented.url)
        good = page(web, "good", formats=[{"url": f"{public}/sound", **sound}])
        assert (await read_all(await opener.open(good)))[-1].end_sample >= 60_000
        assert set(rented.received) == {f"{PUBLIC}:8080"}
        for name, formats in (
            ("direct", [{"url": private, **sound}]),
            ("hls", [{"url": f"{public}/inner.m3u8", **hls}]),
            ("cloud", [{"url": f"{public}/metadata.m3u8", **hls}]),
        ):
            web.received.clear()
            with pytest.raises(UrlBlockedError):
                await read_all(await opener.open(page(web, name, formats=formats)))
            assert all(received.target != "/sound" for received in web.received)
    assert set(rented.received) == {f"{PUBLIC}:8080"}


def test_its_password_is_kept_to_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YTDLP_PROXY", "http://customer:p4ss-w0rd@proxy.example:8000")
    settings = SourceSettings()
    assert "p4ss" not in repr(settings)
    assert "p4ss" not in repr(UpstreamProxy.of(settings))
    assert "YTDLP_PROXY" not in child_environment()


@pytest.mark.parametrize(
    "url", ["socks5://u:p4ss@proxy.example:1", "proxy.example:80", "http://u:p4ss@h", "http://h:x"]
)
def test_an_address_that_is_no_proxy_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="ytdlp_proxy") as caught:
        SourceSettings(ytdlp_proxy=url)
    assert "p4ss" not in str(caught.value)
