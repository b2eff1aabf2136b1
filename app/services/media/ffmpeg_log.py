"""Parser of ffmpeg's log, for the properties of its input.

ffmpeg has no other channel for them: the exit status shows only that something failed, and often
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
_VIDEO = re.compile(r"  Stream #0:\d++[^\n]*: Video: ")
_AUDIO = re.compile(r"  Stream #0:\d++[^\n]*: Audio: ")
_COVER = "(attached pic)"
_REFUSED = re.compile(r"\[(?P<demuxer>[^\s\[]++) @ 0x[0-9a-f]+\] Format not on whitelist")

_OPENS_OTHERS = frozenset(
    {"hls", "dash", "concat", "imf", "sdp", "rtsp", "rtp", "webm_dash_manifest", "image2"}
)
"""Demuxers that open the files or addresses that their input names."""

_NAMES_OTHERS = ("Skipped opening external track", "not on whitelist '")
"""A QuickTime file with its media elsewhere; a protocol that its input requires."""

_TRUNCATED = (
    "moov atom not found",
    "partial file",
    "error reading header",
    "File ended prematurely",
    "Truncating packet of size",
)
"""Messages about an input that ends before its structure does."""

_OUTPUT = re.compile(
    r"  Stream #0:0: Audio: pcm_s16le[^,\n]{0,40}, \d{1,9} Hz, (?P<layout>[^,\n]{1,100}), s16,"
)
"""The first output stream, which is described once all of the input's header was read."""

_BROKEN = ("Packet corrupt", "Continuity check failed")

_DAMAGED = (
    "Error while decoding stream",
    "Invalid data found when processing input",
    "Header missing",
    "CRC mismatch",
    "invalid sync code",
    "Error number",
    "Invalid length",
    "exceeds containing master element",
    "Packet mismatch",
    "invalid as first byte of an EBML number",
)
"""Messages about bytes that are there and cannot be decoded."""

_NO_AUDIO = ("does not contain any stream", "matches no streams")
_ESTIMATED = "Estimating duration from bitrate"


class FfmpegReport:
    """Properties of the input, as far as the log was read.

    Attributes:
        duration_ms: of the container; None when it has none.
        estimated: whether ``duration_ms`` is an estimate.
        bit_rate_kbps: of the whole input; None when unknown.
        has_video: whether there is video beside the audio, other than a cover picture.
        truncated: whether ffmpeg missed the rest of the input.
        audio_tracks: their number.
        broken_packets: messages about packets of which a part is missing; there are some at every
            joint of transport streams too.
        damages: messages about bytes that could not be decoded.
        layout: name of the layout of the sound's channels; empty until it is known.
        header_read: set once the input's header was read.
    """

    def __init__(self) -> None:
        self.duration_ms: int | None = None
        self.estimated = False
        self.bit_rate_kbps: int | None = None
        self.has_video = False
        self.truncated = False
        self.audio_tracks = 0
        self.broken_packets = 0
        self.damages = 0
        self.layout = ""
        self.header_read = asyncio.Event()
        self._forbidden = False
        self._no_audio = False

    def read(self, line: str) -> None:
        """Read one line of the log."""
        self.damages += any(text in line for text in _DAMAGED)
        self.broken_packets += any(text in line for text in _BROKEN)
        if match := _DURATION.match(line):
            self._read_duration(match)
        elif match := _OUTPUT.match(line):
            self.layout = self.layout or match["layout"]
            self.header_read.set()
        elif _VIDEO.match(line):
            self.has_video |= _COVER not in line
        elif _AUDIO.match(line):
            self.audio_tracks += not self.header_read.is_set()
        elif match := _REFUSED.match(line):
            self._forbidden |= match["demuxer"] in _OPENS_OTHERS
        elif any(text in line for text in _NO_AUDIO):
            self._no_audio = True
        elif _ESTIMATED in line:
            self.estimated = True
        elif line.startswith("["):  # a message of ffmpeg, not one of the media's own tags
            self._forbidden |= any(text in line for text in _NAMES_OTHERS)
            self.truncated |= any(text in line for text in _TRUNCATED)

    def error(self) -> MediaError:
        """Return the error for input of which nothing could be decoded."""
        if self._forbidden:
            return ForbiddenMediaError("The media refers to other files or addresses")
        if self.truncated:
            return TruncatedMediaError("The media is cut off before its end")
        if self._no_audio:
            return UnreadableMediaError("The media has no audio track")
        return UnreadableMediaError("This is not audio or video that can be decoded")

    def set_estimate(self, duration_ms: int | None) -> None:
        """Replace the duration by an estimate from elsewhere; None when unknown."""
        self.duration_ms = duration_ms
        self.estimated = True

    def _read_duration(self, match: re.Match[str]) -> None:
        if match["h"] is not None:
            seconds = (int(match["h"]) * 60 + int(match["m"])) * 60 + int(match["s"])
            self.duration_ms = seconds * 1000 + int(match["cs"]) * 10
        if match["kbps"] is not None:
            self.bit_rate_kbps = int(match["kbps"])
