"""Subtitles burned into odd videos: the right result or a clear error each."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from app.domain.errors import (
    FfmpegError,
    InvalidCaptionsError,
    InvalidFieldError,
    MediaTooLongError,
    StorageError,
    TruncatedMediaError,
    UnreadableMediaError,
)
from app.submission.envelopes import operation_envelope
from tests.media_operations import FAST, Operations, ffmpeg, frame, make_video, probed
from tests.processes import command_of, lives, named

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello there\n"
SIZE = (320, 180)
BRIGHT = 140
"""Grey that text has and the videos' colour, which is 78, has not."""


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    make_video(folder / "plain.mp4")
    return folder


@pytest.fixture(scope="module")
def minute(videos: Path) -> Path:
    """A video that is encoded for some seconds."""
    return make_video(videos / "long.mp4", 60, "640x360", sound=False)


@pytest.fixture
async def operations(tmp_path: Path) -> AsyncIterator[Operations]:
    async with AsyncExitStack() as stack:
        yield await Operations.open(tmp_path, stack)


def lit(path: Path, at_s: float = 0.5, size: tuple[int, int] = SIZE) -> int:
    """Return how many pixels are as bright as subtitles."""
    return sum(value > BRIGHT for value in frame(path, at_s, size))


def md5(path: Path) -> bytes:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:a",
        "-c",
        "copy",
        "-f",
        "md5",
        "-",
    ]
    return subprocess.run(command, check=True, capture_output=True).stdout


async def test_text_is_drawn_and_the_sound_is_the_same(
    operations: Operations, videos: Path
) -> None:
    plain = videos / "plain.mp4"
    answer = await operations.run("caption", url_video=plain, subtitles=SRT)
    made = operations.file(answer)
    assert answer["encoder"] == "libx264"
    assert lit(made) > 20 > lit(plain) == 0
    assert md5(made) == md5(plain)
    assert probed(made, "stream=nb_frames,width,height") == ["320,180,25"]
    assert not operations.left_over


async def test_contract_c7_14_damaged_subrip_keeps_its_other_cues(
    operations: Operations, videos: Path
) -> None:
    damaged = (
        "\ufeff1\r\n00:00:00.000 --> 00:00:00.400\r\nDots\r\n\r\nrubbish\r\n\r\n"
        "3\r\n00:00:00,600 --> 00:00:01,000\r\nCommas\r\n"
    )
    answer = await operations.run("caption", url_video=videos / "plain.mp4", subtitles=damaged)
    made = operations.file(answer)
    assert lit(made, 0.2) > 10
    assert lit(made, 0.8) > 10


async def test_a_forced_style_is_measured_as_libass_does(
    operations: Operations, videos: Path
) -> None:
    plain = videos / "plain.mp4"
    small = await operations.run(
        "caption", url_video=plain, subtitles=SRT, force_style="FontSize=10,Outline=0"
    )
    large = await operations.run(
        "caption", url_video=plain, subtitles=SRT, force_style={"font_size": 40, "bold": True}
    )
    assert small["force_style_applied"] is large["force_style_applied"] is True
    assert lit(operations.file(large)) > 4 * lit(operations.file(small)) > 0


@pytest.mark.parametrize(
    "style",
    [
        "FontName=x':enable=0,drawbox=10,FontSize=1",
        "FontName=a\\,b[out]",
        "Nonsense=1",
        "FontSize",
        "FontSize=1e9",
        {"PrimaryColour": "red;"},
        {"FontName": "{\\p1}"},
        {"FontName": "x\nDialogue: 0"},
    ],
)
async def test_a_style_that_is_none_is_refused(
    operations: Operations, videos: Path, style: object
) -> None:
    with pytest.raises(InvalidFieldError, match="force_style"):
        await operations.run(
            "caption", url_video=videos / "plain.mp4", subtitles=SRT, force_style=style
        )


