import asyncio
from pathlib import Path

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import (
    EmptyMediaError,
    ForbiddenMediaError,
    InvalidCaptionsError,
    MediaTooLongError,
    NoSpeechError,
    PayloadTooLargeError,
    SourceError,
    StorageError,
    TruncatedMediaError,
    UnavailableOptionError,
    UnreadableMediaError,
    UrlBlockedError,
)
from app.domain.request import MediaUrl, SiteVideo
from app.services.captions.select import CaptionPreference
from app.services.sources.opened import OpenedCaptions
from app.services.sources.opener import MediaOpener
from app.system.workdir import WorkDir
from tests.conftest import read_samples
from tests.processes import own_children
from tests.services.conftest import Make, OpenerFactory
from tests.services.loopback import LoopbackServer, ReceivedRequest, head, read_all

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture(scope="session")
def web_mp4(make_media: Make, video_mp4: Path) -> Path:
    """The video with its index first, as web servers have it."""
    return make_media("web.mp4", "-i", str(video_mp4), "-c", "copy", "-movflags", "+faststart")


async def test_the_router_can_check_an_address_first(
    opener_with: OpenerFactory, web: LoopbackServer
) -> None:
    strict = opener_with()
    for url in (web.url("/a"), "http://localhost/", "http://[::1]/", "file:///etc/passwd"):
        with pytest.raises(UrlBlockedError):
            await strict.check(MediaUrl(url))
        with pytest.raises(UrlBlockedError):
            await strict.open(MediaUrl(url))
    with pytest.raises(UrlBlockedError):
        await strict.check(SiteVideo("http://169.254.169.254/"))
    await opener_with(allow_private_urls=True).check(MediaUrl(web.url("/a")))
    assert web.connections == 0


@pytest.mark.parametrize(
    ("name", "options", "duration_ms"),
    [
        ("a.mp4", ("-movflags", "+faststart"), 20_000),
        ("a.mkv", (), 20_000),
        ("a.flac", (), 20_000),
        ("a.wav", (), 20_000),
        ("a.ts", (), None),
        ("pieces.mp4", ("-movflags", "frag_keyframe+empty_moov+default_base_moof"), None),
    ],
)
async def test_formats_that_are_decoded_as_they_arrive(
    opener: MediaOpener,
    web: LoopbackServer,
    make_media: Make,
    video_mp4: Path,
    workdir: WorkDir,
    name: str,
    options: tuple[str, ...],
    duration_ms: int | None,
) -> None:
    audio_only = ("-vn",) if name in {"a.flac", "a.wav"} else ("-c", "copy")
    path = make_media(f"stream-{name}", "-i", str(video_mp4), *audio_only, *options)
    media = await opener.open(MediaUrl(web.body("/a", path.read_bytes())))
    assert [path.name for path in workdir.path.iterdir()] == [".cuestream-work"]
    if duration_ms is None:
        assert media.duration_ms is None or media.duration_ms > 15_000
    else:
        assert media.duration_ms is not None
        assert abs(media.duration_ms - duration_ms) < 300
    blocks = await read_all(media)
    assert abs(blocks[-1].end_sample - 320_000) < 2000
    assert len(web.received) == 1


async def test_an_mp4_with_its_index_last_goes_through_a_file(
    opener: MediaOpener, web: LoopbackServer, video_mp4: Path, workdir: WorkDir
) -> None:
    media = await opener.open(MediaUrl(web.body("/a", video_mp4.read_bytes())))
    (spooled,) = workdir.path.glob("*.media")
    assert spooled.stat().st_size == video_mp4.stat().st_size
    assert media.duration_ms == 20_000
    assert (await read_all(media))[-1].end_sample >= 319_000
    assert not spooled.exists()
    assert len(web.received) == 1


