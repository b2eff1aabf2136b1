"""Cost of videos of pictures over the bare ffmpeg command that zooms over an enlarged picture.

The operation and the command (`zoompan` after a scale to 11520 by 6480, as workers of video
services run it, with the same encoder and options) make videos of as many frames of the same
picture, in turns; the figure is the ratio of their best times.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from app.container import Services, build_services
from app.services.operations.operation import LocalMedia
from bench.figure import Figure, Goal
from bench.measure import BenchEnvironment
from bench.operations import ffmpeg_s, operation_s, operation_settings

OVER_FFMPEG = Goal("img2vid_over_ffmpeg", 1.0, "")

_SECONDS, _RATE = 5, 24
_RUNS = 3


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the ratio of both times."""
    with tempfile.TemporaryDirectory(prefix="cuestream-img2vid-") as name:
        folder = Path(name)
        picture = await asyncio.to_thread(_picture, folder)
        async with AsyncExitStack() as stack:
            services = build_services(operation_settings(folder), stack)
            ours: list[float] = []
            bare: list[float] = []
            for number in range(_RUNS):
                environment.progress.step(f"img2vid: run {number + 1} of {_RUNS}")
                bare.append(await asyncio.to_thread(_bare_s, picture, folder / "bare.mp4"))
                ours.append(await _ours_s(services, picture))
    environment.progress.step(f"img2vid: ours {min(ours):.2f} s, ffmpeg {min(bare):.2f} s")
    return [OVER_FFMPEG.reached(min(ours) / min(bare))]


async def _ours_s(services: Services, picture: Path) -> float:
    item = {"id": "1", "image_url": LocalMedia(picture), "duracao": _SECONDS}
    return await operation_s(services, operation="img2vid", images=[item], frame_rate=_RATE)


def _bare_s(picture: Path, output: Path) -> float:
    frames = _SECONDS * _RATE
    zoom = f"zoompan=z='1+0.324*on/{frames - 1}':d={frames}:s=1920x1080:fps={_RATE}"
    centred = ":x='trunc(iw/2-iw/zoom/2)':y='trunc(ih/2-ih/zoom/2)'"
    filters = f"scale=11520:6480:flags=lanczos,{zoom}{centred},format=yuv420p"
    encoder = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23")
    rest = ("-maxrate", "10M", "-bufsize", "20M", "-movflags", "+faststart")
    return ffmpeg_s("-i", str(picture), "-vf", filters, *encoder, *rest, str(output))


def _picture(folder: Path) -> Path:
    path = folder / "picture.jpg"
    ffmpeg_s("-f", "lavfi", "-i", "mandelbrot=s=3840x2160", "-frames:v", "1", str(path))
    return path
