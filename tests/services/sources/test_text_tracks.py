"""Text tracks of real files as captions: which one serves, what is told, what is stored."""

import hashlib
import struct
import subprocess
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.domain.errors import InvalidAudioTrackError
from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.request import MediaUrl, Source, UploadedFile
from app.services.cache.caches import open_caches
from app.services.cache.transcript_cache import Transcript
from app.services.captions.select import CaptionPreference
from app.services.media.track_choice import TrackWish
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia
from app.services.sources.opener import MediaOpener
from app.settings import CacheSettings, Settings, SourceSettings
from app.system.workdir import WorkDir
from tests.services.loopback import LoopbackServer

pytestmark = pytest.mark.usefixtures("leaves_nothing")

SPANISH = CaptionPreference(target=Language("es"))
ENGLISH = CaptionPreference(target=Language("en"))


def lines(*texts: str) -> str:
    return "\n".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n" for n, text in enumerate(texts, 1)
    )


@dataclass(frozen=True)
class Track:
    """A text track of a test's film."""

    text: str
    language: str = ""
    marks: str = "0"
    title: str = ""
    codec: str = "srt"


def film(
    path: Path, *tracks: Track, audio: str = "", options: Mapping[str, str] | None = None
) -> Path:
    """Write a film of 8 s with text tracks."""
    inputs, maps = ["-f", "lavfi", "-i", "sine=300:duration=8:sample_rate=16000"], ["-map", "0:a"]
    for number, track in enumerate(tracks):
        text = path.with_name(f"{path.stem}{number}.srt")
        text.write_text(track.text, "utf-8")
        inputs += ["-i", str(text)]
        maps += ["-map", str(number + 1), f"-c:s:{number}", track.codec]
        maps += [f"-disposition:s:{number}", track.marks]
        if track.language:
            maps += [f"-metadata:s:s:{number}", f"language={track.language}"]
        if track.title:
            maps += [f"-metadata:s:s:{number}", f"title={track.title}"]
    if audio:
        maps += ["-metadata:s:a:0", f"language={audio}"]
    more = [part for pair in (options or {}).items() for part in pair]
    sound = ["-c:a", "aac" if path.suffix in (".mp4", ".mov") else "flac"]
    command = ["ffmpeg", "-v", "error", "-y", *inputs, *maps, *sound, *more, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def upload(path: Path) -> UploadedFile:
    return UploadedFile(path, hashlib.sha256(path.read_bytes()).hexdigest())


@dataclass
class Cached:
    """Earlier work may be used; there is no transcript."""

    downloads: bool = True
    asked: list[str] = field(default_factory=list)

    async def transcript(self, content_sha256: str, info: MediaInfo) -> Transcript | None:
        self.asked.append(content_sha256)
        return None


async def opened(
    opener: MediaOpener,
    source: Source,
    preference: CaptionPreference,
    wish: TrackWish | None = None,
) -> tuple[Opened, list[str]]:
    """Open a source and close it; return it with the codes of its notices."""
    found = await opener.open(source, preference, Cached(), wish=wish or TrackWish())
    async with aclosing(found):
        notices = found.captions.notices if isinstance(found, OpenedCaptions) else ()
        if isinstance(found, OpenedMedia):
            notices = found.notices()
        return found, [notice.code for notice in notices]


def texts(found: Opened) -> list[str]:
    assert isinstance(found, OpenedCaptions)
    return [caption.text for caption in found.captions.items]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("film.mkv", "srt"),
        ("film.mkv", "ass"),
        ("film.mkv", "webvtt"),
        ("film.mp4", "mov_text"),
        ("film.mov", "mov_text"),
    ],
)
async def test_a_text_track_serves_in_place_of_the_sound(
    opener: MediaOpener, tmp_path: Path, name: str, codec: str
) -> None:
    track = Track(lines("The river rose.", "Nobody slept."), "eng", codec=codec)
    path = film(tmp_path / name, track)
    found, codes = await opened(opener, upload(path), SPANISH)
    assert texts(found) == ["The river rose.", "Nobody slept."]
    assert isinstance(found, OpenedCaptions)
    assert found.captions.language == "en"
    assert found.captions.kind == "manual"
    assert [(c.span.start_ms, c.span.end_ms) for c in found.captions.items] == [
        (1000, 1900),
        (2000, 2900),
    ]
    assert found.origin == "youtube_manual"
    assert codes == ["subtitle_track_used"]