async def test_decoding_begins_while_the_download_runs(
    opener: MediaOpener, web: LoopbackServer, web_mp4: Path
) -> None:
    data = web_mp4.read_bytes()
    half_sent, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=len(data)) + data[: len(data) // 2])
        await writer.drain()
        half_sent.set()
        await go_on.wait()
        writer.write(data[len(data) // 2 :])
        await writer.drain()

    web.routes["/a"] = slow
    media = await opener.open(MediaUrl(web.url("/a")))
    assert half_sent.is_set()
    assert not go_on.is_set()
    first = [await anext(media.blocks) for _ in range(5)]
    go_on.set()
    blocks = [*first, *await read_all(media)]
    assert [block.start_sample for block in blocks] == [8192 * i for i in range(len(blocks))]
    assert blocks[-1].end_sample >= 319_000


async def test_a_slow_reader_slows_the_download(
    opener: MediaOpener, web: LoopbackServer, make_media: Make
) -> None:
    data = make_media("large.wav", "-f", "lavfi", "-i", "sine=d=600", "-ar", "48000").read_bytes()
    sent = 0

    async def counted(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head(200, length=len(data)))
        for start in range(0, len(data), 2**16):
            writer.write(data[start : start + 2**16])
            await writer.drain()
            sent = start + 2**16

    web.routes["/a"] = counted
    media = await opener.open(MediaUrl(web.url("/a")))
    await asyncio.sleep(1)
    sent_before = sent
    await asyncio.sleep(0.5)
    assert sent == sent_before
    assert sent_before < len(data) // 3  # socket buffers on both sides, pipes, a few blocks
    await media.aclose()


async def test_a_broken_download_goes_on_and_the_audio_is_whole(
    opener: MediaOpener, web: LoopbackServer, web_mp4: Path
) -> None:
    data = web_mp4.read_bytes()

    async def flaky(received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        start = int(received.headers.get("range", "bytes=0-")[6:-1])
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        status = 206 if start else 200
        writer.write(head(status, length=len(data) - start, ETag='"x"', Content_Range=span))
        writer.write(data[start : start + len(data) // 3])
        await writer.drain()

    web.routes["/a"] = flaky
    blocks = await read_all(await opener.open(MediaUrl(web.url("/a"))))
    assert blocks[-1].end_sample >= 319_000
    assert len(web.received) > 2


async def test_a_body_that_ends_early_is_an_error_after_what_there_is(
    opener: MediaOpener, web: LoopbackServer, web_mp4: Path
) -> None:
    data = web_mp4.read_bytes()

    async def cut(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=len(data)) + data[: len(data) * 2 // 3])
        await writer.drain()

    web.routes["/a"] = cut
    media = await opener.open(MediaUrl(web.url("/a")))
    blocks: list[Audio] = []
    with pytest.raises(SourceError, match="broke off") as caught:
        async for block in media.blocks:
            blocks.append(block)
    assert caught.value.retryable
    assert blocks[-1].end_sample > 100_000
    await media.aclose()


@pytest.mark.parametrize("name", ["a.mkv", "a.wav", "a.mp3", "web.mp4", "pieces.mp4"])
async def test_a_server_whose_own_copy_is_cut(
    opener: MediaOpener, web: LoopbackServer, make_media: Make, video_mp4: Path, name: str
) -> None:
    flags = {"web.mp4": "+faststart", "pieces.mp4": "frag_keyframe+empty_moov"}
    options = ("-movflags", flags[name]) if name in flags else ()
    codec = ("-c", "copy") if name in {"a.mkv", *flags} else ("-vn",)
    path = make_media(f"server-{name}", "-i", str(video_mp4), *codec, *options)
    data = path.read_bytes()
    web.body("/a", data[: len(data) * 2 // 3])
    blocks: list[Audio] = []
    with pytest.raises(TruncatedMediaError):
        media = await opener.open(MediaUrl(web.url("/a")))
        try:
            async for block in media.blocks:
                blocks.append(block)
        finally:
            await media.aclose()
    assert blocks


async def test_a_cut_camera_video_behind_a_url(
    opener: MediaOpener, web: LoopbackServer, video_mp4: Path
) -> None:
    data = video_mp4.read_bytes()
    with pytest.raises(TruncatedMediaError):
        await opener.open(MediaUrl(web.body("/a", data[: len(data) // 2])))


async def test_bodies_that_are_no_media(opener: MediaOpener, web: LoopbackServer) -> None:
    with pytest.raises(EmptyMediaError):
        await opener.open(MediaUrl(web.body("/empty", b"")))
    with pytest.raises(UnreadableMediaError):
        await opener.open(MediaUrl(web.body("/text", b"hello " * 1000)))
    with pytest.raises(SourceError, match="404"):
        await opener.open(MediaUrl(web.url("/missing")))


async def test_a_body_that_is_no_media_is_refused_before_it_ends(
    opener: MediaOpener, web: LoopbackServer
) -> None:
    async def endless(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=None) + b"ffconcat version 1.0\nfile x\n" + b"#\n" * 2000)
        await writer.drain()
        await asyncio.sleep(60)

    web.routes["/a"] = endless
    async with asyncio.timeout(20):
        with pytest.raises(ForbiddenMediaError):
            await opener.open(MediaUrl(web.url("/a")))


async def test_a_silent_url(opener: MediaOpener, web: LoopbackServer, make_media: Make) -> None:
    path = make_media("silence.wav", "-f", "lavfi", "-t", "10", "-i", "anullsrc")
    with pytest.raises(NoSpeechError):
        await opener.open(MediaUrl(web.body("/a", path.read_bytes())))


async def test_too_long_and_too_large(
    opener_with: OpenerFactory, web: LoopbackServer, web_mp4: Path, video_mp4: Path
) -> None:
    short = opener_with(allow_private_urls=True, max_duration_s=10)
    with pytest.raises(MediaTooLongError):
        await short.open(MediaUrl(web.body("/a", web_mp4.read_bytes())))
    with pytest.raises(MediaTooLongError):
        await short.open(MediaUrl(web.body("/b", video_mp4.read_bytes())))
    small = opener_with(allow_private_urls=True, max_download_mb=1)
    with pytest.raises(PayloadTooLargeError):
        await small.open(MediaUrl(web.body("/c", bytes(2**20 + 1))))


async def test_a_disk_that_cannot_be_written(
    opener: MediaOpener, web: LoopbackServer, video_mp4: Path, workdir: WorkDir, tmp_path: Path
) -> None:
    hidden = workdir.path.rename(tmp_path / "elsewhere")
    try:
        with pytest.raises(StorageError) as caught:
            await opener.open(MediaUrl(web.body("/a", video_mp4.read_bytes())))
        assert caught.value.retryable
        assert str(tmp_path) not in caught.value.message
    finally:
        hidden.rename(workdir.path)


async def test_speech_from_a_url_is_that_of_the_file(
    opener: MediaOpener, web: LoopbackServer, dialogue: Path
) -> None:
    blocks = await read_all(await opener.open(MediaUrl(web.body("/a", dialogue.read_bytes()))))
    together = np.concatenate([block.samples for block in blocks])
    assert np.array_equal(together, read_samples(dialogue))


@pytest.mark.parametrize("wait_s", [0.0, 0.01, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("stall_after", [0, 100_000])
async def test_cancelling_leaves_nothing(
    opener: MediaOpener, web: LoopbackServer, video_mp4: Path, wait_s: float, stall_after: int
) -> None:
    data = video_mp4.read_bytes()

    async def stalling(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=len(data)) + data[:stall_after])
        await writer.drain()
        await asyncio.sleep(60)

    web.routes["/a"] = stalling
    task = asyncio.create_task(opener.open(MediaUrl(web.url("/a"))))
    await asyncio.sleep(wait_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not own_children()


async def test_closing_in_the_middle_hangs_up(
    opener: MediaOpener, web: LoopbackServer, make_media: Make
) -> None:
    data = make_media("close.wav", "-f", "lavfi", "-i", "sine=d=600", "-ar", "48000").read_bytes()
    media = await opener.open(MediaUrl(web.body("/a", data)))
    await anext(media.blocks)
    assert web.open_connections == 1
    await media.aclose()
    for _ in range(3000):
        if not web.open_connections:
            break
        await asyncio.sleep(0.02)
    assert web.open_connections == 0


SRT = b"1\n00:00:01,000 -> 00:00:02,000\nhi\n"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/talk.srt", "application/octet-stream"),
        ("/talk", "application/x-subrip"),
        ("/a", "video/mp4"),
    ],
)
async def test_captions_behind_an_address_are_captions(
    opener: MediaOpener, web: LoopbackServer, path: str, kind: str
) -> None:
    opened = await opener.open(MediaUrl(web.body(path, SRT, kind)), CaptionPreference())
    assert isinstance(opened, OpenedCaptions)
    assert [item.text for item in opened.captions.items] == ["hi"]
    assert [notice.code for notice in opened.captions.notices] == ["caption_lines_repaired"]
    with pytest.raises(UnavailableOptionError):
        await opener.open(MediaUrl(web.url(path)))


async def test_captions_behind_an_address_that_are_none_are_no_bad_media(
    opener: MediaOpener, web: LoopbackServer
) -> None:
    for path, data in (("/a.srt", b"nothing"), ("/a.vtt", b"\x00\x01\x02"), ("/a.smi", b"<SAMI>")):
        with pytest.raises(InvalidCaptionsError):
            await opener.open(MediaUrl(web.body(path, data)), CaptionPreference())
