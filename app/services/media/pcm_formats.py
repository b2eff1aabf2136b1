"""Samples without a header, in the forms that live clients send."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Literal

import numpy as np

from app.domain.audio import Samples
from app.domain.errors import InvalidFieldError
from app.domain.time import SAMPLE_RATE_HZ

PcmCoding = Literal["s8", "s16", "s24", "s32", "ulaw", "alaw"]
"""Signed integers, little-endian, 8-bit ones excepted, which count from 128 as in WAV; or G.711."""

SAMPLE_BYTES: dict[PcmCoding, int] = {"s8": 1, "s16": 2, "s24": 3, "s32": 4, "ulaw": 1, "alaw": 1}


_BARE_TYPES = frozenset({"audio/pcm", "audio/raw"})
"""Media types of s16le without a header. Source: the upload of speaches."""

_RATES_HZ = (4_000, 192_000)
_MOST_CHANNELS = 8
_MOST_DIGITS = 6
_UNKNOWN_SIZE = 0xFFFFFFFF
_MAGIC = (b"OggS", b"fLaC", b"ID3", b"\x1a\x45\xdf\xa3", b"RF64")
MAGIC_BYTES = 12
"""Enough of a file to know its container. Fewer bytes of sound are six samples."""


_WAV_TAGS: Mapping[PcmCoding, int] = {"s16": 1, "alaw": 6, "ulaw": 7}
"""Source: Microsoft's RFC 2361, registered WAVE formats."""


def wav_head(coding: PcmCoding = "s16", rate_hz: int = SAMPLE_RATE_HZ, channels: int = 1) -> bytes:
    """Return the header of WAV for sound of unknown length.

    Source: Microsoft's RIFF; ffmpeg and sox write these sizes to pipes.

    Args:
        coding: s16, alaw or ulaw.
        rate_hz: samples a second.
        channels: interleaved.
    """
    width, tag = SAMPLE_BYTES[coding], _WAV_TAGS[coding]
    frame = width * channels
    sizes = (rate_hz, rate_hz * frame, frame, width * 8)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, *sizes)
    data = struct.pack("<4sI", b"data", _UNKNOWN_SIZE)
    return struct.pack("<4sI4s", b"RIFF", _UNKNOWN_SIZE, b"WAVE") + form + data


def has_container(head: bytes) -> bool:
    """Whether bytes that are said to be samples begin a file: a client may say it by mistake.

    Args:
        head: the first `MAGIC_BYTES` at least.
    """
    is_wave = head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI ")
    return is_wave or head[4:8] == b"ftyp" or head.startswith(_MAGIC)


def head_of_bare_sound(media_type: str) -> bytes | None:
    """Return the WAV header that a file of a media type lacks; None for a type with a container.

    Args:
        media_type: as a client says, such as ``audio/pcm;rate=24000;channels=1``.

    Raises:
        InvalidFieldError: no such rate, or number of channels.
    """
    kind, *parameters = [part.strip().lower() for part in media_type.split(";")]
    if kind not in _BARE_TYPES:
        return None
    given = dict(part.split("=", 1) for part in parameters if "=" in part)
    rate_hz = _parameter(given, "rate", SAMPLE_RATE_HZ, *_RATES_HZ)
    return wav_head("s16", rate_hz, _parameter(given, "channels", 1, 1, _MOST_CHANNELS))


def _parameter(given: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = given.get(name, str(usual)).strip('"')
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 0
    if not least <= value <= most:
        raise InvalidFieldError(f"Content-Type of the file: {name} is {least} to {most}")
    return value


def _ulaw_table() -> Samples:
    """Return the sample of each byte. Source: ITU-T G.711, table 2a."""
    byte = ~np.arange(256, dtype=np.int32) & 0xFF
    level = (((byte & 0x0F) << 3) + 0x84 << ((byte & 0x70) >> 4)) - 0x84
    return (np.where(byte & 0x80, -level, level) / 32768).astype(np.float32)


def _alaw_table() -> Samples:
    """Return the sample of each byte. Source: ITU-T G.711, table 1a."""
    byte = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, step = (byte & 0x70) >> 4, (byte & 0x0F) << 4
    level = np.where(exponent == 0, step + 8, step + 0x108 << np.maximum(exponent - 1, 0))
    return (np.where(byte & 0x80, level, -level) / 32768).astype(np.float32)


_TABLES = {"ulaw": _ulaw_table(), "alaw": _alaw_table()}


def read_samples(data: bytes, coding: PcmCoding, channels: int = 1) -> Samples:
    """Return bytes as mono samples; several channels are averaged.

    Args:
        data: a whole number of samples of every channel.
        coding: of one sample.
        channels: interleaved.
    """
    mixed = _levels(data, coding)
    return mixed if channels == 1 else mixed.reshape(-1, channels).mean(axis=1, dtype=np.float32)


def _levels(data: bytes, coding: PcmCoding) -> Samples:
    match coding:
        case "ulaw" | "alaw":
            return _TABLES[coding][np.frombuffer(data, np.uint8)]
        case "s8":
            return (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
        case "s16":
            return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(2**15)
        case "s24":
            padded = np.zeros((len(data) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return padded.view("<i4").reshape(-1).astype(np.float32) / np.float32(2**31)
        case _:
            return np.frombuffer(data, "<i4").astype(np.float32) / np.float32(2**31)
