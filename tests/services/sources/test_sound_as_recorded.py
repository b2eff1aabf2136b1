"""Recordings as users have them: what is heard of them, when, and what is told of the rest."""

import asyncio
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.errors import InvalidAudioTrackError, TruncatedMediaError
from app.domain.language import Language
from app.domain.request import MediaUrl
from app.services.media.track_choice import TrackWish
from app.services.sources.opened import OpenedMedia
from app.services.sources.opener import MediaOpener
from tests.conftest import Speech, read_samples
from tests.services.conftest import Make
from tests.services.loopback import LoopbackServer, read_all, upload

pytestmark = pytest.mark.usefixtures("leaves_nothing")

Floats = NDArray[np.float32]

RATE = 16_000
WORDS = (
    "The harbour opens at seven in the morning.",
    "Please bring a warm coat because of the wind.",
    "The captain will speak before we leave the pier.",
    "Children under ten travel free on every second Sunday.",
)
EXACT_MS = 50
"""How far what is heard may be from its time."""

PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=30")
CODECS = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-shortest")


@pytest.fixture(scope="session")
def talk(speech: Speech, make_media: Make) -> Path:
    """Four sentences with 1.2 s between them, about 15 s, in WAV."""
    pause = ("-f", "lavfi", "-t", "1.2", "-i", "anullsrc=r=16000:cl=mono")
    inputs: list[str] = []
    for words in WORDS:
        inputs += ["-i", str(speech.wav(words)), *pause]
    return make_media("talk.wav", *inputs, "-filter_complex", "concat=n=8:v=0:a=1")


@pytest.fixture(scope="session")
def said(talk: Path) -> Floats:
    return read_samples(talk)


async def heard(
    opener: MediaOpener, source: Path | MediaUrl, wish: TrackWish | None = None
) -> tuple[Floats, OpenedMedia]:
    given = source if isinstance(source, MediaUrl) else upload(source)
    media = await opener.open(given, wish=wish or TrackWish())
    return np.concatenate([block.samples for block in await read_all(media)]), media


def codes(media: OpenedMedia) -> list[str]:
    return [notice.code for notice in media.notices()]


def lag_ms(samples: Floats, wanted: Floats, at: int = 0) -> float:
    """Return how much later a sound is heard than it was put there, in milliseconds.

    Fails where it is not heard at all.
    """
    size = 2 ** (len(samples) + len(wanted)).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(wanted, size))
    likeness = np.fft.irfft(spectrum, size)
    place = int(np.argmax(likeness))
    power = float(np.square(wanted).sum())
    assert likeness[place] > 0.6 * power, "it is not heard"
    place = place if place < size // 2 else place - size
    return (place - at) / RATE * 1000


# --- Tracks


@pytest.fixture(scope="session")
def film(make_media: Make, talk: Path) -> Path:
    """Spanish first and default (a tone), English (the talk), a commentary with six channels."""
    tone = ("-f", "lavfi", "-i", "sine=440:duration=8:sample_rate=16000")
    noise = ("-f", "lavfi", "-i", "anoisesrc=duration=8:sample_rate=16000:amplitude=0.2")
    tags = ("-metadata:s:a:0", "language=spa", "-metadata:s:a:1", "language=eng")
    tags += ("-metadata:s:a:2", "language=eng", "-metadata:s:a:2", "title=Director's commentary")
    maps = ("-map", "0", "-map", "1", "-map", "2", "-ac:a:2", "6", "-disposition:a:0", "default")
    return make_media(
        "film.mkv", *tone, "-i", str(talk), *noise, *maps, *tags, "-c:a", "aac", "-ar", "48000"
    )


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4", "film.ts"])
async def test_case_2_the_language_that_is_asked_for(
    opener: MediaOpener, make_media: Make, film: Path, said: Floats, name: str
) -> None:
    path = film
    if name != film.name:
        path = make_media(name, "-i", str(film), "-map", "0", "-c", "copy")
    samples, media = await heard(opener, path, TrackWish(None, Language("en")))
    assert media.heard.index == 1
    assert len(media.heard.tracks) == 3
    assert abs(lag_ms(samples, said)) < EXACT_MS
    assert codes(media) == []
    _, media = await heard(opener, path)
    assert media.heard.index == 0
    _, media = await heard(opener, path, TrackWish(2))
    assert media.heard.index == 2


