"""Listening for speakers beside the line, while the recording still arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from app.domain.audio import Audio
from app.domain.errors import StorageError
from app.domain.request import SpeakerCount
from app.domain.transcript import SpeakerTurn
from app.gpu.protocols import DiarizationState, Diarizer
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.playback.pcm_spool import PcmSpool
from app.services.stages.stage_clock import StageClock
from app.system.async_iterators import close_stage


class DiarizationFeed:
    """Listens to a whole recording in slices, as soon as the device has time for them.

    The recording is kept on disk as it passes, since the line may be far ahead of this.

    Args:
        diarizer: says how long a slice is.
        scheduler: the queue ahead of the device.
        context: whose work it is.
        spool: keeps the recording.
        clock: counts the time spent under ``diarize``.
    """

    def __init__(
        self,
        diarizer: Diarizer,
        scheduler: Scheduler,
        context: WorkContext,
        spool: PcmSpool,
        clock: StageClock,
    ) -> None:
        self._slice_samples = diarizer.slice_samples
        self._scheduler = scheduler
        self._context = context
        self._spool = spool
        self._kept_samples = 0
        self._clock = clock
        self._changed = asyncio.Condition()
        self._ended = False
        self._failure: StorageError | None = None
        self._task: asyncio.Task[DiarizationState | None] | None = None

    async def kept(self, blocks: AsyncIterator[Audio]) -> AsyncGenerator[Audio, None]:
        """Pass a recording on and keep it; a disk that is full costs the speakers alone."""
        try:
            async for block in blocks:
                if self._failure is None:
                    await self._keep(block)
                yield block
        finally:
            await close_stage(blocks)
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    def begin(self) -> None:
        """Listen from now on: the first words have their place, the device may do more."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name="speakers")

    async def turns(self, speakers: SpeakerCount) -> Sequence[SpeakerTurn]:
        """Return who spoke when; to be asked once the recording has passed.

        Raises:
            CuestreamError: the models or the disk failed, or nobody wants the job any more.
        """
        self.begin()
        assert self._task is not None  # noqa: S101 - begun above
        voices = await self._task
        if voices is None:
            return ()
        with self._clock.measure("diarize"):
            return await self._scheduler.turns(voices, speakers, self._context)

    async def aclose(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self, block: Audio) -> None:
        try:
            await self._spool.write(block)
            self._kept_samples = block.end_sample
        except StorageError as error:
            self._failure = error
        async with self._changed:
            self._changed.notify_all()

    async def _listen(self) -> DiarizationState | None:
        """Return what was heard of the speakers; None where there is no sound at all."""
        voices: DiarizationState | None = None
        heard = 0
        while await self._more(heard):
            if self._failure is not None:
                raise self._failure
            end = min(heard + self._slice_samples, self._kept_samples)
            audio = await self._spool.read(heard, end)
            heard = end
            last = self._ended and heard == self._kept_samples
            with self._clock.measure("diarize"):
                voices = await self._scheduler.listen(audio, voices, self._context, last=last)
        return voices

    async def _more(self, heard: int) -> bool:
        """Wait for more than a slice, or for the end; whether anything is left to listen to.

        More than a slice, since the last one has to be known as such.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._ended or self._kept_samples - heard > self._slice_samples
            )
        return self._failure is not None or heard < self._kept_samples
