"""Samples without a header, in the forms that live clients send."""

from __future__ import annotations

from typing import Literal

import numpy as np

from app.domain.audio import Samples

PcmCoding = Literal["s8", "s16", "s24", "s32", "ulaw", "alaw"]
"""Signed integers, little-endian, 8-bit ones excepted, which count from 128 as in WAV; or G.711."""

SAMPLE_BYTES: dict[PcmCoding, int] = {"s8": 1, "s16": 2, "s24": 3, "s32": 4, "ulaw": 1, "alaw": 1}


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
