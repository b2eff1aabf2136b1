"""Uploads that name other files or addresses open none of them."""

import subprocess
from pathlib import Path

import pytest

from app.domain.errors import ForbiddenMediaError, MediaError, UnreadableMediaError
from app.domain.request import MediaUrl
from app.services.sources.opener import MediaOpener
from tests.services.conftest import Make
from tests.services.loopback import LoopbackServer, upload

pytestmark = pytest.mark.usefixtures("leaves_nothing")

DASH = """<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S"
 profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4">
<Representation id="1" bandwidth="1000"><BaseURL>{target}</BaseURL></Representation>
</AdaptationSet></Period></MPD>"""

PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n",
    "master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{target}\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "session.sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 0\r\n",
    "manifest.mpd": DASH,
}

OTHERS = {
    "plain.m3u": "#EXTM3U\n{target}\n",
    "concat.txt": "file '{target}'\n",
    "list.pls": "[playlist]\nNumberOfEntries=1\nFile1={target}\n",
    "list.asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
    "list.xspf": '<?xml version="1.0"?><playlist version="1"><trackList><track>'
    "<location>{target}</location></track></trackList></playlist>",
    "reference.rpm": "{target}\n",
    "link.qtl": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?>'
    '<embed src="{target}" />',
    "frames%03d.txt": "{target}",
}


def written(folder: Path, name: str, text: str, target: str, port: int) -> Path:
    path = folder / name
    path.write_text(text.replace("{target}", target).replace("{port}", str(port)))
    return path


def plays_without_our_rules(path: Path) -> None:
    """Show that ffmpeg by itself would have asked the server."""
    command = ["ffmpeg", "-v", "error", "-protocol_whitelist", "file,http,tcp,crypto,data", "-i"]
    subprocess.run([*command, str(path), "-f", "null", "-"], capture_output=True, timeout=20)


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("scheme", ["http", "file", "path"])
async def test_playlists_are_refused(
    opener: MediaOpener, web: LoopbackServer, tmp_path: Path, tone_wav: Path, name: str, scheme: str
) -> None:
    target = {"http": web.url("/a.ts"), "file": f"file://{tone_wav}", "path": str(tone_wav)}[scheme]
    path = written(tmp_path, name, PLAYLISTS[name], target, web.port)
    with pytest.raises(ForbiddenMediaError):
        await opener.open(upload(path))
    assert web.connections == 0


@pytest.mark.parametrize("name", OTHERS)
async def test_other_lists_are_not_media(
    opener: MediaOpener, web: LoopbackServer, tmp_path: Path, name: str
) -> None:
    path = written(tmp_path, name, OTHERS[name], web.url("/a.mp3"), web.port)
    with pytest.raises((UnreadableMediaError, ForbiddenMediaError)):
        await opener.open(upload(path))
    assert web.connections == 0


async def test_ffmpeg_by_itself_would_have_asked(
    web: LoopbackServer, tmp_path: Path, tone_wav: Path
) -> None:
    import asyncio

    path = written(tmp_path, "a.m3u8", PLAYLISTS["list.m3u8"], web.url("/a.ts"), web.port)
    await asyncio.to_thread(plays_without_our_rules, path)
    assert web.connections > 0


def with_external_track(path: Path, target: str, kind: bytes) -> bytes:
    """Return a QuickTime file whose track says that its samples are in another file."""
    data = bytearray(path.read_bytes())
    dref = data.index(b"dref") - 4
    old_size = int.from_bytes(data[dref : dref + 4], "big")
    named = {b"url ": target.encode() + b"\0", b"alis": alias(target)}[kind]
    entry = (len(named) + 12).to_bytes(4, "big") + kind + bytes(4) + named
    body = bytes(4) + (1).to_bytes(4, "big") + entry
    new = (len(body) + 8).to_bytes(4, "big") + b"dref" + body
    data[dref : dref + old_size] = new
    grown = len(new) - old_size
    for name in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        at = data.index(name) - 4
        data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + grown).to_bytes(4, "big")
    return bytes(data)


def alias(target: str) -> bytes:
    """Return a Macintosh alias record that holds a path."""
    name = target.rsplit("/", 1)[-1].encode()[:63]
    record = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12)
    record += bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16)
    record += (1).to_bytes(2, "big") + (8).to_bytes(2, "big") + bytes(16)
    path = target.removeprefix("/").replace("/", ":").encode()  # as Mac OS wrote it
    path = b"disk:" + path
    record += (2).to_bytes(2, "big") + len(path).to_bytes(2, "big")
    record += path + b"\0" * (len(path) % 2)
    return record + (0xFFFF).to_bytes(2, "big") + bytes(2)


@pytest.mark.parametrize("kind", [b"alis", b"url "])
@pytest.mark.parametrize("target", ["{web}", "file:///etc/passwd", "{file}"])
async def test_a_movie_whose_samples_are_elsewhere_opens_nothing_else(
    opener: MediaOpener,
    web: LoopbackServer,
    make_media: Make,
    tmp_path: Path,
    tone_wav: Path,
    kind: bytes,
    target: str,
) -> None:
    movie = make_media("self.mov", "-f", "lavfi", "-i", "sine=duration=2", "-c:a", "pcm_s16be")
    secret = make_media("secret.raw", "-i", str(tone_wav), "-f", "s16be")
    named = target.format(web=web.url("/a.mov"), file=secret)
    path = tmp_path / "external.mov"
    path.write_bytes(with_external_track(movie, named, kind))
    try:
        media = await opener.open(upload(path))
    except MediaError:
        assert kind == b"alis"
    else:
        # ffmpeg takes an entry of this kind to mean the file itself.
        assert kind == b"url "
        await media.aclose()
    assert web.connections == 0


async def test_an_alias_is_reported_as_forbidden(
    opener: MediaOpener, make_media: Make, tmp_path: Path
) -> None:
    movie = make_media("self2.mov", "-f", "lavfi", "-i", "sine=duration=2", "-c:a", "pcm_s16be")
    path = tmp_path / "alias.mov"
    path.write_bytes(with_external_track(movie, "/etc/passwd", b"alis"))
    with pytest.raises(ForbiddenMediaError):
        await opener.open(upload(path))


@pytest.mark.parametrize("name", ["list.ffconcat", "session.sdp"])
async def test_lists_behind_a_url_are_refused_too(
    opener: MediaOpener, web: LoopbackServer, name: str
) -> None:
    text = PLAYLISTS[name].replace("{target}", web.url("/secret.wav"))
    web.body("/list", text.replace("{port}", str(web.port)).encode())
    with pytest.raises(ForbiddenMediaError):
        await opener.open(MediaUrl(web.url("/list")))
    assert [received.target for received in web.received] == ["/list"]