async def test_a_track_in_a_stream_is_chosen_within_it(
    opener: MediaOpener, web: LoopbackServer, film: Path, said: Floats
) -> None:
    url = MediaUrl(web.body("/film.mkv", film.read_bytes()))
    samples, media = await heard(opener, url, TrackWish("en"))
    assert media.heard.index == 1
    assert abs(lag_ms(samples, said)) < EXACT_MS
    with pytest.raises(InvalidAudioTrackError, match=r"0 \(es\); 1 \(en\)"):
        await opener.open(url, wish=TrackWish(7))


async def test_a_track_that_is_not_there(opener: MediaOpener, talk: Path) -> None:
    with pytest.raises(InvalidAudioTrackError, match="no track 1"):
        await opener.open(upload(talk), wish=TrackWish(1))
    samples, _ = await heard(opener, talk, TrackWish(0))
    assert len(samples) > 10 * RATE


async def test_a_track_that_cannot_be_decoded_is_passed_over(
    opener: MediaOpener, make_media: Make, film: Path, said: Floats
) -> None:
    rubbish = ("-bsf:a:0", "noise=amount=1")
    copied = ("-i", str(film), "-map", "0:0", "-map", "0:1", "-c", "copy", *rubbish)
    samples, media = await heard(opener, make_media("rubbish.mkv", *copied))
    assert media.heard.index == 1
    assert abs(lag_ms(samples, said)) < EXACT_MS
    assert codes(media) == ["audio_track_undecodable"]
    with pytest.raises(InvalidAudioTrackError, match="cannot be decoded"):
        await opener.open(upload(make_media("rubbish.mkv", *copied)), wish=TrackWish(0))


async def test_no_track_in_the_language(opener: MediaOpener, film: Path) -> None:
    _, media = await heard(opener, film, TrackWish(None, Language("fr")))
    assert codes(media) == ["audio_track_language"]


# --- Clocks


@pytest.fixture(scope="session")
def parts_ts(make_media: Make, talk: Path) -> list[Path]:
    """The talk in four transport streams that each begin at 0, as HLS with discontinuities."""
    cuts = (0, 4.2, 7.9, 11.3, 14.5)
    made = []
    for number, (begin, end) in enumerate(pairwise(cuts)):
        span = ("-ss", str(begin), "-t", str(end - begin), "-i", str(talk), "-muxdelay", "0")
        picture = (*PICTURE[:3], f"testsrc=size=64x48:rate=10:duration={end - begin}")
        sound = ("-map", "0", "-map", "1", *CODECS[:6], "-ar", "48000")
        made.append(make_media(f"part{number}.ts", *picture, *span, *sound))
    return made


async def test_case_4_parts_whose_clocks_begin_anew(
    opener: MediaOpener, web: LoopbackServer, parts_ts: list[Path], said: Floats, tmp_path: Path
) -> None:
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:5", "#EXT-X-PLAYLIST-TYPE:VOD"]
    for path in parts_ts:
        web.body(f"/{path.name}", path.read_bytes())
        lines += ["#EXT-X-DISCONTINUITY", "#EXTINF:4.2,", path.name]
    playlist = "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()
    url = web.body("/list.m3u8", playlist, "application/vnd.apple.mpegurl")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(path.read_bytes() for path in parts_ts))
    for source in (MediaUrl(url), joined):
        samples, media = await heard(opener, source)
        assert abs(len(samples) / RATE - 14.5) < 0.1
        assert codes(media) == []
        for second in (0.3, 4.5, 8.2, 11.6):
            wanted = said[int(second * RATE) :][: 2 * RATE]
            assert abs(lag_ms(samples, wanted, int(second * RATE))) < EXACT_MS


@pytest.mark.parametrize("name", ["later.mp4", "later.mkv", "later.ts", "later.flv"])
async def test_sound_that_begins_after_the_picture(
    opener: MediaOpener, make_media: Make, talk: Path, said: Floats, name: str
) -> None:
    late = ("-itsoffset", "2.5", "-i", str(talk), "-ar", "44100")
    samples, _ = await heard(opener, make_media(name, *PICTURE, *late, *CODECS))
    assert abs(lag_ms(samples, said) - 2500) < EXACT_MS


