"""Single pictures of a video file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.errors import MediaError, UnreadableMediaError
from app.services.media.ffmpeg_command import DEMUXERS
from app.system.child_limits import PROBE
from app.system.subprocesses import running

_LIMITS = replace(PROBE, memory_bytes=1024 * 2**20, wall_s=30)
"""Pictures of 8K take some 300 MB."""

_MOST_BYTES = 32 * 2**20
_LARGEST_SIDE = 8192


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """A picture as JPEG.

    Attributes:
        width: in pixels.
        height: in pixels.
    """

    jpeg: bytes
    width: int
    height: int


def frame_command(path: Path, at_ms: int, quality: int) -> list[str]:
    """Return the command that writes the picture at a time to stdout, as JPEG.

    Args:
        path: of the video.
        at_ms: time from its start.
        quality: ffmpeg's scale, 1 (best) to 31.
    """
    return [
        *("ffmpeg", "-hide_banner", "-nostats", "-nostdin", "-loglevel", "error", "-threads", "1"),
        *("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS),
        *("-ss", f"{at_ms / 1000:.3f}", "-i", f"file:{path.absolute()}"),
        *("-map", "0:V:0", "-frames:v", "1", "-q:v", str(quality), "-pix_fmt", "yuvj420p"),
        *("-c:v", "mjpeg", "-f", "image2pipe", "pipe:1"),
    ]


async def video_frame(path: Path, at_ms: int, quality: int) -> VideoFrame:
    """Return the picture that a video shows at a time.

    Args:
        path: of the video.
        at_ms: time from its start.
        quality: ffmpeg's scale, 1 (best) to 31.

    Raises:
        MediaError: there is no picture at that time, or the video cannot be decoded.
        ResourceLimitError: decoding takes more memory or time than it may.
    """
    excess = MediaError("The picture is too large")
    async with running(frame_command(path, at_ms, quality), limits=_LIMITS) as child:
        jpeg = await child.exchange(b"", _MOST_BYTES, excess)
        await child.wait()
        child.check_limits("The picture")
    size = jpeg_size(jpeg)
    if size is None:
        raise UnreadableMediaError("The video shows no picture at this time")
    return VideoFrame(jpeg, *size)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a JPEG picture; None where it is none.

    Source: ITU-T T.81, B.2.2: a frame header's marker is SOF0 to SOF15 but DHT, JPG and DAC.
    """
    place = 2
    while data[:2] == b"\xff\xd8" and place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            width = int.from_bytes(data[place + 7 : place + 9], "big")
            return (width, height) if 0 < max(width, height) <= _LARGEST_SIDE else None
        place += 2 + length
    return None
