"""A recording in the order in which its viewer needs it: from where he watches, then the rest."""

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

_FOREVER = 2**62
"""The end of a recording that has not ended yet."""


class Gap(NamedTuple):
    """A stretch of samples, ``start`` to one before ``end``."""

    start: int
    end: int


class PendingRanges:
    """Gaps in order; at first one that holds the whole recording."""

    def __init__(self) -> None:
        self._gaps = [Gap(0, _FOREVER)]

    def next_for(self, position: int) -> Gap | None:
        """Return the first gap that reaches beyond a place, else the first one of all."""
        ahead = (gap for gap in self._gaps if gap.end > position)
        return next(ahead, self._gaps[0] if self._gaps else None)

    def end_of(self, at: int) -> int:
        """Return where the gap ends that holds a place; the place itself where none does."""
        return next((gap.end for gap in self._gaps if gap.start <= at < gap.end), at)

    def remove(self, start: int, end: int) -> None:
        """This was heard."""
        self._gaps = [
            rest
            for gap in self._gaps
            for rest in (
                Gap(gap.start, min(gap.end, start)),
                Gap(max(gap.start, end), gap.end),
            )
            if rest.start < rest.end
        ]

    def end_at(self, end: int) -> None:
        """The recording has ended here."""
        self.remove(end, _FOREVER)


_FRAME_SAMPLES = 512
"""A frame of the VAD; parts begin and end at whole frames."""

_NEAR_SAMPLES = 20 * SAMPLE_RATE_HZ
"""What lies no further ahead comes soonest in the usual order, without a cut."""

_LOOK_BACK_SAMPLES = 5 * SAMPLE_RATE_HZ // _FRAME_SAMPLES * _FRAME_SAMPLES
"""A part begins at the quietest place of the five seconds before the position: a pause, if people
breathe as they usually do."""

_RUN_OUT_SAMPLES = 3 * SAMPLE_RATE_HZ
"""A part that the viewer leaves ends at the quietest place of the next three seconds."""

_LEAST_GAP_SAMPLES = 2 * SAMPLE_RATE_HZ
"""Less than this is not left over for later: nobody could lay out a cue in it."""

_QUIET_FRAMES = 8
"""Frames, a quarter of a second, over which loudness is averaged: one frame may be a consonant."""


class PlaybackOrder:
    """Yields a recording in parts, each contiguous and with true times.

    The first part begins where the viewer is. When he jumps, the part that is read ends and the
    next one begins a little before his new place, unless that was heard already or comes anyway.
    Then follows what nobody has heard yet: first what is ahead of him, then what is behind. In
    the end every sample was in one part, exactly once.

    The recording is read once, from its start. What is passed over is kept on disk (32 KB for
    each second) and read again when its turn comes, so nothing is fetched or decoded twice. A
    recording that is heard from its start to its end touches no disk.

    Args:
        blocks: the whole recording from sample 0, in whole frames but for its end.
        playback: says where he is; is told where parts begin.
        workdir: where what is passed over is kept.
        resources: removes the file when it is closed.
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
        self._unheard = PendingRanges()
        self._decoded = 0

    async def parts(self) -> AsyncGenerator[AsyncGenerator[Audio, None], None]:
        """Yield the parts; each is to be read to its end before the next one is asked for.

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
        """Return where the next part begins, once that is decoded; None when all was heard."""
        while (gap := self._unheard.next_for(self._position)) is not None:
            self._playback.settle()
            if self._position - gap.start < _NEAR_SAMPLES or self._position >= gap.end:
                return gap.start
            if self._decoded > self._position or gap.end <= self._decoded:
                return await self._quiet_start(gap)
            await self._pass_over()
        return None

    async def _quiet_start(self, gap: Gap) -> int:
        """Return a quiet place a little before the position."""
        end = self._position // _FRAME_SAMPLES * _FRAME_SAMPLES
        start = max(gap.start, end - _LOOK_BACK_SAMPLES)
        return start + _quietest((await self._spool.read(start, end)).samples)

    async def _part(self, at: int) -> AsyncGenerator[Audio, None]:
        self._playback.ranges.begin(samples_to_ms(at))
        end = self._unheard.end_of(at)
        while not self._is_left(at):
            block = await self._block(at, end)
            if block is None:
                return
            yield self._given(block)
            at = block.end_sample
        for block in await self._run_out(at, end):
            yield self._given(block)

    def _is_left(self, at: int) -> bool:
        """Whether the viewer needs something else sooner than what a part gives next."""
        if not self._playback.moved:
            return False
        gap = self._unheard.next_for(self._position)
        if gap is None or gap.end <= self._position:
            leaves = False  # Nothing is left to hear from there on.
        elif gap.start == at:
            leaves = self._position - at >= _NEAR_SAMPLES
        else:
            leaves = True
        if not leaves:
            self._playback.settle()
        return leaves

    async def _run_out(self, at: int, end: int) -> list[Audio]:
        """Read on a little; return what precedes the quietest place, and keep the rest."""
        blocks: list[Audio] = []
        ahead = at
        while ahead - at < _RUN_OUT_SAMPLES or end - ahead < _LEAST_GAP_SAMPLES:
            fresh = ahead >= self._decoded
            block = await self._block(ahead, end)
            if block is None:
                return blocks
            if fresh:
                await self._spool.keep(block)
            blocks.append(block)
            ahead = block.end_sample
        samples = np.concatenate([block.samples for block in blocks])
        cut = _quietest(samples)
        return [
            Audio(samples[place : min(cut, place + BLOCK_SAMPLES)], at + place)
            for place in range(0, cut, BLOCK_SAMPLES)
        ]

    async def _block(self, at: int, end: int) -> Audio | None:
        """Return what follows in a part, from disk or from the decoder; None at its end."""
        if at >= end:
            return None
        if at < self._decoded:
            return await self._spool.read(at, min(at + BLOCK_SAMPLES, end, self._decoded))
        return await self._decode()

    async def _pass_over(self) -> None:
        block = await self._decode()
        if block is not None:
            await self._spool.keep(block)

    async def _decode(self) -> Audio | None:
        block = await anext(self._blocks, None)
        if block is None:
            self._unheard.end_at(self._decoded)
        else:
            self._decoded = block.end_sample
        return block

    def _given(self, block: Audio) -> Audio:
        self._unheard.remove(block.start_sample, block.end_sample)
        return block


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
