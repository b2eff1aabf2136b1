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
    """

    media_type: str
    muxer: str
    encoder: str
    copied: frozenset[str]
    has_rate: bool = True


AUDIO_KINDS: dict[str, AudioKind] = {
    "mp3": AudioKind("audio/mpeg", "mp3", "libmp3lame", frozenset({"mp3"})),
    "m4a": AudioKind("audio/mp4", "ipod", "aac", frozenset({"aac", "alac"})),
    "aac": AudioKind("audio/aac", "adts", "aac", frozenset({"aac"})),
    "opus": AudioKind("audio/ogg", "opus", "libopus", frozenset({"opus"})),
    "ogg": AudioKind("audio/ogg", "ogg", "libvorbis", frozenset({"vorbis", "opus"})),
    "flac": AudioKind("audio/flac", "flac", "flac", frozenset({"flac"}), has_rate=False),
    "wav": AudioKind("audio/wav", "wav", "pcm_s16le", frozenset({"pcm_s16le"}), has_rate=False),
}
DEFAULT_KBPS = 192
"""Kilobits per second of sound that is encoded."""
