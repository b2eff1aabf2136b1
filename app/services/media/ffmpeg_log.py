"""What ffmpeg says about its input, read from its log.

ffmpeg has no other channel for it: the exit status tells only that something failed, and often
not even that. Source of every text matched here: libavformat and fftools of ffmpeg 5.1.
"""

from __future__ import annotations

import asyncio
import re

from app.domain.errors import (
    ForbiddenMediaError,
    MediaError,
    TruncatedMediaError,
    UnreadableMediaError,
)

_DURATION = re.compile(
    r"  Duration: (?:(?P<h>\d+):(?P<m>\d\d):(?P<s>\d\d)\.(?P<cs>\d\d)|N/A)"
    r".*?(?:bitrate: (?P<kbps>\d+) kb/s)?$"
)
_VIDEO = re.compile(r"  Stream #0:\d+.*?: Video: (?!.*\(attached pic\))")
_REFUSED = re.compile(r"\[(?P<demuxer>\S+) @ 0x[0-9a-f]+\] Format not on whitelist")

_OPENS_OTHERS = frozenset(
    {"hls", "dash", "concat", "imf", "sdp", "rtsp", "rtp", "webm_dash_manifest", "image2"}
)
"""Demuxers that open what their input names."""

_NAMES_OTHERS = ("Skipped opening external track", "not on whitelist '")
"""A QuickTime file with its media elsewhere; a protocol that its input asked for."""

_CUT = (
    "moov atom not found",
    "partial file",
    "error reading header",
    "File ended prematurely",
    "Truncating packet of size",
)
"""The end of the input came where its structure promises more."""

_HEADER_ENDS = "Stream mapping:"
_NO_AUDIO = "does not contain any stream"
_ESTIMATED = "Estimating duration from bitrate"


class FfmpegReport:
    """What was said so far; :meth:`read` takes one line of the log.

    Attributes:
        duration_ms: of the container, None when it does not say.
        estimated: whether ``duration_ms`` is a guess.
        bit_rate_kbps: of the whole input, None when unknown.
        has_video: whether there is a moving picture beside the audio.
        cut: whether ffmpeg missed the rest of the input.
        header_read: set once the input's header was read.
    """

    def __init__(self) -> None:
        self.duration_ms: int | None = None
        self.estimated = False
        self.bit_rate_kbps: int | None = None
        self.has_video = False
        self.cut = False
        self.header_read = asyncio.Event()
        self._forbidden = False
        self._no_audio = False

    def read(self, line: str) -> None:
        """Take note of one line."""
        if match := _DURATION.match(line):
            self._read_duration(match)
        elif _VIDEO.match(line):
            self.has_video = True
        elif match := _REFUSED.match(line):
            self._forbidden |= match["demuxer"] in _OPENS_OTHERS
        elif line.startswith(_HEADER_ENDS):
            self.header_read.set()
        elif _NO_AUDIO in line:
            self._no_audio = True
        elif _ESTIMATED in line:
            self.estimated = True
        elif line.startswith("["):  # said by ffmpeg, not by the media's own tags
            self._forbidden |= any(text in line for text in _NAMES_OTHERS)
            self.cut |= any(text in line for text in _CUT)

    def error(self) -> MediaError:
        """Return why nothing could be decoded."""
        if self._forbidden:
            return ForbiddenMediaError("The media refers to other files or addresses")
        if self.cut:
            return TruncatedMediaError("The media is cut off before its end")
        if self._no_audio:
            return UnreadableMediaError("The media has no audio track")
        return UnreadableMediaError("This is not audio or video that can be decoded")

    def guess(self, duration_ms: int | None) -> None:
        """Replace the duration by somebody else's idea of it."""
        self.duration_ms = duration_ms
        self.estimated = True

    def _read_duration(self, match: re.Match[str]) -> None:
        if match["h"] is not None:
            seconds = (int(match["h"]) * 60 + int(match["m"])) * 60 + int(match["s"])
            self.duration_ms = seconds * 1000 + int(match["cs"]) * 10
        if match["kbps"] is not None:
            self.bit_rate_kbps = int(match["kbps"])
