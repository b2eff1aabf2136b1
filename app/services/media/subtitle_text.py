"""Text of a file's subtitle track."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.domain.errors import InvalidCaptionsError
from app.domain.media import SubtitleTrack
from app.services.media.ffmpeg_command import text_track_command
from app.system.child_limits import PROBE
from app.system.subprocesses import running

MOST_BYTES = 32 * 2**20

_LIMITS = replace(PROBE, cpu_s=300, wall_s=1800)
"""A Matroska file is read as a whole: 100 GB at 60 MB/s, and 1 s of a processor for each GB."""

_WRITERS = {
    "subrip": ("copy", "srt"),
    "ass": ("copy", "ass"),
    "ssa": ("copy", "ass"),
    "webvtt": ("copy", "webvtt"),
}
"""Texts that are taken over as they are: encoder, and format of the file."""

_CONVERTED = ("subrip", "srt")


def text_format(track: SubtitleTrack) -> str:
    """Return the format that a track's text is written in: ``srt``, ``ass`` or ``webvtt``."""
    return _WRITERS.get(track.codec, _CONVERTED)[1]


async def subtitle_text(path: Path, track: SubtitleTrack, muxer: str | None = None) -> bytes:
    """Return the text of a subtitle track, its times counted from the start of the media.

    Args:
        path: of the media.
        track: of its tracks.
        muxer: format that it is wanted in: ``srt``, ``ass`` or ``webvtt``; None for its own.

    Raises:
        InvalidCaptionsError: it cannot be decoded, has no text, or has too much.
        ResourceLimitError: that takes more memory or time than it may.
    """
    codec, own = _WRITERS.get(track.codec, _CONVERTED)
    if muxer is not None and muxer != own:
        codec, own = ("subrip" if muxer == "srt" else muxer), muxer
    excess = InvalidCaptionsError(f"Subtitle track {track.summary} has too much text")
    command = text_track_command(path, track.index, codec, own)
    async with running(command, limits=_LIMITS) as child:
        text = await child.exchange(b"", MOST_BYTES, excess)
        status = await child.wait()
        child.check_limits("Reading a subtitle track")
    if status != 0 or not text.strip():
        raise InvalidCaptionsError(f"Subtitle track {track.summary} cannot be read")
    return text