async def test_the_target_language_comes_first_then_the_spoken_one(
    opener: MediaOpener, tmp_path: Path
) -> None:
    tracks = [Track(lines(tag), tag) for tag in ("fra", "eng", "spa", "ger")]
    path = film(tmp_path / "film.mkv", *tracks, audio="ger")
    direct, _ = await opened(opener, upload(path), SPANISH)
    assert texts(direct) == ["spa"]
    assert isinstance(direct, OpenedCaptions)
    assert direct.origin == "youtube_direct"
    spoken, _ = await opened(opener, upload(path), CaptionPreference(target=Language("it")))
    assert texts(spoken) == ["ger"], "the audio track's language goes before English"
    same, _ = await opened(opener, upload(path), CaptionPreference())
    assert texts(same) == ["ger"], "without a target the language that is heard"


@pytest.mark.parametrize(
    "forced",
    [Track(lines("Sign."), "eng", "default+forced"), Track(lines("Sign."), "eng", title="Forced")],
    ids=["flag", "title"],
)
async def test_a_forced_track_is_not_the_transcript(
    opener: MediaOpener, tmp_path: Path, forced: Track
) -> None:
    whole = Track(lines("Whole."), "eng")
    found, codes = await opened(opener, upload(film(tmp_path / "two.mkv", forced, whole)), SPANISH)
    assert texts(found) == ["Whole."]
    assert codes == ["subtitle_track_used", "subtitle_track_partial"]
    alone, codes = await opened(opener, upload(film(tmp_path / "one.mkv", forced)), SPANISH)
    assert isinstance(alone, OpenedMedia)
    assert "subtitle_track_partial" in codes


@pytest.mark.parametrize(
    "deaf",
    [
        Track(lines("[door] Hello."), "eng", "default+hearing_impaired"),
        Track(lines("[door] Hello."), "eng", title="English (SDH)"),
    ],
    ids=["flag", "title"],
)
async def test_a_full_track_goes_before_one_for_the_hard_of_hearing(
    opener: MediaOpener, tmp_path: Path, deaf: Track
) -> None:
    path = film(tmp_path / "film.mkv", deaf, Track(lines("Hello."), "eng"))
    found, _ = await opened(opener, upload(path), SPANISH)
    assert texts(found) == ["Hello."]
    assert isinstance(found, OpenedCaptions)
    message = found.captions.notices[0].message
    assert message.startswith("The text is that of the file's subtitle track 1 (en)")
    assert "0 (en, SDH" in message
    alone, _ = await opened(opener, upload(film(tmp_path / "one.mkv", deaf)), SPANISH)
    assert isinstance(alone, OpenedCaptions), "SDH alone serves"


