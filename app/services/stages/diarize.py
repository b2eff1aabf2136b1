"""Diarization of a recording, beside the pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from app.domain.audio import Audio
from app.domain.errors import StorageError
from app.domain.request import SpeakerCount
from app.domain.time import samples_to_ms
from app.domain.transcript import SpeakerTurn
from app.gpu.protocols import DiarizationState, Diarizer
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.playback.pcm_spool import PcmSpool
from app.services.stages.stage_clock import StageClock
from app.system.async_iterators import close_stage


class DiarizationFeed:
    """Diarizes a whole recording in slices, as the device has time for them.

    The samples are spooled to disk as they pass, since transcription may be far ahead.

    Args:
        diarizer: gives the length of a slice.
        scheduler: queue ahead of the device.
        context: scheduling state of the job.
        spool: stores the samples.
        clock: counts the time spent under ``diarize``.
        reached: called after each slice with its end in the recording and with the time that the
            device has worked so far, both in ms.
    """

    def __init__(
        self,
        diarizer: Diarizer,
        scheduler: Scheduler,
        context: WorkContext,
        spool: PcmSpool,
        clock: StageClock,
        reached: Callable[[int, float], None],
    ) -> None:
        self._reached = reached
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

    def start(self) -> None:
        """Start the diarization, once the first words are transcribed."""
        if self._task is None:
            self._task = asyncio.create_task(self._process(), name="diarization")

    async def turns(self, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Return the speaker turns, once the whole recording has passed.

        Raises:
            CuestreamError: the models or the disk failed, or the job was cancelled.
        """
        self.start()
        assert self._task is not None  # noqa: S101 - started above
        state = await self._task
        if state is None:
            return ()
        with self._clock.measure("diarize"):
            return await self._scheduler.turns(state, speakers, self._context)

    async def aclose(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

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
            self._reached(samples_to_ms(done), self._context.diarizing_s * 1000)
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
