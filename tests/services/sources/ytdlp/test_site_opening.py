"""Site videos: a real yt-dlp with an extractor plugin for a site on loopback."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.audio import Audio
from app.domain.errors import MediaTooLongError, PayloadTooLargeError, SourceError, UrlBlockedError
from app.domain.request import MediaUrl, SiteVideo
from app.services.sources.opener import MediaOpener
from app.system.workdir import WorkDir
from tests.processes import own_children
from tests.services.conftest import Make, OpenerFactory
from tests.services.loopback import LoopbackServer, ReceivedRequest, head, read_all

PLUGINS = Path(__file__).parent / "site_plugins"

Publish = Callable[..., SiteVideo]


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch, leaves_nothing: None) -> None:
    """Show yt-dlp the plugin as its documentation says: on PYTHONPATH."""
    monkeypatch.setenv("PYTHONPATH", str(PLUGINS))


@pytest.fixture
def publish(web: LoopbackServer) -> Publish:
    """Put a video on the site: its media, and what the site says about it."""

    def make(name: str, data: bytes = b"", **page: object) -> SiteVideo:
        if data:
            media = web.body(f"/media/{name}", data, "audio/mp4")
            page.setdefault("formats", [{"url": media, "ext": "m4a", "vcodec": "none"}])
        web.body(f"/page/{name}", json.dumps(page).encode(), "application/json")
        return SiteVideo(web.url(f"/watch/{name}"))

    return make


@pytest.fixture(scope="session")
def dash_m4a(make_media: Make, tone_wav: Path) -> bytes:
    """20 s as sites send it: an MP4 of fragments."""
    flags = ("-movflags", "frag_keyframe+empty_moov+dash", "-frag_duration", "2000000")
    return make_media("dash.m4a", "-i", str(tone_wav), *flags).read_bytes()


async def test_a_site_video(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, dash_m4a: bytes, workdir: WorkDir
) -> None:
    media = await opener.open(publish("one", dash_m4a, duration=20))
    assert media.duration_ms == 20_000
    blocks = await read_all(media)
    assert blocks[0].start_sample == 0
    assert abs(blocks[-1].end_sample - 320_000) < 2000
    # One extraction, one download.
    assert [received.target for received in web.received] == ["/page/one", "/media/one"]


async def test_the_best_audio_is_taken(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, make_media: Make, dash_m4a: bytes
) -> None:
    poor = make_media("poor.mp3", "-f", "lavfi", "-i", "sine=200:duration=20").read_bytes()
    sound = {"vcodec": "none", "acodec": "aac"}
    formats = [
        {"url": web.body("/poor", poor), "ext": "mp3", **sound, "abr": 32},
        {"url": web.body("/good", dash_m4a), "ext": "m4a", **sound, "abr": 128},
        {"url": web.body("/video", b"x"), "ext": "mp4", "vcodec": "h264", "acodec": "aac"},
    ]
    await read_all(await opener.open(publish("two", formats=formats)))
    assert [received.target for received in web.received] == ["/page/two", "/good"]


async def test_a_video_with_its_index_last(
    opener: MediaOpener, publish: Publish, video_mp4: Path
) -> None:
    blocks = await read_all(await opener.open(publish("camera", video_mp4.read_bytes())))
    assert blocks[-1].end_sample >= 319_000


async def test_segments_of_a_playlist_are_joined(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, make_media: Make, tone_wav: Path
) -> None:
    playlist = hls(web, make_media, tone_wav)
    formats = [{"url": playlist, "ext": "mp4", "protocol": "m3u8_native", "vcodec": "none"}]
    blocks = await read_all(await opener.open(publish("hls", formats=formats, duration=20)))
    assert abs(blocks[-1].end_sample - 320_000) < 4000


def hls(web: LoopbackServer, make_media: Make, tone: Path) -> str:
    """Serve a recording as an HLS playlist; return its URL."""
    options = ("-hls_time", "4", "-hls_list_size", "0", "-c:a", "aac")
    playlist = make_media("list.m3u8", "-i", str(tone), *options)
    for segment in playlist.parent.glob("list*.ts"):
        web.body(f"/hls/{segment.name}", segment.read_bytes(), "video/mp2t")
    return web.body("/hls/list.m3u8", playlist.read_bytes(), "application/vnd.apple.mpegurl")


@pytest.mark.parametrize("kind", ["application/vnd.apple.mpegurl", "text/plain"])
async def test_the_url_of_a_playlist_is_left_to_the_site_source(
    opener: MediaOpener, web: LoopbackServer, make_media: Make, tone_wav: Path, kind: str
) -> None:
    url = hls(web, make_media, tone_wav)
    playlist = (await fetch_text(web, "/hls/list.m3u8")).encode()
    web.body("/hls/list.m3u8", playlist, kind)
    blocks = await read_all(await opener.open(MediaUrl(url)))
    assert abs(blocks[-1].end_sample - 320_000) < 4000


async def fetch_text(web: LoopbackServer, path: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
    text = (await reader.read()).decode()
    writer.close()
    web.received.clear()
    return text.partition("\r\n\r\n")[2]


async def test_a_missing_segment_is_an_error_not_a_hole(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, make_media: Make, tone_wav: Path
) -> None:
    playlist = hls(web, make_media, tone_wav)
    del web.routes["/hls/list2.ts"]
    formats = [{"url": playlist, "ext": "mp4", "protocol": "m3u8_native", "vcodec": "none"}]
    with pytest.raises(SourceError):
        await read_all(await opener.open(publish("hole", formats=formats)))


async def test_a_web_page_is_left_to_the_site_source(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, dash_m4a: bytes
) -> None:
    site = publish("page", dash_m4a)
    web.body("/watch/page", b"<!doctype html><title>A video</title>", "text/html; charset=utf-8")
    media = await opener.open(MediaUrl(site.page_url))
    assert (await read_all(media))[-1].end_sample >= 318_000


async def test_a_page_that_turns_robots_away_is_left_to_the_site_source(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, dash_m4a: bytes
) -> None:
    async def robots(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(403, length=9, kind="text/html") + b"<p>Robot?")

    site = publish("robots", dash_m4a)
    web.routes["/watch/robots"] = robots
    media = await opener.open(MediaUrl(site.page_url))
    assert (await read_all(media))[-1].end_sample >= 318_000


async def test_a_page_that_embeds_a_video_file(
    opener: MediaOpener, web: LoopbackServer, video_mp4: Path
) -> None:
    film = web.body("/film.mp4", video_mp4.read_bytes(), "video/mp4")
    page = f'<!doctype html><title>Film</title><video src="{film}"></video>'
    url = web.body("/page.html", page.encode(), "text/html")
    assert (await read_all(await opener.open(MediaUrl(url))))[-1].end_sample >= 319_000


async def test_a_page_without_a_video(opener: MediaOpener, web: LoopbackServer) -> None:
    url = web.body("/page.html", b"<!doctype html><title>Words</title><p>Hi", "text/html")
    with pytest.raises(SourceError, match="No video was found"):
        await opener.open(MediaUrl(url))


@pytest.mark.parametrize("live", [{"is_live": True}, {"live_status": "is_upcoming"}])
async def test_live_video_is_refused(
    opener: MediaOpener, publish: Publish, dash_m4a: bytes, live: dict[str, object]
) -> None:
    with pytest.raises(SourceError, match="Live"):
        await opener.open(publish("live", dash_m4a, **live))


@pytest.mark.parametrize(
    ("fails", "code", "text"),
    [
        ("geo", "source_geo_blocked", "where the server is.*YTDLP_PROXY"),
        ("login", "source_login_required", "needs a login.*COOKIES_FILE"),
        ("not_live", "source_unsupported", "not live"),
        ("drm", "source_drm", "captions instead"),
        ("Premieres in 3 hours", "source_live", "when the recording is up"),
        ("defect", "source_failed", "update of yt-dlp"),
        ("regex", "source_failed", "update of yt-dlp"),
    ],
)
async def test_reasons_that_a_site_gives(
    opener: MediaOpener, publish: Publish, fails: str, code: str, text: str
) -> None:
    with pytest.raises(SourceError, match=text) as caught:
        await opener.open(publish("broken", fails=fails))
    assert caught.value.code == code
    assert "http" not in caught.value.message
    assert "--" not in caught.value.message


async def test_the_sites_status_is_told(
    opener: MediaOpener, web: LoopbackServer, publish: Publish
) -> None:
    for status, text, code in (
        (403, "refused the download", "source_failed"),
        (404, "does not exist", "source_removed"),
        (429, "limits this server", "source_rate_limited"),
        (500, "broke off", "source_failed"),
    ):

        async def refuse(
            _received: ReceivedRequest, writer: asyncio.StreamWriter, status: int = status
        ) -> None:
            writer.write(head(status, length=0))

        web.routes["/media/x"] = refuse
        formats = [{"url": web.url("/media/x"), "ext": "m4a", "vcodec": "none"}]
        with pytest.raises(SourceError, match=text) as caught:
            await opener.open(publish("refused", formats=formats))
        assert caught.value.code == code


async def test_private_pages_and_media_are_not_reached(
    opener_with: OpenerFactory, web: LoopbackServer
) -> None:
    with pytest.raises(UrlBlockedError):
        await opener_with().open(SiteVideo(web.url("/watch/one")))
    with pytest.raises(UrlBlockedError):
        await opener_with().open(SiteVideo(f"http://localhost:{web.port}/watch/one"))
    assert web.connections == 0


async def test_media_at_a_forbidden_address_is_not_reached(
    opener: MediaOpener, publish: Publish
) -> None:
    formats = [{"url": "http://169.254.169.254/latest", "ext": "m4a", "vcodec": "none"}]
    with pytest.raises(UrlBlockedError):
        await opener.open(publish("metadata", formats=formats))


async def test_an_extractor_cannot_go_around_the_proxy(
    opener: MediaOpener, publish: Publish, dash_m4a: bytes
) -> None:
    seen: list[bool] = []
    server = await asyncio.start_server(lambda _r, _w: seen.append(True), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    with pytest.raises(SourceError):
        await opener.open(publish("around", dash_m4a, around_the_proxy=list(address)))
    server.close()
    assert not seen


async def test_proxies_of_the_environment_are_not_used(
    opener: MediaOpener, publish: Publish, dash_m4a: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    blocks = await read_all(await opener.open(publish("direct", dash_m4a)))
    assert blocks[-1].end_sample >= 318_000


async def test_cookies_are_sent_and_their_file_stays_as_it_is(
    opener_with: OpenerFactory,
    web: LoopbackServer,
    publish: Publish,
    dash_m4a: bytes,
    tmp_path: Path,
) -> None:
    cookies = tmp_path / "cookies.txt"
    line = "127.0.0.1\tFALSE\t/\tFALSE\t2147483647\tsession\tabc123"
    cookies.write_text(f"# Netscape HTTP Cookie File\n{line}\n")
    before = cookies.read_bytes()
    opener = opener_with(allow_private_urls=True, cookies_file=cookies)
    await read_all(await opener.open(publish("member", dash_m4a)))
    assert web.received[0].headers["cookie"] == "session=abc123"
    assert cookies.read_bytes() == before


async def test_a_download_that_breaks_off_goes_on(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, dash_m4a: bytes
) -> None:
    async def flaky(received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        start = int(received.headers.get("range", "bytes=0-")[6:-1])
        span = f"bytes {start}-{len(dash_m4a) - 1}/{len(dash_m4a)}"
        status = 206 if start else 200
        writer.write(head(status, length=len(dash_m4a) - start, Content_Range=span))
        writer.write(dash_m4a[start : start + len(dash_m4a) // 2])
        await writer.drain()

    site = publish("flaky", dash_m4a)
    web.routes["/media/flaky"] = flaky
    blocks = await read_all(await opener.open(site))
    assert abs(blocks[-1].end_sample - 320_000) < 2000


async def test_a_download_that_starts_over_is_an_error_not_a_repetition(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, dash_m4a: bytes
) -> None:
    async def forgetful(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        half = len(dash_m4a) // 2 if len(web.received) < 4 else len(dash_m4a)
        writer.write(head(200, length=len(dash_m4a)) + dash_m4a[:half])
        await writer.drain()

    site = publish("forgetful", dash_m4a)
    web.routes["/media/forgetful"] = forgetful
    with pytest.raises(SourceError):
        await read_all(await opener.open(site))


async def test_too_long_and_too_large(
    opener_with: OpenerFactory, publish: Publish, make_media: Make, dash_m4a: bytes
) -> None:
    short = opener_with(allow_private_urls=True, max_duration_s=10)
    with pytest.raises(MediaTooLongError):
        await short.open(publish("long", dash_m4a, duration=3600))
    blocks: list[Audio] = []
    media = await short.open(publish("unsaid", dash_m4a))
    with pytest.raises(MediaTooLongError):
        async for block in media.blocks:
            blocks.append(block)
    await media.aclose()
    assert blocks[-1].end_sample >= 10 * 16_000
    small = opener_with(allow_private_urls=True, max_download_mb=1)
    large = make_media("large.mkv", "-f", "lavfi", "-i", "sine=d=20", "-c:a", "pcm_s16le")
    with pytest.raises(PayloadTooLargeError):
        await read_all(await small.open(publish("large", large.read_bytes())))


async def test_the_child_gets_no_secrets_on_its_command_line(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, dash_m4a: bytes
) -> None:
    async def stall(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=len(dash_m4a)) + dash_m4a[: len(dash_m4a) // 2])
        await writer.drain()
        await asyncio.sleep(60)

    site = publish("stall", dash_m4a)
    web.routes["/media/stall"] = stall
    media = await opener.open(site)
    words = [" ".join(p.cmdline()) for p in own_children()]
    assert any("ytdlp.ytdlp_child" in line for line in words)
    assert not any("cuestream:" in line or site.page_url in line for line in words)
    await media.aclose()


@pytest.mark.parametrize("wait_s", [0.0, 0.05, 0.3, 0.6, 1.0, 1.5])
async def test_cancelling_leaves_nothing(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, dash_m4a: bytes, wait_s: float
) -> None:
    async def stall(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=len(dash_m4a)) + dash_m4a[:300])
        await writer.drain()
        await asyncio.sleep(60)

    site = publish("stall", dash_m4a)
    web.routes["/media/stall"] = stall
    task = asyncio.create_task(opener.open(site))
    await asyncio.sleep(wait_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not own_children()


async def test_closing_in_the_middle_leaves_nothing(
    opener: MediaOpener, publish: Publish, make_media: Make
) -> None:
    path = make_media("long.mkv", "-f", "lavfi", "-i", "sine=d=600", "-c:a", "pcm_s16le")
    media = await opener.open(publish("long", path.read_bytes()))
    await anext(media.blocks)
    await media.aclose()
    assert not own_children()