def pgs(path: Path) -> Path:
    """Write two empty pictures as a Blu-ray has them: a composition and an end each."""
    composition = struct.pack(">HHBHBBBB", 64, 48, 0x10, 1, 0x80, 0, 0, 0)
    data = b""
    for second in (1, 2):
        for kind, payload in ((0x16, composition), (0x80, b"")):
            data += struct.pack(">2sIIBH", b"PG", second * 90_000, 0, kind, len(payload)) + payload
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("codec", ["copy", "dvbsub", "dvdsub"])
async def test_tracks_of_pictures_are_named(
    opener: MediaOpener, tmp_path: Path, codec: str
) -> None:
    path = tmp_path / "disc.mkv"
    inputs = [
        "-f",
        "lavfi",
        "-i",
        "sine=300:duration=3",
        "-f",
        "sup",
        "-i",
        str(pgs(tmp_path / "p")),
    ]
    maps = ["-map", "0", "-map", "1", "-c:a", "flac", "-c:s", codec]
    tags = ["-metadata:s:s:0", "language=eng", "-metadata:s:s:0", "title=Big"]
    command = ["ffmpeg", "-v", "error", *inputs, *maps, *tags, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    found, codes = await opened(opener, upload(path), ENGLISH)
    assert isinstance(found, OpenedMedia)
    assert codes == ["subtitle_pictures"]
    assert '0 (en, "Big", ' in found.notices()[0].message


async def test_the_sound_is_heard_where_it_is_asked_for(
    opener: MediaOpener, tmp_path: Path
) -> None:
    path = film(tmp_path / "film.mkv", Track(lines("Hello."), "eng"))
    for preference in (
        CaptionPreference(target=Language("es"), force_whisper=True),
        CaptionPreference(target=Language("es"), speakers=True),
        CaptionPreference(),
    ):
        found, codes = await opened(opener, upload(path), preference)
        assert isinstance(found, OpenedMedia)
        assert not codes
    media = await opener.open(upload(path))
    await media.aclose()
    assert isinstance(media, OpenedMedia)


async def test_a_wished_audio_track_must_be_there(opener: MediaOpener, tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv", Track(lines("Hello."), "eng"), audio="eng")
    with pytest.raises(InvalidAudioTrackError):
        await opened(opener, upload(path), SPANISH, TrackWish(3))


async def test_a_track_without_language_is_identified(opener: MediaOpener, tmp_path: Path) -> None:
    text = "Die Fähre fährt jeden Morgen um sieben Uhr, und die Kinder gehen in die Schule."
    path = film(tmp_path / "film.mkv", Track(lines(text)))
    found, _ = await opened(opener, upload(path), ENGLISH)
    assert isinstance(found, OpenedCaptions)
    assert found.captions.language == "de"


async def test_a_track_with_hardly_any_lines_is_not_the_dialogue(
    opener: MediaOpener, tmp_path: Path
) -> None:
    text = tmp_path / "sign.srt"
    text.write_text(lines("Sign."))
    path = tmp_path / "long.mkv"
    sound = ["-f", "lavfi", "-i", "sine=300:duration=660:sample_rate=8000"]
    maps = ["-map", "0", "-map", "1", "-c:a", "flac", "-metadata:s:s:0", "language=eng"]
    command = ["ffmpeg", "-v", "error", *sound, "-i", str(text), *maps, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    found, codes = await opened(opener, upload(path), SPANISH)
    assert isinstance(found, OpenedMedia)
    assert "subtitle_track_unusable" in codes


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.mkv", {}), ("a.mp4", {}), ("b.mp4", {"-movflags": "+faststart"})],
    ids=["matroska", "index last", "index first"],
)
async def test_the_track_of_an_address_is_read_once(
    web: LoopbackServer, workdir: WorkDir, tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    codec = "srt" if name.endswith("mkv") else "mov_text"
    path = film(
        tmp_path / name, Track(lines("The river rose."), "eng", codec=codec), options=options
    )
    caches = open_caches(Settings(caches=CacheSettings(cache_dir=tmp_path / "cache")))
    sources = SourceSettings(allow_private_urls=True)
    opener = MediaOpener(Settings(sources=sources), workdir, caches)
    url = web.body("/" + name, path.read_bytes(), "video/mp4")
    try:
        for _ in range(2):
            found, codes = await opened(opener, MediaUrl(url), SPANISH)
            assert texts(found) == ["The river rose."]
            assert codes == ["subtitle_track_used"]
        other, _ = await opened(
            opener, MediaUrl(url), CaptionPreference(target=Language("es"), force_whisper=True)
        )
        assert isinstance(other, OpenedMedia)
    finally:
        await caches.close()