async def test_an_edit_list_and_a_picture_that_begins_later(
    opener: MediaOpener, make_media: Make, talk: Path, said: Floats
) -> None:
    inputs = ("-itsoffset", "1.5", *PICTURE, "-i", str(talk), "-ar", "44100")
    path = make_media("sooner.mp4", *inputs, *CODECS)
    samples, _ = await heard(opener, path)
    assert abs(lag_ms(samples, said)) < EXACT_MS
    cut = make_media("edited.m4a", "-ss", "3.3", "-i", str(talk), "-c:a", "aac", "-ar", "44100")
    samples, _ = await heard(opener, cut)
    assert abs(lag_ms(samples, said[int(3.3 * RATE) :])) < EXACT_MS


async def test_a_wrap_of_the_clock(
    opener: MediaOpener, make_media: Make, talk: Path, said: Floats
) -> None:
    wrapped = ("-output_ts_offset", "95437", "-muxdelay", "0", "-ar", "48000")
    path = make_media("wrapped.ts", *PICTURE, "-i", str(talk), *CODECS, *wrapped)
    samples, _ = await heard(opener, path)
    assert abs(lag_ms(samples, said)) < EXACT_MS


async def test_a_small_gap_keeps_what_follows_in_its_place(
    opener: MediaOpener, make_media: Make, talk: Path, said: Floats
) -> None:
    gap = ("-af", "asetpts=PTS+gt(T\\,5)*0.08*SR", "-c:a", "pcm_s16le")
    samples, _ = await heard(opener, make_media("small-gap.mkv", "-i", str(talk), *gap))
    wanted = said[9 * RATE :]
    assert abs(lag_ms(samples, wanted, 9 * RATE) - 80) < EXACT_MS / 2


# --- Joined files


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("one.webm", ("-c:a", "libopus", "-live", "1")),
        ("one.wav", ()),
        ("one.ogg", ()),
        ("one.flac", ()),
        ("one.mp3", ()),
        ("one.m4a", ()),
        ("one.aac", ()),
        ("one.mkv", ()),
    ],
)
async def test_case_8_joined_files_are_heard_to_their_end(
    opener: MediaOpener,
    web: LoopbackServer,
    make_media: Make,
    speech: Speech,
    tmp_path: Path,
    name: str,
    options: tuple[str, ...],
) -> None:
    parts = [
        make_media(f"{number}-{name}", "-i", str(speech.wav(words)), *options)
        for number, words in enumerate(WORDS[:3])
    ]
    joined = tmp_path / name
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    sources: list[Path | MediaUrl] = [joined]
    if name != "one.m4a":  # its index comes last
        sources.append(MediaUrl(web.body(f"/{name}", joined.read_bytes())))
    for source in sources:
        samples, media = await heard(opener, source)
        assert codes(media) == []
        at = 0
        for words, part in zip(WORDS, parts, strict=False):
            assert abs(lag_ms(samples, speech.samples(words), at)) < 2 * EXACT_MS
            at += len(read_samples(part))
        assert abs(len(samples) - at) < RATE // 5


async def test_a_joined_part_that_is_no_media_is_told(
    opener: MediaOpener, make_media: Make, speech: Speech, tmp_path: Path
) -> None:
    one = make_media("sound.flac", "-i", str(speech.wav(WORDS[0]))).read_bytes()
    joined = tmp_path / "broken.flac"
    joined.write_bytes(one + one[:60] + bytes(20_000) + one)
    samples, media = await heard(opener, joined)
    assert codes(media) == ["part_not_decoded"]
    assert abs(len(samples) - 2 * len(speech.samples(WORDS[0]))) < 200


# --- Sizes


def with_size(path: Path, folder: Path, size: int) -> Path:
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = size.to_bytes(4, "little")
    data[4:8] = min(size + 36, 2**32 - 1).to_bytes(4, "little")
    changed = folder / f"{size}.wav"
    changed.write_bytes(data)
    return changed


@pytest.mark.parametrize("size", [2_000_000_000, 2**30, 2**32 - 1, 0, 1000])
async def test_case_5_a_wav_with_a_wrong_size_is_heard_whole(
    opener: MediaOpener,
    web: LoopbackServer,
    talk: Path,
    said: Floats,
    tmp_path: Path,
    size: int,
) -> None:
    path = with_size(talk, tmp_path, size)
    url = MediaUrl(web.body("/talk.wav", path.read_bytes()))
    for source in (path, url):
        samples, media = await heard(opener, source)
        assert np.array_equal(samples, said)
        assert codes(media) == (["size_corrected"] if size not in {0, 2**32 - 1} else [])
        assert media.duration_ms is not None
        assert abs(media.duration_ms - len(said) / 16) < 200


