"""Detection of silence at the start of a recording."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import numpy as np

from app.domain.errors import NoSpeechError
from app.domain.time import samples_to_ms
from app.services.media.pcm import BYTES_PER_SAMPLE, PcmBlock

_SILENT_PEAK = 33
"""Peak of 16-bit samples that counts as silence, -60 dBFS: below the noise of any microphone."""

_TIME_LIMIT_S = 1.0
"""How long opening may search for sound."""

_BUFFER_BYTES = 8 * 2**20
"""How much near-silence is buffered meanwhile; digital silence costs nothing."""


async def skip_silence(pcm: AsyncIterator[PcmBlock]) -> list[PcmBlock]:
    """Read on until the first sound, within limits of time and memory.

    Args:
        pcm: at least one block.

    Returns:
        The blocks that were read; the rest is still in ``pcm``.

    Raises:
        NoSpeechError: the whole recording is silent.
    """
    buffered: list[PcmBlock] = []
    buffered_bytes = 0
    zeros = PcmBlock(b"")
    deadline = time.monotonic() + _TIME_LIMIT_S
    async for block in pcm:
        samples = np.frombuffer(block.data, "<i2")
        if samples.any():
            buffered_bytes += len(block.data)
        elif block == zeros:
            block = zeros  # one block of zeros stands for all of them
        else:
            zeros = block
        buffered.append(block)
        loud = max(int(samples.max()), -int(samples.min())) >= _SILENT_PEAK
        if loud or buffered_bytes > _BUFFER_BYTES or time.monotonic() > deadline:
            return buffered
    samples_read = sum(len(block.data) for block in buffered) // BYTES_PER_SAMPLE
    raise NoSpeechError("The media is silent", samples_to_ms(samples_read))


async def replay(
    buffered: list[PcmBlock], rest: AsyncGenerator[PcmBlock, None]
) -> AsyncGenerator[PcmBlock, None]:
    """Yield the buffered blocks, then the rest."""
    async with aclosing(rest):
        buffered.reverse()
        while buffered:
            yield buffered.pop()
        async for block in rest:
            yield block
