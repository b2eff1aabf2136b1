"""Captions of a site: one extraction, then what is chosen; a real yt-dlp, a site on loopback."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.captions import CaptionTrack
from app.domain.errors import (
    CuestreamError,
    InvalidCaptionsError,
    SourceError,
    SourceRateLimitedError,
    TranscriptionDisabledError,
    UnavailableOptionError,
    UrlBlockedError,
)
from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.request import MediaUrl, SentCaptions, SiteVideo
from app.services.captions.select import CaptionPreference
from app.services.sources.opened import OpenedCaptions, OpenedMedia
from app.services.sources.opener import MediaOpener
from app.services.sources.ytdlp.site_session import SiteSession
from tests.processes import own_children
from tests.services.conftest import Make, OpenerFactory
from tests.services.loopback import LoopbackServer, ReceivedRequest, head, read_all, upload

Publish = Callable[..., SiteVideo]

ENGLISH = CaptionPreference(spoken=Language("en"))

VTT = b"WEBVTT\n\n00:00.500 --> 00:02.000\nThe water came up.\n\n00:02.500 --> 00:04.000\nFast.\n"
JSON3 = json.dumps(
    {"events": [{"tStartMs": 500, "dDurationMs": 1500, "segs": [{"utf8": "El agua subió."}]}]}
).encode()


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch, leaves_nothing: None) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "site_plugins"))


@pytest.fixture(scope="session")
def sound(make_media: Make) -> bytes:
    """Six seconds as sites send them."""
    flags = ("-movflags", "frag_keyframe+empty_moov+dash", "-c:a", "aac")
    source = ("-f", "lavfi", "-i", "sine=440:duration=6")
    return make_media("sound.m4a", *source, *flags).read_bytes()


@pytest.fixture
def publish(web: LoopbackServer, sound: bytes) -> Publish:
    """Put a video on the site; captions are given as key -> format -> path or whole entry."""

    def entries(tracks: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        return {
            key: [
                {"ext": ext, **(of if isinstance(of, dict) else {"url": web.url(of)})}
                for ext, of in files.items()
            ]
            for key, files in tracks.items()
        }

    def make(name: str, **page: Any) -> SiteVideo:
        media = web.body(f"/media/{name}", sound, "audio/mp4")
        page.setdefault("formats", [{"url": media, "ext": "m4a", "vcodec": "none"}])
        for kind in ("subtitles", "automatic_captions"):
            page[kind] = entries(page.get(kind, {}))
        web.body(f"/page/{name}", json.dumps(page).encode(), "application/json")
        return SiteVideo(web.url(f"/watch/{name}"))

    return make


def received(web: LoopbackServer) -> list[str]:
    return [request.target for request in web.received]


def track(session: SiteSession, name: str) -> CaptionTrack:
    return next(track for track in session.tracks if track.name == name)


async def test_one_extraction_tells_what_there_is(opener: MediaOpener, publish: Publish) -> None:
    site = publish(
        "told",
        title="The river",
        description="How it rose.\nAnd fell.",
        duration=6.25,
        chapters=[{"start_time": 0, "title": "Rise"}, {"start_time": 3.5, "title": "Fall"}],
        subtitles={
            "live_chat": {"json": "/chat"},
            "pt_br": {"srv3": "/a", "ttml": "/pt.ttml", "vtt": "/pt.vtt"},
            "en.by-hand": {"srt": "/en.srt"},
            "danmaku": {"xml": "/danmaku"},
        },
        automatic_captions={
            "de": {"json3": "/auto?lang=en&tlang=de", "vtt": "/auto?lang=en&tlang=de&fmt=vtt"},
            "fr-pt_br": {"vtt": "/translated"},
            "en": {"json3": "/auto?lang=en"},
            "en-orig": {"json3": "/auto?lang=en", "vtt": "/auto?fmt=vtt"},
        },
    )
    async with opener.site(site.page_url) as session:
        assert session.info == MediaInfo(
            "The river", "How it rose.\nAnd fell.", ((0, "Rise"), (3500, "Fall")), "en"
        )
        assert session.duration_ms == 6250
        assert [(t.kind, t.name, t.language) for t in session.tracks] == [
            ("manual", "pt_br", "pt-BR"),
            ("manual", "en.by-hand", "en"),
            ("auto", "en-orig", "en"),
        ]
        assert [dict(t.urls).keys() for t in session.tracks] == [
            {"ttml", "vtt"},
            {"srt"},
            {"json3", "vtt"},
        ]


async def test_files_are_tried_in_order_with_the_pages_cookies_and_headers(
    opener_with: OpenerFactory, web: LoopbackServer, publish: Publish, tmp_path: Path
) -> None:
    async def refuse(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(404, length=0))

    async def limit(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(429, length=0))

    cookies = tmp_path / "cookies.txt"
    line = "127.0.0.1\tFALSE\t/\tFALSE\t2147483647\tsession\tabc123"
    cookies.write_text(f"# Netscape HTTP Cookie File\n{line}\n")
    web.body("/empty", b"")
    web.routes["/gone"], web.routes["/limited"] = refuse, limit
    web.body("/en.vtt", VTT)
    web.body("/en.srv1", b"<transcript/>")
    headers = {"Referer": "https://site.example/"}
    site = publish(
        "order",
        http_headers=headers,
        subtitles={
            "en": {"srv1": "/en.srv1", "vtt": "/en.vtt", "json3": "/gone"},
            "fr": {"srt": "/en.vtt", "ttml": "/empty", "json3": "/gone"},
            "de": {"json3": "/gone", "vtt": "/empty"},
            "es": {"json3": "/limited", "vtt": "/en.vtt"},
            "it": {"vtt": {"data": "WEBVTT\n\n00:01.000 --> 00:02.000\nSì"}},
            "pt": {"vtt": {"url": "http://169.254.169.254/latest"}, "srt": "/gone"},
        },
    )
    opener = opener_with(allow_private_urls=True, cookies_file=cookies)
    async with opener.site(site.page_url) as session:
        assert await session.caption(track(session, "en")) == ("vtt", VTT)
        assert received(web) == ["/page/order", "/gone", "/en.vtt"]
        assert web.received[-1].headers["referer"] == "https://site.example/"
        assert web.received[-1].headers["cookie"] == "session=abc123"
        assert await session.caption(track(session, "fr")) == ("srt", VTT)
        with pytest.raises(SourceError) as none:
            await session.caption(track(session, "de"))
        assert none.value.code == "source_removed"
        web.received.clear()
        with pytest.raises(SourceRateLimitedError):
            await session.caption(track(session, "es"))
        assert received(web) == ["/limited"], "asking on would make it worse"
        name, data = await session.caption(track(session, "it"))
        assert (name, data.decode()) == ("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nSì")
        with pytest.raises(CuestreamError):
            await session.caption(track(session, "pt"))
        web.received.clear()
        chunks = [chunk async for chunk in session.audio().all_bytes()]
        assert b"".join(chunks)[4:8] == b"ftyp", "captions that failed spoil nothing"
        assert received(web) == ["/media/order"]


async def test_captions_in_the_pieces_of_a_playlist(
    opener: MediaOpener, web: LoopbackServer, publish: Publish
) -> None:
    first = b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:01.000 --> 00:02.000\nOne\n"
    web.body("/one.vtt", first)
    web.body("/two.vtt", first.replace(b"00:01", b"00:05").replace(b"00:02", b"00:06"))
    pieces = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\none.vtt\n#EXTINF:4,\ntwo.vtt\n"
    web.body("/subs.m3u8", f"{pieces}#EXT-X-ENDLIST\n".encode())
    site = publish("pieces", subtitles={"en": {"vtt": "/subs.m3u8"}})
    opened = await opener.open(site, ENGLISH)
    assert isinstance(opened, OpenedCaptions)
    assert [item.span.start_ms for item in opened.captions.items] == [1000, 5000]


async def test_a_caption_file_without_end_is_given_up(
    opener_with: OpenerFactory, web: LoopbackServer, publish: Publish
) -> None:
    async def trickle(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=10**6))
        while True:
            writer.write(b"WEBVTT\n\n" * 200)
            await writer.drain()
            await asyncio.sleep(0.05)

    web.routes["/endless"] = trickle
    site = publish("endless", subtitles={"en": {"vtt": "/endless"}})
    opener = opener_with(allow_private_urls=True, fetch_read_s=1.0)
    media = await opener.open(site, ENGLISH)
    assert isinstance(media, OpenedMedia)
    await read_all(media)


@pytest.fixture
def captioned_in_two(web: LoopbackServer, publish: Publish) -> SiteVideo:
    """A video with Spanish and broken English captions by people, and automatic English ones."""
    web.body("/es.json3", JSON3)
    web.body("/broken", b"<!doctype html><title>Sorry</title>")
    web.body("/auto.vtt", VTT)
    return publish(
        "two",
        title="The river",
        duration=6,
        subtitles={"es": {"json3": "/es.json3"}, "en": {"vtt": "/broken"}},
        automatic_captions={"en-orig": {"vtt": "/auto.vtt"}},
    )


async def test_captions_in_the_target_language_stand_in_for_the_recording(
    opener: MediaOpener, web: LoopbackServer, captioned_in_two: SiteVideo
) -> None:
    for force_whisper in (False, True):
        web.received.clear()
        preference = CaptionPreference(target=Language("es"), force_whisper=force_whisper)
        opened = await opener.open(captioned_in_two, preference)
        assert isinstance(opened, OpenedCaptions)
        assert opened.origin == "youtube_direct"
        assert opened.captions.language == "es"
        assert opened.captions.items[0].text == "El agua subió."
        assert opened.info.title == "The river"
        assert opened.duration_ms == 6000
        assert received(web) == ["/page/two", "/es.json3"], "one extraction and no audio"
        assert not own_children()


async def test_captions_that_cannot_be_used_leave_the_audio(
    opener: MediaOpener, web: LoopbackServer, captioned_in_two: SiteVideo
) -> None:
    media = await opener.open(captioned_in_two, CaptionPreference(spoken=Language("en")))
    assert isinstance(media, OpenedMedia)
    assert media.info.title == "The river"
    assert (await read_all(media))[-1].end_sample >= 5 * 16_000
    assert received(web) == ["/page/two", "/broken", "/media/two"]


async def test_without_a_transcriber_automatic_captions_count(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, captioned_in_two: SiteVideo
) -> None:
    opened = await opener.open(
        captioned_in_two, CaptionPreference(spoken=Language("en"), can_transcribe=False)
    )
    assert isinstance(opened, OpenedCaptions)
    web.received.clear()
    with pytest.raises(TranscriptionDisabledError):
        await opener.open(publish("none"), CaptionPreference(can_transcribe=False))
    assert received(web) == ["/page/none"], "nobody fetched audio in vain"


async def test_a_recording_is_not_opened_where_nothing_hears_it(
    opener: MediaOpener, web: LoopbackServer, tone_wav: Path
) -> None:
    captions_alone = CaptionPreference(can_transcribe=False)
    with pytest.raises(TranscriptionDisabledError):
        await opener.open(upload(tone_wav), captions_alone)
    url = web.body("/tone.wav", tone_wav.read_bytes(), "audio/wav")
    with pytest.raises(TranscriptionDisabledError):
        await opener.open(MediaUrl(url), captions_alone)


async def test_captions_that_the_client_sends(opener: MediaOpener) -> None:
    opened = await opener.open(SentCaptions(VTT.decode(), "en"), CaptionPreference())
    assert isinstance(opened, OpenedCaptions)
    assert opened.origin == "client_captions"
    assert [item.text for item in opened.captions.items] == ["The water came up.", "Fast."]
    assert (opened.captions.language, opened.captions.kind) == ("en", "manual")
    opened = await opener.open(SentCaptions(JSON3.decode(), automatic=True), CaptionPreference())
    assert isinstance(opened, OpenedCaptions)
    assert (opened.captions.language, opened.captions.kind) == ("und", "auto")
    for nonsense in ("", "Hello", "\ud800"):
        with pytest.raises(InvalidCaptionsError):
            await opener.open(SentCaptions(nonsense), CaptionPreference())
    with pytest.raises(UnavailableOptionError):
        await opener.open(SentCaptions(VTT.decode()))


async def test_the_page_stands_in_for_an_address_that_has_expired(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, captioned_in_two: SiteVideo
) -> None:
    page = captioned_in_two.page_url
    gone = web.url("/expired.m3u8")
    opened = await opener.open(MediaUrl(gone, page), CaptionPreference(target=Language("es")))
    assert isinstance(opened, OpenedCaptions)
    assert received(web) == ["/expired.m3u8", "/page/two", "/es.json3"]
    media = await opener.open(MediaUrl(web.body("/junk.mp4", b"junk" * 500), page))
    await read_all(media)
    private = publish("hidden", fails="Private video").page_url
    with pytest.raises(SourceError) as failure:
        await opener.open(MediaUrl(gone, private))
    assert failure.value.code == "source_private", "the page says more than a 404"
    wordless = web.body("/words.html", b"<!doctype html><title>Words</title>", "text/html")
    with pytest.raises(SourceError) as failure:
        await opener.open(MediaUrl(gone, wordless))
    assert failure.value.code == "source_removed", "the address says more than a page without video"
    with pytest.raises(UrlBlockedError):
        await opener.open(MediaUrl("http://169.254.169.254/a.m3u8", page))


async def test_an_address_that_works_needs_no_page(
    opener: MediaOpener, web: LoopbackServer, tone_wav: Path
) -> None:
    url = web.body("/tone.wav", tone_wav.read_bytes(), "audio/wav")
    await read_all(await opener.open(MediaUrl(url, web.url("/watch/none"))))
    assert received(web) == ["/tone.wav"]


@pytest.mark.parametrize("wait_s", [0.0, 1.2])
async def test_cancelling_while_a_caption_file_comes_leaves_nothing(
    opener: MediaOpener, web: LoopbackServer, publish: Publish, wait_s: float
) -> None:
    reached = asyncio.Event()

    async def stall(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        reached.set()
        writer.write(head(200, length=1000) + VTT)
        await writer.drain()
        await asyncio.sleep(60)

    web.routes["/stalls"] = stall
    site = publish("stalls", subtitles={"en": {"vtt": "/stalls"}})
    task = asyncio.create_task(opener.open(site, ENGLISH))
    await asyncio.wait_for(reached.wait(), 30)
    await asyncio.sleep(wait_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not own_children()
