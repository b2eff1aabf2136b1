"""Files of sound that operations make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AudioFormat = Literal["mp3", "m4a", "aac", "opus", "ogg", "flac", "wav"]


@dataclass(frozen=True, slots=True)
class AudioKind:
    """A file of sound.

    Attributes:
        media_type: of the file.
        muxer: ffmpeg's name.
        encoder: ffmpeg's name.
        copied: codecs that the file holds, so that they need not be encoded again.
        has_rate: whether bits per second can be chosen.
        most_channels: that the file holds.
    """

    media_type: str
    muxer: str
    encoder: str
    copied: frozenset[str]
    has_rate: bool = True
    most_channels: int = 8


AUDIO_KINDS: dict[str, AudioKind] = {
    "mp3": AudioKind("audio/mpeg", "mp3", "libmp3lame", frozenset({"mp3"}), most_channels=2),
    "m4a": AudioKind("audio/mp4", "ipod", "aac", frozenset({"aac", "alac"})),
    "aac": AudioKind("audio/aac", "adts", "aac", frozenset({"aac"})),
    "opus": AudioKind("audio/ogg", "opus", "libopus", frozenset({"opus"})),
    "ogg": AudioKind("audio/ogg", "ogg", "libvorbis", frozenset({"vorbis", "opus"})),
    "flac": AudioKind("audio/flac", "flac", "flac", frozenset({"flac"}), has_rate=False),
    "wav": AudioKind("audio/wav", "wav", "pcm_s16le", frozenset({"pcm_s16le"}), has_rate=False),
}
DEFAULT_KBPS = 192
"""Kilobits per second of sound that is encoded."""

_USUAL_LAYOUTS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
"""By the number of channels: those that every encoder takes. Opus takes no others.
Source: RFC 7845 section 5.1.1.2, the channels of mapping family 1."""

_VORBIS_KBPS = (32, 240)
_VORBIS_HZ = frozenset({44_100, 48_000})
"""What libvorbis takes for each channel at these rates; at others it takes less, and at high ones
nothing. Source: its tables of rates, ``lib/modes``, and trials."""

_OPUS_KBPS = (6, 256)
"""For each channel. Source: RFC 6716 section 2.1.1, libavcodec/libopusenc.c."""

_AAC_BITS_PER_FRAME, _AAC_FRAME = 6144, 1024
"""Of one channel. Source: ISO/IEC 14496-3 section 4.5.3.3."""


def written_layout(kind: AudioKind, channels: int, layout: str) -> str:
    """Return the layout of sound in a file of a kind, by ffmpeg's names.

    Args:
        kind: of the file.
        channels: of the sound.
        layout: of the sound; empty where the file does not say.

    Returns:
        ``layout`` itself where the file holds it, else the usual one of as many channels, or stereo
        where the file has fewer.
    """
    if channels > kind.most_channels or not channels:
        return "stereo"
    usual = _USUAL_LAYOUTS[channels - 1]
    if not layout or layout == "downmix" or kind.encoder == "libopus":
        return usual
    return layout


def written_rate_hz(kind: AudioKind, rate_hz: int) -> int:
    """Return the sample rate of sound in a file of a kind; 0 where ffmpeg may choose."""
    if kind.encoder == "libvorbis" and rate_hz not in _VORBIS_HZ:
        return 48_000
    return 0


def written_kbps(kind: AudioKind, kbps: int, channels: int, rate_hz: int) -> int:
    """Return the kilobits per second that are nearest to what is wanted and that a kind can have.

    Args:
        kind: of the file.
        kbps: that are wanted.
        channels: of the sound in the file.
        rate_hz: of the sound in the file.
    """
    least, most = _bounds(kind, rate_hz)
    if kind.encoder != "libmp3lame":
        least, most = least * channels, most * channels
    return min(max(kbps, least), most)


def _bounds(kind: AudioKind, rate_hz: int) -> tuple[int, int]:
    """Return the fewest and the most kilobits per second: of a channel, but of all of MP3."""
    if kind.encoder == "libmp3lame":
        # Source: ISO/IEC 11172-3 and 13818-3, layer III; MPEG 2.5 below 16 kHz.
        return (32, 320) if rate_hz >= 32_000 else (8, 160) if rate_hz >= 16_000 else (8, 64)
    if kind.encoder == "libopus":
        return _OPUS_KBPS
    if kind.encoder == "libvorbis":
        return _VORBIS_KBPS
    return 1, max(8, _AAC_BITS_PER_FRAME * rate_hz // _AAC_FRAME // 1000)