async def test_a_wav_whose_end_is_missing_is_still_cut_off(
    opener: MediaOpener, talk: Path, tmp_path: Path
) -> None:
    path = with_size(talk, tmp_path, 2 * talk.stat().st_size)
    with pytest.raises(TruncatedMediaError):
        await opener.open(upload(path))


async def test_bytes_behind_the_end_are_told(
    opener: MediaOpener, talk: Path, said: Floats, tmp_path: Path
) -> None:
    path = tmp_path / "rubbish.wav"
    path.write_bytes(talk.read_bytes() + b"\x00\x13\x77" * 3000)
    samples, media = await heard(opener, path)
    assert np.array_equal(samples, said)
    assert codes(media) == ["trailing_data"]


async def test_an_mp4_that_claims_too_much_and_has_all_its_packets(
    opener: MediaOpener, make_media: Make, talk: Path, said: Floats, tmp_path: Path
) -> None:
    whole = make_media("fast.m4a", "-i", str(talk), "-ar", "44100", "-movflags", "+faststart")
    data = bytearray(whole.read_bytes())
    at = data.index(b"mdat") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    data[at : at + 4] = (size + 500_000).to_bytes(4, "big")
    path = tmp_path / "claims.m4a"
    path.write_bytes(data)
    samples, _ = await heard(opener, path)
    assert abs(lag_ms(samples, said)) < EXACT_MS
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(TruncatedMediaError):
        await opener.open(upload(path))


@pytest.mark.parametrize("size", [8, 1000, 50_000, 2**31])
@pytest.mark.parametrize("last", [True, False])
async def test_an_mp4_whose_samples_have_a_wrong_size(
    opener: MediaOpener,
    make_media: Make,
    talk: Path,
    said: Floats,
    tmp_path: Path,
    size: int,
    last: bool,
) -> None:
    options = () if last else ("-movflags", "+faststart")
    whole = make_media(f"mdat{last}.m4a", "-i", str(talk), "-ar", "44100", *options)
    data = bytearray(whole.read_bytes())
    at = data.index(b"mdat") - 4
    data[at : at + 4] = size.to_bytes(4, "big")
    path = tmp_path / "wrong.m4a"
    path.write_bytes(data)
    samples, media = await heard(opener, path)
    assert abs(lag_ms(samples, said)) < EXACT_MS
    assert codes(media) == ["size_corrected"]
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(TruncatedMediaError):
        await opener.open(upload(path))


# --- Damage


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("d.mp3", ("-b:a", "64k")),
        ("d.aac", ()),
        ("d.ac3", ()),
        ("d.flac", ()),
        ("d.opus", ("-page_duration", "200000")),
        ("d.ogg", ()),
        ("d.m4a", ()),
        ("d.mka", ("-cluster_time_limit", "1000", "-c:a", "aac")),
        ("d.ts", ("-c:a", "aac")),
    ],
)
@pytest.mark.parametrize("share", [0.04, 0.15])
async def test_case_7_damage_in_the_middle_is_told_and_passed_over(
    opener: MediaOpener,
    make_media: Make,
    talk: Path,
    said: Floats,
    tmp_path: Path,
    name: str,
    options: tuple[str, ...],
    share: float,
) -> None:
    data = bytearray(make_media(name, "-i", str(talk), "-ar", "48000", *options).read_bytes())
    begin, end = int(len(data) * 0.4), int(len(data) * (0.4 + share))
    data[begin:end] = np.random.default_rng(4).bytes(end - begin)
    path = tmp_path / name
    path.write_bytes(data)
    samples, media = await heard(opener, path)
    assert "media_damaged" in codes(media)
    assert 0.3 * share < media.lost_ms() / (len(said) / 16) < share + 0.12
    first, last = said[: 4 * RATE], said[-5 * RATE :]
    assert abs(lag_ms(samples, first)) < 100
    off = lag_ms(samples, last, len(said) - 5 * RATE)
    # What counts frames knows the lost time by their usual length; those of a pause are shorter.
    assert abs(off) < (1300 if name == "d.aac" else 100)


async def test_damage_in_a_stream(
    opener: MediaOpener, web: LoopbackServer, make_media: Make, talk: Path, said: Floats
) -> None:
    data = bytearray(make_media("stream.mp3", "-i", str(talk), "-b:a", "64k").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 6000] = np.random.default_rng(4).bytes(6000)
    samples, media = await heard(opener, MediaUrl(web.body("/a.mp3", bytes(data))))
    assert codes(media) == ["media_damaged"]
    assert abs(len(samples) - len(said)) < RATE


