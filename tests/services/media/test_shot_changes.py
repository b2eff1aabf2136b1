"""Shot changes and frame rate come with the sound, in the time of the recording."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.domain.request import UploadedFile
from app.domain.video_timing import VideoTiming
from app.services.media.ffmpeg_log import FfmpegReport
from app.services.media.track_choice import TrackWish
from app.services.sources.opener import MediaOpener
from app.settings import Settings
from app.system.workdir import WorkDir

CUTS_MS = (1000, 2200)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots and a tone, 3 s at 25 frames, as Matroska."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    shots = [("red", 1.0), ("white", 1.2), ("black", 0.8)]
    inputs = [
        part
        for colour, length_s in shots
        for part in ("-f", "lavfi", "-i", f"color={colour}:s=64x48:r=25:d={length_s}")
    ]
    command = ["ffmpeg", "-v", "error", *inputs, "-f", "lavfi", "-i", "sine=300:d=3"]
    graph = "[0:v][1:v][2:v]concat=n=3:v=1[v]"
    encode = ["-map", "[v]", "-map", "3:a", "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run([*command, "-filter_complex", graph, *encode, str(path)], check=True)
    return path


async def timing(path: Path, tmp_path: Path, *, shot_changes: bool) -> VideoTiming:
    workdir = WorkDir.open(tmp_path)
    try:
        opener = MediaOpener(Settings(), workdir)
        wish = TrackWish(shot_changes=shot_changes)
        media = await opener.open(UploadedFile(path, sha256=""), wish=wish)
        try:
            assert sum([len(block.samples) async for block in media.blocks]) >= 16_000 * 2.9
            return media.video()
        finally:
            await media.aclose()
    finally:
        workdir.close()


async def test_shots_come_with_the_sound(film: Path, tmp_path: Path) -> None:
    found = await timing(film, tmp_path, shot_changes=True)
    assert found.frames_per_s == 25.0
    assert [abs(a - b) <= 40 for a, b in zip(found.shot_changes_ms, CUTS_MS, strict=True)] == [
        True,
        True,
    ]


async def test_without_a_wish_the_picture_is_not_decoded(film: Path, tmp_path: Path) -> None:
    assert await timing(film, tmp_path, shot_changes=False) == VideoTiming(25.0)


async def test_sound_alone_has_no_picture(dialogue: Path, tmp_path: Path) -> None:
    found = await timing(dialogue, tmp_path, shot_changes=True)
    assert found == VideoTiming()


@pytest.mark.parametrize(
    ("rate", "frames"), [("23.98", 24000 / 1001), ("29.97", 30000 / 1001), ("24", 24.0)]
)
def test_rates_of_ntsc_are_exact(rate: str, frames: float) -> None:
    report = FfmpegReport()
    report.read(f"  Stream #0:0: Video: h264, yuv420p, 64x48, {rate} fps, 25 tbr, 1k tbn")
    report.read("  Stream #0:1: Video: mjpeg, 8x8, 90k fps, (attached pic)")
    assert report.frames_per_s == frames
