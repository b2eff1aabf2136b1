"""One picture as a video that zooms over it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from app.domain.errors import (
    EmptyMediaError,
    InternalError,
    MediaError,
    PictureTooLargeError,
    UnreadableMediaError,
)
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.pictures.zoom_path import ZoomPath
from app.services.media.pictures.zoom_task import PictureFit, ZoomTask
from app.services.operations.operation_context import OperationContext
from app.system.child_limits import ChildLimits
from app.system.subprocesses import Subprocess, running
from app.system.workdir import storage_errors

_MIB = 2**20
_CPU_S, _CPU_S_PER_FRAME = 120, 2
"""Processor time for the picture and for a frame, which takes some 50 ms."""

_MOST_ATTEMPTS = 2
"""By NVENC, then by x264."""

_COLOURS = {
    "colorspace": "bt709",
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "color_range": "tv",
    "chroma_sample_location": "center",
}

_ERRORS: dict[str, type[MediaError]] = {
    each.__name__: each for each in (EmptyMediaError, UnreadableMediaError, PictureTooLargeError)
}


@dataclass(frozen=True, slots=True)
class ZoomVideo:
    """A video to make.

    Attributes:
        picture: its file.
        output: the file to write.
        frames: exactly as many.
        rate: frames per second.
        path: of the zoom.
        fit: how the picture lies in the frame.
        width: of a frame in pixels; even.
        height: the same.
    """

    picture: Path
    output: Path
    frames: int
    rate: Fraction
    path: ZoomPath
    fit: PictureFit
    width: int
    height: int

    @property
    def length_ms(self) -> int:
        """Length of the video."""
        return round(1000 * self.frames / self.rate)


async def encode_zoom(context: OperationContext, video: ZoomVideo) -> str:
    """Make a video; return the encoder's name.

    Raises:
        MediaError: the picture cannot be read, or is too large.
        CuestreamError: ffmpeg failed, or the disk is full.
    """
    pipes = _Pipes(video.output)
    task = ZoomTask(
        str(video.picture),
        pipes.names,
        video.width,
        video.height,
        video.frames,
        video.path,
        video.fit,
    )
    command = (sys.executable, "-m", "app.services.media.pictures.zoom_frames", task.to_json())
    async with running(command, limits=_limits(video.frames)) as child:
        await _check_picture(child)
        encoder = await _while_running(child, _encode(context, video, pipes))
        if not await child.stdout.readline():
            raise await _ended_early(child)
    return encoder


class _Pipes:
    """Named pipes for the frames, one for each attempt to encode them."""

    def __init__(self, output: Path) -> None:
        self._paths = [output.with_suffix(f".pipe{number}") for number in range(_MOST_ATTEMPTS)]
        self._used = 0
        with storage_errors():
            for path in self._paths:
                os.mkfifo(path, 0o600)

    @property
    def names(self) -> tuple[str, ...]:
        """Their paths."""
        return tuple(str(path) for path in self._paths)

    def next(self) -> Path:
        """Return the pipe of the next attempt; whoever writes to the last one is sent on."""
        if self._used:
            # The encoder before may have failed ahead of opening it.
            os.close(os.open(self._paths[self._used - 1], os.O_RDONLY | os.O_NONBLOCK))
        self._used += 1
        return self._paths[self._used - 1]


async def _encode(context: OperationContext, video: ZoomVideo, pipes: _Pipes) -> str:
    def build(encoder: dict[str, object]) -> GraphNode:
        frames = media_input(
            pipes.next(),
            "rawvideo",
            format="rawvideo",
            pixel_format="yuv420p",
            video_size=(video.width, video.height),
            framerate=str(video.rate),
        )
        quick = {"preset:v": "veryfast"} if encoder["c:v"] == "libx264" else {}
        options = {**encoder, **quick, **_COLOURS, "movflags": "+faststart"}
        return media_output(video.output, frames["v:0"], **options)

    return await context.encode(build, video.output, video.length_ms)


async def _check_picture(child: Subprocess) -> None:
    """Wait until the picture is decoded.

    Raises:
        MediaError: it cannot be, or is too large.
    """
    line = await child.stdout.readline()
    if not line:
        raise await _ended_early(child)
    answer = json.loads(line)
    if "error" in answer:
        raise _ERRORS[answer["error"]](answer["message"])


async def _while_running(child: Subprocess, encoding: asyncio.Future[str] | object) -> str:
    """Return what an encode returns; it is cancelled where the frames end.

    Raises:
        CuestreamError: the encode failed, or no frames come any more.
    """
    encode: asyncio.Future[str] = asyncio.ensure_future(encoding)  # type: ignore[arg-type]
    ended = asyncio.ensure_future(child.wait())
    try:
        await asyncio.wait((encode, ended), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise await _ended_early(child)
        return encode.result()
    finally:
        for task in (encode, ended):
            task.cancel()
        await asyncio.gather(encode, ended, return_exceptions=True)


async def _ended_early(child: Subprocess) -> Exception:
    """Return the error for frames that ended before their time."""
    await child.wait()
    if child.exceeded == "memory" or "MemoryError" in child.stderr:
        return PictureTooLargeError("The picture takes more memory than this server allows")
    child.check_limits("This picture")
    return InternalError("Internal server error")


def _limits(frames: int) -> ChildLimits:
    return ChildLimits(
        memory_bytes=1536 * _MIB,
        cpu_s=_CPU_S + _CPU_S_PER_FRAME * frames,
        file_bytes=0,
        open_files=64,
        wall_s=86_400,  # it waits for its encoder's turn, and ends with it
    )
