"""Forced alignment of a job's segments, where there is a model for their language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import groupby

from app.domain.audio import Audio
from app.domain.errors import CuestreamError, JobCancelledError
from app.domain.events import Notice
from app.domain.language import known_language
from app.domain.transcript import Segment
from app.gpu.protocols import Aligner, AlignmentInput
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.stages.stage_clock import StageClock


class WordAligner:
    """Aligns the words of one job.

    A language without a model, and a model that fails, cost a job its exact times and nothing
    else: the transcriber's own stay, and the result says so.

    Args:
        aligner: knows which languages it serves.
        scheduler: queue ahead of the device.
        context: scheduling state of the job.
        clock: counts the time spent under ``align``.
        notice: takes a notice for each language that could not be aligned.
    """

    def __init__(
        self,
        aligner: Aligner,
        scheduler: Scheduler,
        context: WorkContext,
        clock: StageClock,
        notice: Callable[[Notice], None],
    ) -> None:
        self._aligner = aligner
        self._scheduler = scheduler
        self._context = context
        self._clock = clock
        self._notice = notice
        self._served: dict[str, asyncio.Task[bool]] = {}
        self.cache_key = aligner.cache_key

    async def align(
        self, audio: Audio, segments: Sequence[Segment], index: int
    ) -> tuple[list[Segment], bool]:
        """Return the segments of one window with better word times.

        The words of a translation stay as they are: they are not in the sound.

        Args:
            audio: the window.
            segments: transcribed in it, in order.
            index: place of the window in its job.

        Returns:
            As many segments, and whether every one of them was aligned.

        Raises:
            JobCancelledError: the job was cancelled.
        """
        aligned: list[Segment] = []
        complete = True
        for (language, spoken), group in groupby(segments, key=lambda it: (it.language, it.spoken)):
            passage = AlignmentInput(audio, tuple(group))
            if spoken is not None:
                aligned += passage.segments
                continue
            better = await self._aligned(passage, language, index)
            complete &= better is not None
            aligned += passage.segments if better is None else better
        return aligned, complete

    async def _aligned(
        self, passage: AlignmentInput, language: str, index: int
    ) -> tuple[Segment, ...] | None:
        if not await self._serves(language):
            reason = await asyncio.to_thread(self._aligner.unavailable_reason, language)
            text = f"The words of {_name(language)} keep the transcriber's own times: {reason}"
            self._notice(Notice("alignment_skipped", text))
            return None
        try:
            with self._clock.measure("align"):
                return await self._scheduler.align(passage, self._context, index)
        except JobCancelledError:
            raise
        except CuestreamError as error:
            text = f"Some words could not be aligned: {error.message}"
            self._notice(Notice("alignment_failed", text))
            return None

    async def _serves(self, language: str) -> bool:
        """Check each language once; its model may have to be loaded for that."""
        if language not in self._served:
            supported = asyncio.to_thread(self._aligner.supports, language)
            self._served[language] = asyncio.create_task(supported, name=f"aligner-{language}")
        return await asyncio.shield(self._served[language])


def _name(tag: str) -> str:
    language = known_language(tag)
    return language.english_name if language is not None else "an unknown language"