async def test_scripts_keep_their_looks_and_lose_their_fonts(
    operations: Operations, videos: Path
) -> None:
    script = (
        "[Script Info]\nPlayResX: 320\nPlayResY: 180\n\n[V4+ Styles]\n"
        "Format: Name, Fontsize, PrimaryColour, Alignment\nStyle: Default,30,&H00FFFFFF,8\n\n"
        "[Fonts]\nfontname: evil.ttf\n!!!!\n\n[Events]\n"
        "Format: Layer, Start, End, Style, Text\n"
        "Dialogue: 0,0:00:00.00,0:00:01.00,Default,Top\n"
    )
    made = operations.file(
        await operations.run("caption", url_video=videos / "plain.mp4", subtitles=script)
    )
    picture = frame(made, 0.5, SIZE)
    assert any(value > BRIGHT for value in picture[: len(picture) // 3])
    assert not any(value > BRIGHT for value in picture[len(picture) // 2 :])


async def test_a_turned_video_is_drawn_as_it_is_shown(operations: Operations, videos: Path) -> None:
    turned = videos / "turned.mp4"
    ffmpeg(
        *("-display_rotation", "90") if _newer() else (),
        *("-i", str(videos / "plain.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", str(turned)),
    )
    answer = await operations.run("caption", url_video=turned, subtitles=SRT)
    assert probed(operations.file(answer), "stream=width,height") == ["180,320"]
    assert lit(operations.file(answer), size=(180, 320)) > 5


def _newer() -> bool:
    banner = subprocess.run(["ffmpeg", "-version"], capture_output=True, check=True).stdout
    return not banner.startswith((b"ffmpeg version 4", b"ffmpeg version 5"))


async def test_frames_at_odd_times_stay_there(operations: Operations, videos: Path) -> None:
    source = videos / "variable.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=0x335577:s=320x180:r=100:d=1"),
        *("-vf", "select='not(mod(n,7))+not(mod(n,11))'", "-fps_mode", "vfr", *FAST, str(source)),
    )
    made = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    before = [float(each.strip(",")) for each in probed(source, "frame=pts_time")]
    after = [float(each.strip(",")) for each in probed(made, "frame=pts_time")]
    assert len(set(before)) == len(before) > 20
    assert after == pytest.approx(before, abs=0.002)


async def test_hdr_becomes_the_brightness_of_usual_displays(
    operations: Operations, videos: Path
) -> None:
    source = videos / "hdr.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=white:s=64x64:r=5:d=1", "-pix_fmt", "yuv420p10le"),
        *("-c:v", "libx265", "-x265-params", "log-level=none:colorprim=bt2020:transfer=smpte2084"),
        *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
        str(source),
    )
    made = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    assert probed(made, "stream=pix_fmt,color_transfer") == ["yuv420p,bt709"]


async def test_odd_sides_and_no_sound(operations: Operations, videos: Path) -> None:
    source = videos / "odd.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=s=321x181:r=5:d=1", "-pix_fmt", "yuv444p"),
        *(*FAST, str(source)),
    )
    made = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    assert probed(made, "stream=width,height") == ["322,182"]
    assert probed(made, "stream=codec_name", "a") == []


async def test_sound_that_mp4_does_not_hold_is_told(operations: Operations, videos: Path) -> None:
    source = videos / "pcm.mkv"
    ffmpeg("-i", str(videos / "plain.mp4"), "-c:v", "copy", "-c:a", "pcm_s16le", str(source))
    answer = await operations.run("caption", url_video=source, subtitles=SRT)
    assert [each["code"] for each in answer["notices"]] == ["sound_encoded"]
    assert probed(operations.file(answer), "stream=codec_name", "a") == ["aac"]


async def test_sound_alone_is_no_video(operations: Operations, videos: Path) -> None:
    source = videos / "sound.m4a"
    ffmpeg("-i", str(videos / "plain.mp4"), "-vn", "-c:a", "copy", str(source))
    with pytest.raises(UnreadableMediaError, match="no video"):
        await operations.run("caption", url_video=source, subtitles=SRT)
    assert not operations.left_over


