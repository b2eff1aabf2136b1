"""Order of decoding that follows a recording's playback."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import numpy as np

from app.domain.audio import Audio, Samples
from app.domain.time import SAMPLE_RATE_HZ, ms_to_samples, samples_to_ms
from app.services.media.pcm import BLOCK_SAMPLES
from app.services.playback.pcm_spool import PcmSpool
from app.services.playback.playback import Playback
from app.system.async_iterators import close_stage
from app.system.workdir import WorkDir

_NO_END = 2**62
"""The end of a recording that has not ended yet."""

_FRAME_SAMPLES = 512
"""A frame of the VAD; parts start and end at whole frames."""

_NEAR_SAMPLES = 20 * SAMPLE_RATE_HZ
"""A position no further ahead is reached soonest without a new part."""

_LOOK_BACK_SAMPLES = 5 * SAMPLE_RATE_HZ // _FRAME_SAMPLES * _FRAME_SAMPLES
"""A part starts at the quietest place of the five seconds before the position, which is a pause
where people breathe at the usual rate."""

_LOOK_AHEAD_SAMPLES = 3 * SAMPLE_RATE_HZ
"""A part that a seek interrupts ends at the quietest place of the next three seconds."""

_SHORTEST_RANGE_SAMPLES = 2 * SAMPLE_RATE_HZ
"""A shorter range is not left for later: it is too short for a cue."""

_QUIET_FRAMES = 8
"""Frames, a quarter of a second, over which loudness is averaged: one frame may be a consonant."""


class PlaybackOrder:
    """Yields a recording in parts, each contiguous and with true times.

    The first part starts at the viewer's position. After a seek the current part ends and the next
    one starts a little before the new position, unless that is processed already or is reached
    soon. Then follow the pending ranges: first those ahead of the position, then those behind. In
    the end every sample was in one part, exactly once.

    The recording is read once, from its start. Audio that is skipped is spooled to disk (32 KB for
    each second) and read again later, so nothing is fetched or decoded twice. A recording that is
    processed from its start to its end touches no disk.

    Args:
        blocks: the whole recording from sample 0, in whole frames but for its end.
        playback: has the position; receives the starts of the parts.
        workdir: where the spool file is created.
        resources: removes the spool file when it is closed.
    """

    def __init__(
        self,
        blocks: AsyncIterator[Audio],
        playback: Playback,
        workdir: WorkDir,
        resources: AsyncExitStack,
    ) -> None:
        self._blocks = blocks
        self._playback = playback
        self._spool = PcmSpool(workdir, resources)
        self._pending = PendingRanges()
        self._decoded = 0

    async def parts(self) -> AsyncGenerator[AsyncGenerator[Audio, None], None]:
        """Yield the parts; each must be read to its end before the next one is requested.

        Raises:
            StorageError: the disk is full or not writable; raised by a part as well.
        """
        try:
            while (start := await self._next_start()) is not None:
                yield self._part(start)
        finally:
            await close_stage(self._blocks)

    @property
    def _position(self) -> int:
        return ms_to_samples(self._playback.position_ms)

    async def _next_start(self) -> int | None:
        """Return the start of the next part, once it is decoded; None when nothing is pending."""
        while (pending := self._pending.next_after(self._position)) is not None:
            self._playback.settle()
            if self._position - pending.start < _NEAR_SAMPLES or self._position >= pending.end:
                return pending.start
            if self._decoded > self._position or pending.end <= self._decoded:
                return await self._quiet_start(pending)
            await self._spool_block()
        return None

    async def _quiet_start(self, pending: SampleRange) -> int:
        """Return a quiet place a little before the position."""
        end = self._position // _FRAME_SAMPLES * _FRAME_SAMPLES
        start = max(pending.start, end - _LOOK_BACK_SAMPLES)
        return start + _quietest((await self._spool.read(start, end)).samples)

    async def _part(self, at: int) -> AsyncGenerator[Audio, None]:
        self._playback.ranges.begin(samples_to_ms(at))
        end = self._pending.end_of(at)
        while not self._is_interrupted(at):
            block = await self._block(at, end)
            if block is None:
                return
            yield self._emit(block)
            at = block.end_sample
        for block in await self._read_to_pause(at, end):
            yield self._emit(block)

    def _is_interrupted(self, at: int) -> bool:
        """Return whether the viewer needs another range sooner than the rest of a part."""
        if not self._playback.moved:
            return False
        pending = self._pending.next_after(self._position)
        if pending is None or pending.end <= self._position:
            interrupts = False  # Nothing is pending from there on.
        elif pending.start == at:
            interrupts = self._position - at >= _NEAR_SAMPLES
        else:
            interrupts = True
        if not interrupts:
            self._playback.settle()
        return interrupts

    async def _read_to_pause(self, at: int, end: int) -> list[Audio]:
        """Read on a little; return the audio up to the quietest place and spool the rest."""
        blocks: list[Audio] = []
        ahead = at
        while ahead - at < _LOOK_AHEAD_SAMPLES or end - ahead < _SHORTEST_RANGE_SAMPLES:
            fresh = ahead >= self._decoded
            block = await self._block(ahead, end)
            if block is None:
                return blocks
            if fresh:
                await self._spool.write(block)
            blocks.append(block)
            ahead = block.end_sample
        samples = np.concatenate([block.samples for block in blocks])
        cut = _quietest(samples)
        return [
            Audio(samples[place : min(cut, place + BLOCK_SAMPLES)], at + place)
            for place in range(0, cut, BLOCK_SAMPLES)
        ]

    async def _block(self, at: int, end: int) -> Audio | None:
        """Return the next block of a part, from disk or from the decoder; None at its end."""
        if at >= end:
            return None
        if at < self._decoded:
            return await self._spool.read(at, min(at + BLOCK_SAMPLES, end, self._decoded))
        return await self._decode()

    async def _spool_block(self) -> None:
        block = await self._decode()
        if block is not None:
            await self._spool.write(block)

    async def _decode(self) -> Audio | None:
        block = await anext(self._blocks, None)
        if block is None:
            self._pending.end_at(self._decoded)
        else:
            self._decoded = block.end_sample
        return block

    def _emit(self, block: Audio) -> Audio:
        self._pending.remove(block.start_sample, block.end_sample)
        return block


class PendingRanges:
    """Ranges that are not processed yet, in order; at first the whole recording."""

    def __init__(self) -> None:
        self._ranges = [SampleRange(0, _NO_END)]

    def next_after(self, position: int) -> SampleRange | None:
        """Return the first range that ends after a position, else the first one of all."""
        ahead = (pending for pending in self._ranges if pending.end > position)
        return next(ahead, self._ranges[0] if self._ranges else None)

    def end_of(self, at: int) -> int:
        """Return the end of the range that contains a sample; the sample itself without one."""
        return next((each.end for each in self._ranges if each.start <= at < each.end), at)

    def remove(self, start: int, end: int) -> None:
        """Mark the samples from ``start`` to one before ``end`` as processed."""
        self._ranges = [
            rest
            for pending in self._ranges
            for rest in (
                SampleRange(pending.start, min(pending.end, start)),
                SampleRange(max(pending.start, end), pending.end),
            )
            if rest.start < rest.end
        ]

    def end_at(self, end: int) -> None:
        """Set the end of the recording, once it is known."""
        self.remove(end, _NO_END)


class SampleRange(NamedTuple):
    """Range of samples, ``start`` to one before ``end``."""

    start: int
    end: int


def _quietest(samples: Samples) -> int:
    """Return the middle of the quietest quarter of a second, in samples, at a whole frame."""
    frames = len(samples) // _FRAME_SAMPLES
    if frames <= _QUIET_FRAMES:
        return 0
    power = np.square(samples[: frames * _FRAME_SAMPLES]).reshape(frames, _FRAME_SAMPLES).mean(1)
    smooth = np.convolve(power, np.full(_QUIET_FRAMES, 1 / _QUIET_FRAMES), mode="valid")
    # Of equally quiet places the last, which is nearest to the position.
    place = len(smooth) - 1 - int(np.argmin(smooth[::-1]))
    return (place + _QUIET_FRAMES // 2) * _FRAME_SAMPLES
