"""Cost of burning subtitles in over the bare ffmpeg command.

The operation and the command that a person would type (the same filter, encoder and options) draw
the same script onto the same video, in turns; the figure is the ratio of their best times.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from app.container import Services, build_services
from app.services.operations.operation import LocalMedia
from app.services.operations.subtitle_script import ScriptTarget, script_of_file
from bench.figure import Figure, Goal
from bench.measure import BenchEnvironment
from bench.operations import ffmpeg_s, operation_s, operation_settings

OVER_FFMPEG = Goal("burn_in_over_ffmpeg", 1.05, "")

_SECONDS = 60
_SIZE = (1280, 720)
_RUNS = 3


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of both times."""
    with tempfile.TemporaryDirectory(prefix="cuestream-burn-in-") as name:
        folder = Path(name)
        video = await asyncio.to_thread(_video, folder)
        subtitles = _subtitles()
        script = folder / "script.ass"
        script.write_text((await script_of_file(subtitles.encode(), ScriptTarget(_SIZE))).text)
        async with AsyncExitStack() as stack:
            services = build_services(operation_settings(folder), stack)
            ours: list[float] = []
            bare: list[float] = []
            for number in range(_RUNS):
                environment.progress.step(f"burn_in: run {number + 1} of {_RUNS}")
                bare.append(await asyncio.to_thread(_bare_s, video, script, folder / "bare.mp4"))
                ours.append(await _ours_s(services, video, subtitles))
    environment.progress.step(f"burn_in: ours {min(ours):.2f} s, ffmpeg {min(bare):.2f} s")
    return [OVER_FFMPEG.reached(min(ours) / min(bare))]


async def _ours_s(services: Services, video: Path, subtitles: str) -> float:
    return await operation_s(
        services, operation="caption", url_video=LocalMedia(video), subtitles=subtitles
    )


def _bare_s(video: Path, script: Path, output: Path) -> float:
    drawn = ("-vf", f"ass={script}", "-c:v", "libx264", "-preset", "medium", "-crf", "23")
    rest = ("-maxrate", "10M", "-bufsize", "20M", "-pix_fmt", "yuv420p", "-c:a", "copy")
    return ffmpeg_s("-i", str(video), *drawn, *rest, "-movflags", "+faststart", str(output))


def _video(folder: Path) -> Path:
    path = folder / "video.mp4"
    width, height = _SIZE
    picture = f"testsrc2=s={width}x{height}:r=25:d={_SECONDS}"
    tone = f"sine=d={_SECONDS}"
    fast = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    ffmpeg_s("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, *fast, str(path))
    return path


def _subtitles() -> str:
    cues = (
        f"{second + 1}\n00:00:{second:02d},000 --> 00:00:{second:02d},900\nLine {second}\n"
        for second in range(_SECONDS)
    )
    return "\n".join(cues)
