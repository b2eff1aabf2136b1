"""Subtitles burned into videos of kinds that phones, discs and editors make."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from PIL import Image

from tests.media_operations import FAST, Operations, ffmpeg, probed

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello there\n"
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=96x54:r=10:d=0.5")
TONE = ("-f", "lavfi", "-i", "sine=440:d=0.5")
YUV = ("-pix_fmt", "yuv420p")


@pytest.fixture
async def operations(tmp_path: Path) -> AsyncIterator[Operations]:
    async with AsyncExitStack() as stack:
        yield await Operations.open(tmp_path, stack, media={"media_encoder": "x264"})


async def burned(operations: Operations, source: Path) -> Path:
    return operations.file(await operations.run("caption", url_video=source, subtitles=SRT))


def made(folder: Path, name: str, *arguments: str) -> Path:
    ffmpeg(*arguments, str(folder / name))
    return folder / name


async def test_a_cover_picture_is_no_video(operations: Operations, tmp_path: Path) -> None:
    Image.new("RGB", (30, 30), "red").save(tmp_path / "cover.png")
    film = made(tmp_path, "film.mp4", *PICTURE, *TONE, *FAST, *YUV, "-c:a", "aac")
    source = made(
        tmp_path,
        "covered.mp4",
        *("-i", str(tmp_path / "cover.png"), "-i", str(film), "-map", "0", "-map", "1"),
        *("-c", "copy", "-disposition:v:0", "attached_pic"),
    )
    path = await burned(operations, source)
    assert probed(path, "stream=width,height,nb_frames") == ["96,54,5"]
    assert probed(path, "stream=codec_type", "v") == ["video"]


async def test_the_first_of_several_videos_is_shown(operations: Operations, tmp_path: Path) -> None:
    other = ("-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=0.5")
    source = made(tmp_path, "two.mkv", *PICTURE, *other, "-map", "0", "-map", "1", *FAST, *YUV)
    path = await burned(operations, source)
    assert probed(path, "stream=width,height", "v") == ["96,54"]


async def test_eight_channels_stay_eight(operations: Operations, tmp_path: Path) -> None:
    surround = ("-f", "lavfi", "-i", "anoisesrc=d=0.5:r=48000,aformat=channel_layouts=7.1")
    for codec, kept in (("aac", "aac"), ("pcm_s16le", "aac")):
        source = made(tmp_path, f"{codec}.mkv", *PICTURE, *surround, *FAST, *YUV, "-c:a", codec)
        path = await burned(operations, source)
        assert probed(path, "stream=codec_name,channels", "a") == [f"{kept},8"]


async def test_a_video_of_one_frame(operations: Operations, tmp_path: Path) -> None:
    source = made(tmp_path, "one.mp4", *PICTURE, "-frames:v", "1", *FAST, *YUV)
    assert probed(await burned(operations, source), "stream=nb_frames") == ["1"]


async def test_ten_bits_become_eight(operations: Operations, tmp_path: Path) -> None:
    hevc = ("-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le")
    source = made(tmp_path, "ten.mkv", *PICTURE, *hevc)
    path = await burned(operations, source)
    assert probed(path, "stream=codec_name,pix_fmt") == ["h264,yuv420p"]


@pytest.mark.parametrize("offset_s", ["-0.3", "5"])
async def test_clocks_that_do_not_begin_at_zero(
    operations: Operations, tmp_path: Path, offset_s: str
) -> None:
    film = made(tmp_path, "film.mkv", *PICTURE, *TONE, *FAST, *YUV, "-c:a", "aac")
    shift = ("-copyts", "-avoid_negative_ts", "disabled")
    source = made(
        tmp_path, "late.mkv", "-itsoffset", offset_s, "-i", str(film), "-c", "copy", *shift
    )
    path = await burned(operations, source)
    frames = int(probed(path, "stream=nb_frames")[0])
    assert frames == (5 if float(offset_s) > 0 else frames)
    assert frames >= 2
    assert float(probed(path, "stream=start_time")[0]) == pytest.approx(0, abs=0.11)


async def test_a_header_that_claims_ten_days(operations: Operations, tmp_path: Path) -> None:
    """The duration of Matroska's header is a float of eight bytes behind its identifier."""
    source = made(tmp_path, "long.mkv", *PICTURE, *FAST, *YUV)
    data = bytearray(source.read_bytes())
    place = data.index(b"\x44\x89\x88") + 3
    data[place : place + 8] = bytes.fromhex("41c9bfcc00000000")  # 8.64e8 ms
    source.write_bytes(data)
    with pytest.raises(Exception, match=r"s long; this server takes|breaks off|ends before"):
        await burned(operations, source)
    assert not operations.left_over