async def test_a_file_that_breaks_off_is_an_error(operations: Operations, videos: Path) -> None:
    source = videos / "whole.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=12", *FAST, "-movflags", "+faststart"),
        str(source),
    )
    half = videos / "half.mp4"
    half.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(TruncatedMediaError):
        await operations.run("caption", url_video=half, subtitles=SRT)


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"no video at all"])
async def test_what_is_no_video_is_an_error(
    operations: Operations, tmp_path: Path, content: bytes
) -> None:
    source = tmp_path / "rubbish"
    source.write_bytes(content)
    with pytest.raises(Exception, match=r"empty|cannot be|audio or video"):
        await operations.run("caption", url_video=source, subtitles=SRT)


async def test_what_is_no_subtitles_is_an_error(operations: Operations, videos: Path) -> None:
    with pytest.raises(InvalidCaptionsError):
        await operations.run("caption", url_video=videos / "plain.mp4", subtitles="no\nsubtitles")


async def test_kill_9_of_ffmpeg_is_an_error_and_leaves_nothing(
    operations: Operations, minute: Path
) -> None:
    running = asyncio.create_task(operations.run("caption", url_video=minute, subtitles=SRT))
    await asyncio.to_thread(_kill_encoder)
    with pytest.raises(Exception, match=r"FFmpeg failed|memory"):
        await running
    assert not operations.left_over


async def test_a_cancelled_job_ends_its_ffmpeg(operations: Operations, minute: Path) -> None:
    running = asyncio.create_task(operations.run("caption", url_video=minute, subtitles=SRT))
    child = await asyncio.to_thread(_encoder)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not lives(child)
    assert not operations.left_over


def _encoder() -> psutil.Process:
    """Wait for the ffmpeg that draws subtitles; return it."""
    own = psutil.Process(os.getpid())
    while True:
        for child in named(own.children(recursive=True), "ffmpeg"):
            if "ass=" in command_of(child):
                return child


def _kill_encoder() -> None:
    _encoder().send_signal(signal.SIGKILL)


async def test_a_full_disk_is_said_before_the_work(tmp_path: Path, videos: Path) -> None:
    async with AsyncExitStack() as stack:
        operations = await Operations.open(tmp_path, stack, media={"media_reserve_mb": 2**40})
        with pytest.raises(StorageError, match="no room"):
            await operations.run("caption", url_video=videos / "plain.mp4", subtitles=SRT)


async def test_too_long_is_said_before_the_work(tmp_path: Path, videos: Path) -> None:
    source = make_video(videos / "three.mp4", 3, "64x64", sound=False)
    async with AsyncExitStack() as stack:
        operations = await Operations.open(tmp_path, stack, jobs={"max_duration_s": 2})
        with pytest.raises(MediaTooLongError):
            await operations.run("caption", url_video=source, subtitles=SRT)


async def test_contract_c7_8_nvenc_that_fails_is_tried_once_and_x264_goes_on(
    tmp_path: Path, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = videos / "plain.mp4"
    async with AsyncExitStack() as stack:
        operations = await Operations.open(tmp_path, stack, media={"media_encoder": "nvenc"})
        answer = await operations.run("caption", url_video=plain, subtitles=SRT)
        assert answer["encoder"] == "libx264"
        # What is no fault of the encoder costs no second try.
        tries: list[bool] = []
        runner = operations.services.operations.services.ffmpeg
        encode = runner._encode

        async def counted(build: object, work: object, encoder: object) -> None:
            tries.append(True)
            raise FfmpegError("FFmpeg failed: [Parsed_ass_0] [error] no such file")

        assert encode is not None
        monkeypatch.setattr(runner, "_encode", counted)
        with pytest.raises(FfmpegError):
            await operations.run("caption", url_video=plain, subtitles=SRT)
        assert tries == [True]


async def test_progress_counts_up_over_all_steps(
    operations: Operations, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation_envelope, "_REPORT_S", 0.01)
    await operations.run("caption", url_video=videos / "plain.mp4", subtitles=SRT)
    percents = [each["percent"] for each in operations.progress]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert {each["stage"] for each in operations.progress} == {"media"}
    last = operations.progress[-1]
    assert (last["message"], last["step"], last["totalSteps"]) == ("Encoding the video", 2, 2)
