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
_FRAME_RATE = re.compile(r", ([0-9]{1,4}(?:\.[0-9]{1,3})?)(k?) fps,")
_SHOT_CHANGE = re.compile(
    r"\[scdet @ 0x[0-9a-f]+\] lavfi\.scd\.score: {0,4}[0-9.]{1,9}, "
    r"lavfi\.scd\.time: {0,4}([0-9]{1,9}(?:\.[0-9]{1,9})?)"
)
_NTSC_RATES = {23.98: 24000 / 1001, 29.97: 30000 / 1001, 59.94: 60000 / 1001, 47.95: 48000 / 1001}
"""The log rounds rates to two digits."""
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


_SHOT_CHANGES_AT_MOST = 100_000
"""Of one input: a film has about 2,000."""


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
        frames_per_s: of the picture; None where there is none, or its rate is not known.
        shot_changes_ms: times of the first frames of shots so far, in the input's time.
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
        self.frames_per_s: float | None = None
        self.shot_changes_ms: list[int] = []
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
        elif match := _SHOT_CHANGE.match(line):
            self._read_shot_change(match)
        elif _VIDEO.match(line):
            self._read_video(line)
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

    def _read_video(self, line: str) -> None:
        if _COVER in line:
            return
        self.has_video = True
        match = _FRAME_RATE.search(line)
        if match is not None and self.frames_per_s is None and not self.header_read.is_set():
            rate = float(match[1]) * (1000 if match[2] else 1)
            self.frames_per_s = _NTSC_RATES.get(rate, rate) or None

    def _read_shot_change(self, match: re.Match[str]) -> None:
        if len(self.shot_changes_ms) < _SHOT_CHANGES_AT_MOST:
            self.shot_changes_ms.append(round(1000 * float(match[1])))

    def _read_duration(self, match: re.Match[str]) -> None:
        if match["h"] is not None:
            seconds = (int(match["h"]) * 60 + int(match["m"])) * 60 + int(match["s"])
            self.duration_ms = seconds * 1000 + int(match["cs"]) * 10
        if match["kbps"] is not None:
            self.bit_rate_kbps = int(match["kbps"])
