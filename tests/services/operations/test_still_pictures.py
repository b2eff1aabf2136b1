"""Subtitles burned into videos whose picture changes seldom: slides, screens, stills with sound."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.domain.errors import TruncatedMediaError
from tests.media_operations import FAST, FFMPEG, Operations, ffmpeg, frame, probed

SIZE = (320, 180)
SRT = (
    "1\n00:00:00,500 --> 00:00:01,200\nHello there\n\n"
    "2\n00:00:02,600 --> 00:00:03,200\nHello again\n"
)
SHOWN = {0.8: True, 1.5: False, 2.9: True}
TONE = ("-f", "lavfi", "-i", "sine=440:d=4")
SOUND = ("-c:a", "aac", "-pix_fmt", "yuv420p", *FAST)


@pytest.fixture
async def operations(tmp_path: Path) -> AsyncIterator[Operations]:
    async with AsyncExitStack() as stack:
        yield await Operations.open(tmp_path, stack, media={"media_encoder": "x264"})


def made(path: Path, picture: str, *arguments: str) -> Path:
    ffmpeg("-f", "lavfi", "-i", picture, *TONE, *SOUND, *arguments, str(path))
    return path


def shown(path: Path, at_s: float) -> bool:
    return max(frame(path, at_s, SIZE)) > 160


@pytest.mark.parametrize(
    "picture",
    ["color=0x335577:s=320x180:r=1/4:d=4", "color=0x335577:s=320x180:r=25:d=0.04"],
    ids=["one frame that lasts", "sound that goes on"],
)
@pytest.mark.parametrize("container", ["mp4", "mkv"])
async def test_text_comes_and_goes_while_the_picture_stands(
    operations: Operations, tmp_path: Path, picture: str, container: str
) -> None:
    source = made(tmp_path / f"slides.{container}", picture, "-fps_mode", "vfr")
    assert len(probed(source, "packet=pts_time")) == 1
    path = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    assert {at_s: shown(path, at_s) for at_s in SHOWN} == SHOWN
    assert float(probed(path, "format=duration")[0]) == pytest.approx(4, abs=0.1)


async def test_a_recording_that_a_browser_wrote_as_it_went_is_measured(
    operations: Operations, tmp_path: Path
) -> None:
    still = ("-f", "lavfi", "-i", "color=0x335577:s=320x180:r=25:d=0.04")
    command = [*FFMPEG, *still, *TONE, "-c:v", "libvpx", "-c:a", "libopus", "-f", "webm", "pipe:1"]
    source = tmp_path / "recording.webm"
    source.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    assert probed(source, "format=duration") == ["N/A"]
    path = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    assert {at_s: shown(path, at_s) for at_s in SHOWN} == SHOWN
    assert float(probed(path, "format=duration")[0]) == pytest.approx(4, abs=0.1)
    sound = await operations.run("extract_audio", url_video=source, format="wav")
    assert sound["duration"] == pytest.approx(4, abs=0.1)


async def test_frames_and_length_of_a_moving_picture_stay(
    operations: Operations, tmp_path: Path
) -> None:
    source = made(tmp_path / "film.mp4", "testsrc2=s=320x180:r=24000/1001:d=1", "-t", "1")
    path = operations.file(await operations.run("caption", url_video=source, subtitles=SRT))
    before, after = (probed(each, "stream=nb_frames,duration") for each in (source, path))
    assert before[0].split(",")[1] == after[0].split(",")[1]
    assert float(after[0].split(",")[0]) == pytest.approx(float(before[0].split(",")[0]), abs=0.002)


async def test_a_still_whose_sound_breaks_off_is_cut_off(
    operations: Operations, tmp_path: Path
) -> None:
    """The index of the file is at its beginning, and tells of more sound than there is."""
    picture = ("-f", "lavfi", "-i", "color=0x335577:s=320x180:r=25:d=0.04")
    noise = ("-f", "lavfi", "-i", "anoisesrc=d=8:r=44100")
    source = tmp_path / "half.mp4"
    ffmpeg(*picture, *noise, *SOUND, "-movflags", "+faststart", str(source))
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    with pytest.raises(TruncatedMediaError):
        await operations.run("caption", url_video=source, subtitles=SRT)
