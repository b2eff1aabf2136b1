"""Diarization of a recording, beside the pipeline."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from app.domain.audio import Audio
from app.domain.errors import StorageError
from app.domain.request import SpeakerCount
from app.domain.transcript import SpeakerTurn
from app.gpu.protocols import ELSEWHERE, DiarizationState, Diarizer
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.playback.pcm_spool import PcmSpool
from app.services.stages.stage_clock import StageClock
from app.system.async_iterators import close_stage

_BLOCKS_WITHOUT_DISK = 8
"""Blocks that are read ahead where they cannot be spooled; each is half a second."""


@dataclass(frozen=True, slots=True)
class _SpooledBlock:
    """A block whose samples are in the spool."""

    start_sample: int
    end_sample: int
    gap: bool

    @classmethod
    def of(cls, block: Audio) -> _SpooledBlock:
        return cls(block.start_sample, block.end_sample, block.gap)


class DiarizationFeed:
    """Diarizes a whole recording in slices, as the device has time for them.

    The samples are spooled to disk as they pass, since transcription may be far ahead. A diarizer
    elsewhere takes no time from the transcriber, and waits for the whole recording and then perhaps
    for a worker to start: so the recording is read ahead of the transcription, and the speakers are
    told apart beside it.

    Args:
        diarizer: gives the length of a slice.
        scheduler: queue ahead of the device.
        context: scheduling state of the job.
        spool: stores the samples.
        clock: counts the time spent under ``diarize``.
        speakers: how many there are, as far as is known.

    Attributes:
        beside: whether it works beside the transcription from the beginning.
    """

    def __init__(
        self,
        diarizer: Diarizer,
        scheduler: Scheduler,
        context: WorkContext,
        spool: PcmSpool,
        clock: StageClock,
        speakers: SpeakerCount | None = None,
    ) -> None:
        self.beside = diarizer.device == ELSEWHERE
        self._speakers = speakers or SpeakerCount()
        self._early: asyncio.Task[Sequence[SpeakerTurn]] | None = None
        self._slice_samples = diarizer.slice_samples
        self._scheduler = scheduler
        self._context = context
        self._spool = spool
        self._spooled_samples = 0
        self._clock = clock
        self._changed = asyncio.Condition()
        self._ended = False
        self._failure: StorageError | None = None
        self._task: asyncio.Task[DiarizationState | None] | None = None

    async def record(self, blocks: AsyncIterator[Audio]) -> AsyncGenerator[Audio, None]:
        """Pass audio on and spool it; a full disk costs the result its speakers alone."""
        try:
            async for block in blocks:
                if self._failure is None:
                    await self._spool_block(block)
                yield block
        finally:
            await close_stage(blocks)
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def record_ahead(self, blocks: AsyncIterator[Audio]) -> AsyncGenerator[Audio, None]:
        """Pass audio on as it is asked for, while the recording is read to its end beside that.

        Where it cannot be spooled it is read as it is asked for.
        """
        waiting: deque[Audio | _SpooledBlock] = deque()
        arrived = asyncio.Event()
        taken = asyncio.Event()
        reading = asyncio.create_task(self._read(blocks, waiting, arrived, taken))
        reading.add_done_callback(lambda _: arrived.set())
        try:
            while waiting or not reading.done():
                if not waiting:
                    arrived.clear()
                    if not reading.done():
                        await arrived.wait()
                    continue
                block = waiting.popleft()
                taken.set()
                yield await self._whole(block)
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def start(self) -> None:
        """Start the diarization: at once beside the transcription, else after the first words."""
        if self._task is None:
            self._task = asyncio.create_task(self._process(), name="diarization")
            if self.beside:
                self._early = asyncio.create_task(self._clustered(), name="turns")

    async def turns(self, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Return the speaker turns, once the whole recording has passed.

        Raises:
            CuestreamError: the models or the disk failed, or the job was cancelled.
        """
        self.start()
        if self._early is not None:
            return await self._early
        self._speakers = speakers
        return await self._clustered()

    async def _clustered(self) -> Sequence[SpeakerTurn]:
        assert self._task is not None  # noqa: S101 - started before
        state = await self._task
        if state is None:
            return ()
        with self._clock.measure("diarize"):
            return await self._scheduler.turns(state, self._speakers, self._context)

    async def aclose(self) -> None:
        """Stop."""
        tasks = [task for task in (self._early, self._task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(
        self,
        blocks: AsyncIterator[Audio],
        waiting: deque[Audio | _SpooledBlock],
        arrived: asyncio.Event,
        taken: asyncio.Event,
    ) -> None:
        """Read a recording to its end, spooling it; what is spooled waits without its samples."""
        async with aclosing(self.record(blocks)) as recorded:
            async for block in recorded:
                spooled = self._failure is None
                waiting.append(_SpooledBlock.of(block) if spooled else block)
                arrived.set()
                while not spooled and len(waiting) >= _BLOCKS_WITHOUT_DISK:
                    taken.clear()
                    await taken.wait()

    async def _whole(self, block: Audio | _SpooledBlock) -> Audio:
        if isinstance(block, Audio):
            return block
        audio = await self._spool.read(block.start_sample, block.end_sample)
        return replace(audio, gap=block.gap)

    async def _spool_block(self, block: Audio) -> None:
        try:
            await self._spool.write(block)
            self._spooled_samples = block.end_sample
        except StorageError as error:
            self._failure = error
        async with self._changed:
            self._changed.notify_all()

    async def _process(self) -> DiarizationState | None:
        """Return the state after the last slice; None where there is no audio at all."""
        state: DiarizationState | None = None
        done = 0
        while await self._has_more(done):
            if self._failure is not None:
                raise self._failure
            end = min(done + self._slice_samples, self._spooled_samples)
            audio = await self._spool.read(done, end)
            done = end
            last = self._ended and done == self._spooled_samples
            with self._clock.measure("diarize"):
                state = await self._scheduler.diarize(audio, state, self._context, last=last)
        return state

    async def _has_more(self, done: int) -> bool:
        """Wait for more than a slice, or for the end; return whether samples are left.

        More than a slice, since the last one has to be known as such.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._ended or self._spooled_samples - done > self._slice_samples
            )
        return self._failure is not None or done < self._spooled_samples
