"""HLS and DASH as sites send them: made by ffmpeg, served on loopback, opened by their address."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import SourceError, UrlBlockedError
from app.domain.request import MediaUrl
from app.services.sources.opener import MediaOpener
from tests.services.conftest import OpenerFactory
from tests.services.loopback import LoopbackServer, ReceivedRequest, head, read_all

pytestmark = pytest.mark.usefixtures("leaves_nothing")

HLS = ("-f", "hls", "-hls_time", "3", "-hls_list_size", "0", "-c:a", "aac")
KINDS = {"m3u8": "application/vnd.apple.mpegurl", "mpd": "application/dash+xml"}

Serve = Callable[..., MediaUrl]


@pytest.fixture
def serve(web: LoopbackServer, tmp_path: Path, tone_wav: Path) -> Serve:
    """Let ffmpeg cut 20 s of a tone; serve all that it writes; return the playlist's address."""

    def make(name: str, *options: str, kind: str | None = None) -> MediaUrl:
        command = ["ffmpeg", "-v", "error", "-i", str(tone_wav), *options, str(tmp_path / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, cwd=tmp_path)
        for path in tmp_path.iterdir():
            if path.is_file():
                sent_type = KINDS.get(path.suffix[1:], "application/octet-stream")
                web.body(f"/{path.name}", path.read_bytes(), kind or sent_type)
        return MediaUrl(web.url(f"/{name}"))

    return make


def assert_whole(blocks: list[Audio], seconds: int = 20) -> None:
    """The tone is there from beginning to end, without a hole."""
    samples = np.concatenate([block.samples for block in blocks])
    assert abs(len(samples) - seconds * 16_000) < 8000
    loudness = np.abs(samples[1600 : (seconds - 1) * 16_000]).reshape(-1, 1600).max(axis=1)
    assert loudness.min() > 0.05


async def test_hls_of_mp4_fragments(opener: MediaOpener, serve: Serve) -> None:
    url = serve("list.m3u8", *HLS, "-hls_segment_type", "fmp4")
    assert_whole(await read_all(await opener.open(url)))


async def test_hls_behind_a_master_playlist_called_text(
    opener: MediaOpener, web: LoopbackServer, serve: Serve
) -> None:
    serve("low.m3u8", *HLS, "-b:a", "32k", kind="text/plain")
    master = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=40000,CODECS="mp4a.40.2"\nlow.m3u8\n'
    url = web.body("/master.m3u8", master.encode(), "text/plain")
    assert_whole(await read_all(await opener.open(MediaUrl(url))))


async def test_hls_that_is_encrypted(
    opener: MediaOpener, web: LoopbackServer, serve: Serve, tmp_path: Path
) -> None:
    """AES-128 with a key file. Source: RFC 8216 section 5."""
    (tmp_path / "key.bin").write_bytes(bytes(range(16)))
    (tmp_path / "key.info").write_text(f"{web.url('/key.bin')}\n{tmp_path / 'key.bin'}\n")
    url = serve("list.m3u8", *HLS, "-hls_key_info_file", "key.info")
    assert b"METHOD=AES-128" in (tmp_path / "list.m3u8").read_bytes()
    assert_whole(await read_all(await opener.open(url)))
    assert "/key.bin" in {received.target for received in web.received}


async def test_dash(opener: MediaOpener, web: LoopbackServer, serve: Serve) -> None:
    options = ("-f", "dash", "-seg_duration", "3", "-c:a", "aac")
    assert_whole(await read_all(await opener.open(serve("list.mpd", *options))))
    assert sum("chunk-stream0" in received.target for received in web.received) >= 6


@pytest.mark.parametrize("what", ["m3u8", "key", "mpd"])
async def test_what_a_playlist_names_is_guarded(
    opener: MediaOpener, web: LoopbackServer, what: str
) -> None:
    """A metadata service stays out of reach even where private addresses do not."""
    forbidden = "http://169.254.169.254/latest"
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="{forbidden}"\n' if what == "key" else ""
    segment = web.body("/a.ts", bytes(1600)) if what == "key" else forbidden
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{key}#EXTINF:4,\n{segment}\n#EXT-X-ENDLIST\n"
    if what == "mpd":
        text = f"""<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
 mediaPresentationDuration="PT4S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>
 <AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="1000" codecs="mp4a.40.2">
 <BaseURL>{forbidden}</BaseURL></Representation></AdaptationSet></Period></MPD>"""
    ending = "mpd" if what == "mpd" else "m3u8"
    url = web.body(f"/list.{ending}", text.encode(), KINDS[ending])
    with pytest.raises(UrlBlockedError):
        await read_all(await opener.open(MediaUrl(url)))


async def test_a_playlist_on_a_private_address_is_not_fetched(
    opener_with: OpenerFactory, web: LoopbackServer, serve: Serve
) -> None:
    with pytest.raises(UrlBlockedError):
        await opener_with().open(serve("list.m3u8", *HLS))
    assert web.connections == 0


async def test_the_first_segments_are_heard_while_the_next_is_not_there_yet(
    opener: MediaOpener, web: LoopbackServer, serve: Serve
) -> None:
    url = serve("list.m3u8", *HLS)
    usual = web.routes["/list3.ts"]
    decoded = asyncio.Event()

    async def wait(received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        await decoded.wait()
        await usual(received, writer)

    web.routes["/list3.ts"] = wait
    media = await opener.open(url)
    blocks: list[Audio] = []
    async for block in media.blocks:
        blocks.append(block)
        if block.end_sample > 4 * 16_000:
            decoded.set()  # more than the first segment, while the fourth is held back
    await media.aclose()
    assert_whole(blocks)


async def test_a_segment_that_never_comes_is_an_error_not_an_end(
    opener: MediaOpener, web: LoopbackServer, serve: Serve
) -> None:
    url = serve("list.m3u8", *HLS)

    async def refuse(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(403, length=0))

    web.routes["/list5.ts"] = refuse
    with pytest.raises(SourceError):
        await read_all(await opener.open(url))
