"""Silence at the start of a recording."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import numpy as np

from app.domain.errors import NoSpeechError

_SILENT_PEAK = 33
"""Peak of 16-bit samples that counts as silence, -60 dBFS: below the noise of any microphone."""

_LOOK_S = 1.0
"""How long opening may look for something to hear."""

_KEPT_BYTES = 8 * 2**20
"""How much near-silence is kept meanwhile; digital silence costs nothing."""


async def skip_silence(pcm: AsyncIterator[bytes]) -> list[bytes]:
    """Read on until something can be heard, or until it is clear that nothing ever will.

    Args:
        pcm: mono 16-bit little-endian blocks, at least one.

    Returns:
        What was read; the rest is still in ``pcm``.

    Raises:
        NoSpeechError: the whole recording is silent.
    """
    kept: list[bytes] = []
    kept_bytes = 0
    zeros = b""
    deadline = time.monotonic() + _LOOK_S
    async for block in pcm:
        samples = np.frombuffer(block, "<i2")
        if samples.any():
            kept_bytes += len(block)
        elif len(block) == len(zeros):
            block = zeros  # one block of zeros stands for all of them
        else:
            zeros = block
        kept.append(block)
        loud = max(int(samples.max()), -int(samples.min())) >= _SILENT_PEAK
        if loud or kept_bytes > _KEPT_BYTES or time.monotonic() > deadline:
            return kept
    raise NoSpeechError("The media is silent")


async def replay(
    kept: list[bytes], rest: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    """Yield what was kept, then the rest."""
    async with aclosing(rest):
        kept.reverse()
        while kept:
            yield kept.pop()
        async for block in rest:
            yield block