# --- Channels


@pytest.fixture
async def dual_ts(make_media: Make, speech: Speech) -> Path:
    """A transport stream with English on the left and another voice on the right at once."""
    left, right = " ".join(WORDS[:2]), " ".join(WORDS[2:])
    joined = "[0][1]join=inputs=2:channel_layout=stereo"
    inputs = ("-i", str(speech.wav(left)), "-i", str(speech.wav(right, "kal16")))
    tags = ("-metadata:s:a:0", "language=eng,spa", "-c:a", "ac3", "-ar", "48000")
    return await asyncio.to_thread(make_media, "dual.ts", *inputs, "-filter_complex", joined, *tags)


@pytest.mark.parametrize(("wanted", "side"), [("en", 0), ("es", 1)])
async def test_dual_mono_in_two_languages(
    opener: MediaOpener, dual_ts: Path, wanted: str, side: int
) -> None:
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream_tags=language", str(dual_ts)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "eng,spa" in shown
    samples, media = await heard(opener, dual_ts, TrackWish(None, Language(wanted)))
    assert codes(media) == ["channels_differ"]
    pcm = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(dual_ts), "-ar", "16000", "-f", "s16le", "-"],
        check=True,
        capture_output=True,
    ).stdout
    channel = np.frombuffer(pcm, "<i2").reshape(-1, 2)[:, side].astype(np.float32) / 2**15
    length = min(len(channel), len(samples))
    assert np.corrcoef(samples[:length], channel[:length])[0, 1] > 0.95


def id3_tag(size: int) -> bytes:
    """Return an ID3v2.4 tag with a title and padding; ``size`` is that of what it holds."""
    length = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return (
        b"ID3\x04\x00\x00" + length + b"TIT2\x00\x00\x00\x05\x00\x00\x03Talk".ljust(size, b"\x00")
    )


@pytest.mark.parametrize("tag", [15, 70_000], ids=["title", "cover"])
@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
async def test_a_tag_ahead_of_any_kind_of_sound(
    opener: MediaOpener,
    web: LoopbackServer,
    make_media: Make,
    tmp_path: Path,
    talk: Path,
    said: Floats,
    kind: str,
    tag: int,
) -> None:
    whole = make_media(f"tagged.{kind}", "-i", str(talk)).read_bytes()
    path = tmp_path / f"tagged.{kind}"
    path.write_bytes(id3_tag(tag) + whole)
    url = MediaUrl(web.body(f"/tagged-{tag}.{kind}", path.read_bytes()))
    for source in (path, url):
        samples, media = await heard(opener, source)
        assert abs(len(samples) - len(said)) < RATE // 10
        assert abs(lag_ms(samples, said)) < EXACT_MS
        assert codes(media) == []
    path.write_bytes(id3_tag(tag) + whole[: len(whole) * 6 // 10])
    with pytest.raises(TruncatedMediaError):
        await heard(opener, path)


@pytest.mark.parametrize("kind", ["ogg", "opus", "flac"])
async def test_what_says_nothing_of_its_length_is_heard_up_to_where_it_breaks_off(
    opener: MediaOpener, make_media: Make, tmp_path: Path, talk: Path, said: Floats, kind: str
) -> None:
    written = make_media(f"unfinished.{kind}", "-i", str(talk))
    if kind == "flac":  # as it is written to a pipe, which has no place for the number of samples
        piped = ["ffmpeg", "-v", "error", "-i", str(talk), "-f", "flac", "-"]
        whole = subprocess.run(piped, check=True, capture_output=True).stdout
    else:
        whole = written.read_bytes()
    path = tmp_path / f"unfinished.{kind}"
    path.write_bytes(whole)
    _, media = await heard(opener, path)
    assert codes(media) == []
    path.write_bytes(whole[: len(whole) * 6 // 10])
    samples, media = await heard(opener, path)
    assert codes(media) == ["media_cut_off"]
    assert 0.4 < len(samples) / len(said) < 0.8
    assert abs(lag_ms(samples, said[: len(samples) - RATE])) < EXACT_MS
    if kind != "flac":
        path.write_bytes(whole + whole[: len(whole) * 6 // 10])
        _, media = await heard(opener, path)
        assert codes(media) == ["media_cut_off"], "so does the last one of files that were joined"
