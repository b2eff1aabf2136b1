"""Single pictures of a video file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ffmpeg

from app.domain.errors import MediaError, UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode, media_input
from app.services.media.media_facts import MediaFacts
from app.services.media.picture_graph import square_picture, video_of
from app.system.child_limits import PROBE
from app.system.subprocesses import running

_LIMITS = replace(PROBE, memory_bytes=1024 * 2**20, wall_s=30)
"""Pictures of 8K take some 300 MB."""

_MOST_BYTES = 32 * 2**20
_LARGEST_SIDE = 8192

_TICKS_PER_S = 1000
"""Of the clock on which a picture is looked for, that of the times that are asked for."""

_TO_KEY_FRAME: dict[str, Any] = {"noaccurate_seek": None}
"""Reading begins at the key frame before a time, whose clock is below 0 then."""

_LEAD_MS = 12_000
_WITHOUT_INDEX = frozenset({"mpegts", "mpeg", "ogg", "avi"})
"""Encoders put a key frame every ten seconds at least, unless told otherwise."""


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


def shown_at(
    path: Path, facts: MediaFacts, at_ms: int, *, lead_ms: int, number: int = 0
) -> GraphNode:
    """Return the one picture that a video shows at a time: the last that began before it.

    Args:
        path: of the video.
        facts: of the file.
        at_ms: time from its start.
        lead_ms: how much earlier reading begins, see `lead_of`.
        number: tells pictures of one graph apart, of which several may be of one time.

    Raises:
        UnreadableMediaError: there is no video that can be decoded.
    """
    video = video_of(facts)
    lead = min(lead_ms, at_ms)
    begin = at_ms - lead
    sought = {"ss": f"{begin / 1000:.3f}", **({} if lead else _TO_KEY_FRAME)} if begin else {}
    source = media_input(path, **sought)
    timed = source[str(video.index)].filter("setpts", f"PTS-{lead / 1000}/TB+0*{number}")
    picture = square_picture(timed, video)
    if at_ms < facts.duration_ms:
        # Few containers tell how long the last picture is shown.
        picture = picture.filter("tpad", stop=-1, stop_mode="clone")
    steady = picture.filter("fps", fps=_TICKS_PER_S, start_time=0)
    return steady.filter("trim", end_frame=1).filter("setpts", "PTS-STARTPTS")


def lead_of(facts: MediaFacts) -> int:
    """Return how much earlier than a picture a file is read, in milliseconds.

    Transport and program streams and Ogg have no index of key frames, that of AVI no times.
    """
    return _LEAD_MS if _WITHOUT_INDEX.intersection(facts.format_names) else 0


def frame_command(path: Path, facts: MediaFacts, at_ms: int, quality: int, lead: int) -> list[str]:
    """Return the command that writes the picture at a time to stdout, as JPEG.

    Args:
        path: of the video.
        facts: of the file.
        at_ms: time from its start.
        quality: ffmpeg's scale, 1 (best) to 31.
        lead: how much earlier reading begins, in milliseconds.
    """
    picture = shown_at(path, facts, at_ms, lead_ms=lead)
    options = {"c:v": "mjpeg", "q:v": quality, "pix_fmt": "yuvj420p"}
    written = ffmpeg.output(picture, "pipe:1", format="image2pipe", **options)
    quiet = ("-hide_banner", "-nostats", "-nostdin", "-loglevel", "error")
    return ["ffmpeg", *quiet, "-threads", "1", *ffmpeg.get_args(written)]


async def video_frame(path: Path, facts: MediaFacts, at_ms: int, quality: int) -> VideoFrame:
    """Return the picture that a video shows at a time, in square pixels and usual brightness.

    Args:
        path: of the video.
        facts: of the file.
        at_ms: time from its start.
        quality: ffmpeg's scale, 1 (best) to 31.

    Raises:
        MediaError: there is no picture at that time, or the video cannot be decoded.
        ResourceLimitError: decoding takes more memory or time than it may.
    """
    lead = lead_of(facts)
    jpeg = await _taken(frame_command(path, facts, at_ms, quality, lead))
    if not jpeg and lead < at_ms < (facts.duration_ms or at_ms + 1):
        # No key frame was found in time: the video is read from its start.
        jpeg = await _taken(frame_command(path, facts, at_ms, quality, at_ms))
    size = jpeg_size(jpeg)
    if size is None:
        raise UnreadableMediaError("The video shows no picture at this time")
    return VideoFrame(jpeg, *size)


async def _taken(command: list[str]) -> bytes:
    excess = MediaError("The picture is too large")
    async with running(command, limits=_LIMITS) as child:
        jpeg = await child.exchange(b"", _MOST_BYTES, excess)
        await child.wait()
        child.check_limits("The picture")
    return jpeg


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
