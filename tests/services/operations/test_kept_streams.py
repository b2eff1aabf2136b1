"""What is taken over of files as phones, cameras and editors make them, and how it is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.domain.errors import UnreadableMediaError
from app.services.operations.operation import LocalMedia
from tests.media_operations import FAST, Operations, ffmpeg, frame, probed

SRT = "1\n00:00:00,100 --> 00:00:00,400\nHello there\n"
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=96x54:r=10:d=0.5")
TONE = ("-f", "lavfi", "-i", "sine=440:d=0.5")
YUV = ("-pix_fmt", "yuv420p")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")


@pytest.fixture
async def operations(tmp_path: Path) -> AsyncIterator[Operations]:
    async with AsyncExitStack() as stack:
        yield await Operations.open(tmp_path, stack, media={"media_encoder": "x264"})


def made(folder: Path, name: str, *arguments: str) -> Path:
    ffmpeg(*arguments, str(folder / name))
    return folder / name


def codes(answer: dict[str, object]) -> list[str]:
    notices = answer.get("notices", [])
    assert isinstance(notices, list)
    return [each["code"] for each in notices]


@pytest.fixture
def spatial(tmp_path: Path) -> Path:
    """A phone's video whose second sound has a codec that ffmpeg does not know."""
    path = made(
        tmp_path,
        "spatial.mp4",
        *(*PICTURE, *TONE, *TONE, *FAST, *YUV),
        *("-map", "0", "-map", "1", "-map", "2", "-c:a", "aac"),
    )
    data = bytearray(path.read_bytes())
    for name, other in ((b"mp4a", b"apac"), (b"esds", b"dapa")):
        place = data.rindex(name)
        data[place : place + 4] = other
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("operation", ["caption", "mux", "loudness"])
async def test_a_sound_of_an_unknown_codec_is_left_out_and_told(
    operations: Operations, spatial: Path, operation: str
) -> None:
    texts = {} if operation == "loudness" else {"subtitles": SRT}
    answer = await operations.run(operation, url_video=spatial, **texts)
    path = operations.file(answer)
    assert probed(path, "stream=codec_name", "a") == ["aac"]
    assert codes(dict(answer)) == ["sounds_dropped"]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film with a cover picture, two pictures, two sounds and two subtitle tracks."""
    (tmp_path / "film.srt").write_text(SRT)
    texts = ("-i", str(tmp_path / "film.srt"))
    maps = ("-map", "0", "-map", "0", "-map", "1", "-map", "1", "-map", "2", "-map", "3")
    cover = made(tmp_path, "cover.png", *PICTURE, "-frames:v", "1")
    return made(
        tmp_path,
        "film.mkv",
        *(*PICTURE, *TONE, *texts, *texts, *maps, *FAST, *YUV, "-c:a", "aac"),
        *("-attach", str(cover), "-metadata:s:t", "mimetype=image/png"),
        *("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=spa"),
    )


TEXTS, PICTURES = "subtitle_tracks_dropped", "pictures_dropped"


@pytest.mark.parametrize(
    ("operation", "fields", "lost"),
    [
        (
            "caption",
            {"subtitles": SRT},
            {PICTURES: "1 cover pictures and 1 video", TEXTS: "0 (en); 1 (es)"},
        ),
        ("mux", {"subtitles": SRT}, {PICTURES: "1 cover pictures"}),
        ("loudness", {}, {PICTURES: "1 cover pictures and 1 video"}),
        ("addaudio", {"url_audio": "film"}, {PICTURES: "1 cover", TEXTS: "0 (en); 1 (es)"}),
        (
            "trilhasonora",
            {"trilha_sonora": "film"},
            {PICTURES: "1 cover", TEXTS: "0 (en", "sounds_dropped": "1 audio tracks behind"},
        ),
    ],
)
async def test_what_is_left_out_of_a_film_is_told(
    operations: Operations, film: Path, operation: str, fields: dict[str, str], lost: dict[str, str]
) -> None:
    others = {name: film if value == "film" else value for name, value in fields.items()}
    answer = await operations.run(operation, url_video=film, **others)
    told = {each["code"]: each["message"] for each in answer["notices"]}
    assert told.keys() == lost.keys()
    for code, part in lost.items():
        assert part in told[code]


async def test_what_is_left_out_of_clips_is_told(operations: Operations, film: Path) -> None:
    answer = await operations.run("concatenate", video_urls=[{"video_url": LocalMedia(film)}] * 2)
    told = [(each["code"], each["message"][:7]) for each in answer["notices"]]
    codes = [PICTURES, TEXTS, "sounds_dropped"]
    assert told == [(code, f"Clip {number}:") for number in (1, 2) for code in codes]


async def test_what_is_asked_of_such_a_sound_is_an_error(
    operations: Operations, spatial: Path
) -> None:
    with pytest.raises(UnreadableMediaError, match="Audio track 1 is encrypted"):
        await operations.run("extract_audio", url_video=spatial, track=1)


async def test_an_encrypted_video_is_named(operations: Operations, tmp_path: Path) -> None:
    path = made(tmp_path, "film.mp4", *PICTURE, *FAST, *YUV)
    path.write_bytes(path.read_bytes().replace(b"avc1\0\0\0\0", b"encv\0\0\0\0"))
    for operation, texts in (("caption", {"subtitles": SRT}), ("hls", {}), ("contact_sheet", {})):
        with pytest.raises(UnreadableMediaError, match="encrypted"):
            await operations.run(operation, url_video=path, **texts)


@pytest.mark.parametrize("operation", ["mux", "loudness"])
async def test_hevc_in_mp4_has_the_name_that_all_players_know(
    operations: Operations, tmp_path: Path, operation: str
) -> None:
    source = made(tmp_path, "phone.mov", *PICTURE, *TONE, *HEVC, *YUV, "-c:a", "aac")
    texts = {} if operation == "loudness" else {"subtitles": SRT}
    path = operations.file(await operations.run(operation, url_video=source, **texts))
    assert probed(path, "stream=codec_name,codec_tag_string") == ["hevc,hvc1"]


async def test_a_picture_that_mp4_does_not_hold_goes_into_matroska(
    operations: Operations, tmp_path: Path
) -> None:
    (tmp_path / "en.srt").write_text(SRT)
    source = made(
        tmp_path,
        "editor.mov",
        *(*PICTURE, *TONE, "-i", str(tmp_path / "en.srt"), "-c:v", "prores_ks"),
        *("-c:a", "pcm_s16le", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng"),
    )
    for operation, texts, heard in (
        ("mux", {"subtitles": SRT}, "pcm_s16le"),
        ("loudness", {}, "aac"),
    ):
        answer = await operations.run(operation, url_video=source, **texts)
        assert answer["filename"].endswith(".mkv")
        path = operations.file(answer)
        assert probed(path, "stream=codec_name") == ["prores"]
        assert probed(path, "stream=codec_name", "a") == [heard]
        assert probed(path, "stream=codec_name", "s")[0] == "subrip", "the text track stays"


async def test_a_moving_gif_is_a_video(operations: Operations, tmp_path: Path) -> None:
    source = made(tmp_path, "moving.gif", *PICTURE)
    answer = await operations.run("caption", url_video=source, subtitles=SRT)
    assert probed(operations.file(answer), "stream=codec_name,nb_frames") == ["h264,5"]


async def test_a_still_picture_is_no_video(operations: Operations, tmp_path: Path) -> None:
    source = made(tmp_path, "still.png", *PICTURE, "-frames:v", "1")
    with pytest.raises(UnreadableMediaError, match="not audio or video"):
        await operations.run("caption", url_video=source, subtitles=SRT)


async def test_hdr_that_does_not_tell_its_colours_is_tone_mapped(
    operations: Operations, tmp_path: Path
) -> None:
    ten_bits = ("-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084")
    source = made(tmp_path, "pq.mp4", *PICTURE, *HEVC, *ten_bits)
    path = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    assert probed(path, "stream=pix_fmt,color_transfer") == ["yuv420p,bt709"]


async def test_fields_become_whole_frames(operations: Operations, tmp_path: Path) -> None:
    bars = "color=black:s=64x64:r=50:d=1,geq=lum='16+200*lt(mod(X+6*N,64),12)':cb=128:cr=128"
    source = made(
        tmp_path,
        "television.ts",
        *("-f", "lavfi", "-i", f"{bars},tinterlace=interleave_top", *YUV, "-c:v", "mpeg2video"),
        *("-q:v", "2", "-flags", "+ilme+ildct", "-top", "1"),
    )
    path = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    assert combing(source) > 20, "the lines of the two fields differ"
    assert combing(path) < 5


def combing(path: Path) -> float:
    """Return how much lines differ from the next one, beyond how much every second one does."""
    pixels = frame(path, 0.6, (64, 64))
    rows = [pixels[64 * n : 64 * n + 64] for n in range(64)]

    def apart(step: int) -> float:
        pairs = [(a, b) for a, b in zip(rows, rows[step:], strict=False)]
        return (
            sum(abs(x - y) for a, b in pairs for x, y in zip(a, b, strict=True)) / len(pairs) / 64
        )

    return apart(1) - apart(2)


@pytest.mark.parametrize(
    ("sound", "kind", "quality", "heard", "told"),
    [
        ("mono", "ogg", None, "vorbis,48000,1", []),
        ("mono", "opus", 512, "opus,48000,1", ["quality_bounded"]),
        ("mono", "mp3", 512, "mp3,8000,1", ["quality_bounded"]),
        ("5.1(side)", "opus", None, "opus,48000,6", []),
        ("5.1(side)", "mp3", None, "mp3,48000,2", ["sound_downmixed"]),
        ("7.1", "ogg", 64, "vorbis,48000,8", ["quality_bounded"]),
        ("2.1", "opus", None, "opus,48000,3", []),
        ("22.2", "m4a", None, "aac,48000,2", ["sound_downmixed"]),
        ("22.2", "flac", None, "flac,48000,2", ["sound_downmixed"]),
    ],
)
async def test_every_kind_of_file_takes_every_sound(
    operations: Operations,
    tmp_path: Path,
    sound: str,
    kind: str,
    quality: int | None,
    heard: str,
    told: list[str],
) -> None:
    rate = 8000 if sound == "mono" else 48_000
    tone = f"sine=440:d=0.5:r={rate},aformat=channel_layouts={sound}"
    source = made(tmp_path, "source.wav", "-f", "lavfi", "-i", tone)
    answer = await operations.run(
        "extract_audio", url_audio=source, format=kind, quality=quality, loudness=None
    )
    path = operations.file({"video_url": answer["audio_url"]})
    assert probed(path, "stream=codec_name,sample_rate,channels", "a") == [heard]
    assert codes(dict(answer)) == told
