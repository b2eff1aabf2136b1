"""The picture that a video shows at a time, in containers with and without an index."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.domain.errors import UnreadableMediaError
from app.services.media.media_facts import media_facts
from app.services.media.video_frame import VideoFrame, video_frame
from tests.media_operations import FAST, ffmpeg

LEVELS = "color=black:s=64x64:r=5:d=40,geq=lum='30+N':cb=128:cr=128"
"""Picture n, five a second, has the luma 30 + n."""
YUV = ("-pix_fmt", "yuv420p", "-color_range", "tv")
LONG = ("-bf", "2", "-g", "70", "-keyint_min", "70", "-sc_threshold", "0")


async def shown(path: Path, at_ms: int) -> VideoFrame:
    return await video_frame(path, await media_facts(path), at_ms, 2)


async def luma(path: Path, at_ms: int) -> float:
    command = ["ffmpeg", "-v", "error", "-i", "-", "-vf", "crop=32:32", "-pix_fmt", "gray"]
    jpeg = (await shown(path, at_ms)).jpeg
    done = subprocess.run(
        [*command, "-f", "rawvideo", "-"], input=jpeg, check=True, capture_output=True
    )
    return 16 + sum(done.stdout) / len(done.stdout) * 219 / 255


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "flv"])
async def test_it_is_the_last_one_that_began_before_the_time(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"film.{ending}"
    ffmpeg("-f", "lavfi", "-i", LEVELS, *FAST, *YUV, *LONG, str(path))
    for at_ms in (0, 30, 1230, 3300, 13_990, 25_500):
        assert await luma(path, at_ms) == pytest.approx(30 + at_ms // 200, abs=1.2), at_ms


async def test_a_slide_is_shown_until_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "slides.mp4"
    slides = f"{LEVELS},select='not(mod(n,50))'"
    ffmpeg("-f", "lavfi", "-i", slides, "-fps_mode", "vfr", *FAST, *YUV, str(path))
    assert await luma(path, 9900) == pytest.approx(30, abs=1.2)
    assert await luma(path, 10_100) == pytest.approx(80, abs=1.2)
    assert await luma(path, 29_000) == pytest.approx(130, abs=1.2)


async def test_there_is_none_behind_the_end(tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=1", *FAST, *YUV, str(path))
    assert (await shown(path, 999)).width == 64
    with pytest.raises(UnreadableMediaError, match="no picture at this time"):
        await shown(path, 3000)


async def test_pixels_are_square_and_the_picture_upright(tmp_path: Path) -> None:
    wide, turned = tmp_path / "wide.mp4", tmp_path / "turned.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=72x58:r=5:d=1,setsar=2", *FAST, *YUV, str(wide))
    ffmpeg("-i", str(wide), "-c", "copy", "-metadata:s:v:0", "rotate=90", str(turned))
    frame = await shown(wide, 500)
    assert (frame.width, frame.height) == (144, 58)
    frame = await shown(turned, 500)
    assert frame.height / frame.width == pytest.approx(144 / 58, rel=0.05)


async def test_hdr_has_the_brightness_of_usual_displays(tmp_path: Path) -> None:
    path = tmp_path / "hdr.mkv"
    # 0.58 of PQ is some 200 cd/m2, which is white paper; taken as it is it would be grey.
    grey = "color=black:s=64x64:r=5:d=1,format=yuv420p10le,geq=lum='64+876*0.58':cb=512:cr=512"
    ffmpeg(
        *("-f", "lavfi", "-i", grey, "-c:v", "libx265", "-x265-params", "log-level=none"),
        *("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"),
        str(path),
    )
    assert await luma(path, 200) > 170
