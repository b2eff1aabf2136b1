"""Decode stage, which turns a decoder's PCM into blocks of audio."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from app.domain.audio import Audio
from app.domain.errors import MediaTooLongError
from app.domain.time import SAMPLE_RATE_HZ

BLOCK_SAMPLES = 8192
"""Samples in a block, 0.512 s: a multiple of the VAD's frame of 512 samples."""

BYTES_PER_SAMPLE = 2
"""16-bit little-endian PCM."""

_FULL_SCALE = np.float32(2**15)

GRACE_S = 1
"""Codecs pad the end of a recording by some frames, so it may decode to slightly more than its
container says. A recording that exceeds the limit by less than this is accepted."""


@dataclass(frozen=True, slots=True)
class PcmBlock:
    """A block of mono 16-bit little-endian PCM at 16 kHz.

    Attributes:
        data: whole samples.
        gap: whether all of it is time in which the recording has no sound at all.
    """

    data: bytes
    gap: bool = False


async def decode_audio(
    pcm: AsyncGenerator[PcmBlock, None], max_duration_s: int
) -> AsyncGenerator[Audio, None]:
    """Turn PCM into audio, contiguous from sample 0.

    Args:
        pcm: contiguous blocks; closed with the result.
        max_duration_s: longest recording that is accepted.

    Raises:
        MediaTooLongError: more audio came than that; all blocks before were yielded.
    """
    limit = (max_duration_s + GRACE_S) * SAMPLE_RATE_HZ
    position = 0
    async with aclosing(pcm):
        async for each in pcm:
            samples = np.frombuffer(each.data, "<i2").astype(np.float32) / _FULL_SCALE
            block = Audio(samples, position, each.gap)
            position = block.end_sample
            if position > limit:
                raise too_long(max_duration_s)
            yield block


def too_long(max_duration_s: int) -> MediaTooLongError:
    """Return the error for a recording over the limit."""
    minutes, seconds = divmod(max_duration_s, 60)
    limit = f"{minutes} min" if not seconds else f"{max_duration_s} s"
    return MediaTooLongError(f"The media is longer than the {limit} that this server accepts")
