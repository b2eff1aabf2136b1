"""A recording in the order in which its viewer needs it: from where he watches, then the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from app.domain.audio import Audio, Samples
from app.domain.time import SAMPLE_RATE_HZ, ms_to_samples
from app.services.joints import close_stage
from app.services.stages.decode import BLOCK_SAMPLES, BYTES_PER_SAMPLE
from app.services.workdir import WorkDir, storage_errors

_FULL_SCALE = np.float32(2**15)

LEAST_POSITION_MS = 20_000
"""Who watches the first seconds gets them soonest in the usual order."""

_LOOK_BACK_SAMPLES = 5 * SAMPLE_RATE_HZ
"""The cut is made at the quietest place of the five seconds before the position: a pause, if
people breathe as they usually do."""

_FRAME_SAMPLES = 512
"""A frame of the VAD; what precedes and what follows the cut are whole frames."""

_QUIET_FRAMES = 8
"""Frames, a quarter of a second, over which loudness is averaged: one frame may be a consonant."""


class Rewind:
    """Yields a recording in two parts, each contiguous and with true times.

    What lies before the position is kept on disk as it passes (32 KB for each second) and read
    again once the rest is through, so nothing is fetched or decoded twice.

    Args:
        blocks: the whole recording from sample 0.
        position_ms: where the viewer is.
        workdir: where the earlier part is kept.
        resources: removes the file when it is closed.
    """

    def __init__(
        self,
        blocks: AsyncIterator[Audio],
        position_ms: int,
        workdir: WorkDir,
        resources: AsyncExitStack,
    ) -> None:
        self._blocks = blocks
        self._position = ms_to_samples(position_ms)
        self._path = workdir.new_file(".pcm")
        resources.callback(self._path.unlink, missing_ok=True)
        self._kept = 0

    async def watched(self) -> AsyncGenerator[Audio, None]:
        """Yield from a little before the position to the end; nothing where it lies beyond.

        Raises:
            StorageError: the disk is full or not writable.
        """
        recent: deque[Audio] = deque()
        passed = False
        try:
            async for block in self._blocks:
                if passed:
                    yield block
                    continue
                recent.append(block)
                if block.end_sample > self._position:
                    passed = True
                    for part in await self._cut(recent):
                        yield part
                    recent.clear()
                elif block.end_sample - recent[0].end_sample >= _LOOK_BACK_SAMPLES:
                    await self._keep(recent.popleft().samples)
            for block in recent:
                await self._keep(block.samples)
        finally:
            await close_stage(self._blocks)

    async def earlier(self) -> AsyncGenerator[Audio, None]:
        """Yield what precedes, once the part that is watched is through."""
        with storage_errors():
            file = await asyncio.to_thread(self._path.open, "rb")
        with file:
            position = 0
            while position < self._kept:
                with storage_errors():
                    data = await asyncio.to_thread(file.read, BLOCK_SAMPLES * BYTES_PER_SAMPLE)
                block = Audio(np.frombuffer(data, "<i2").astype(np.float32) / _FULL_SCALE, position)
                position = block.end_sample
                yield block

    async def _cut(self, recent: deque[Audio]) -> list[Audio]:
        """Keep the quiet beginning of what was read last; return the rest in whole blocks."""
        samples = np.concatenate([block.samples for block in recent])
        start = recent[0].start_sample
        cut = _quietest(samples[: max(0, self._position - start)])
        await self._keep(samples[:cut])
        rest = samples[cut:]
        return [
            Audio(rest[at : at + BLOCK_SAMPLES], start + cut + at)
            for at in range(0, len(rest), BLOCK_SAMPLES)
        ]

    async def _keep(self, samples: Samples) -> None:
        pcm = np.round(samples * _FULL_SCALE).astype("<i2").tobytes()
        with storage_errors():
            await asyncio.to_thread(_append, self._path, pcm)
        self._kept += len(samples)


def _quietest(samples: Samples) -> int:
    """Return where to cut: the middle of the quietest quarter of a second, at a whole frame."""
    frames = len(samples) // _FRAME_SAMPLES
    if frames <= _QUIET_FRAMES:
        return 0
    power = np.square(samples[: frames * _FRAME_SAMPLES]).reshape(frames, _FRAME_SAMPLES).mean(1)
    smooth = np.convolve(power, np.full(_QUIET_FRAMES, 1 / _QUIET_FRAMES), mode="valid")
    # Of equally quiet places the last, nearest to where the viewer is.
    place = len(smooth) - 1 - int(np.argmin(smooth[::-1]))
    return (place + _QUIET_FRAMES // 2) * _FRAME_SAMPLES


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
