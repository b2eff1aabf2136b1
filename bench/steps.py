"""The stages of one job, each run to its end before the next begins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE
from app.domain.request import SpeakerCount
from app.domain.transcript import Segment, SpeakerTurn
from app.gpu.loaded_engines import Engines
from app.gpu.protocols import DiarizationState, Diarizer
from app.gpu.work_context import WorkContext
from app.services.cache.caches import no_caches
from app.services.stages.align import WordAligner
from app.services.stages.assign_speakers import assign_speakers
from app.services.stages.cues import build_cues
from app.services.stages.stage_clock import StageClock
from app.services.stages.vad import SpeechWindow, cut_windows
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from app.settings import Settings
from app.system.async_iterators import tap
from bench.figure import BenchError
from bench.whisper import opened

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Steps:
    """One job, with the same engines and scheduler as in the pipeline.

    Attributes:
        ours: with an aligner and a diarizer.
        language: that is spoken.
    """

    ours: Engines
    settings: Settings
    language: Language | None

    async def run(self, media: Path) -> list[Cue]:
        """Return the cues of a file.

        Raises:
            BenchError: it is empty, or an engine is missing.
        """
        context = WorkContext("steps")
        windows, samples = await self._cut(media)
        transcripts = await self._transcribed(windows, context)
        aligned = await self._aligned(windows, transcripts, context)
        turns = await self._turns(samples, context)
        named = assign_speakers([segment for each in aligned for segment in each], turns)
        return [cue async for cue in build_cues(_each(named), DEFAULT_PROFILE)]

    async def _cut(self, media: Path) -> tuple[list[SpeechWindow], Audio]:
        blocks_read: list[Audio] = []
        async with opened(media) as found:
            blocks = tap(found.blocks, blocks_read.append)
            cut = cut_windows(blocks, self.ours.vad, self.settings.vad, StageClock())
            windows = [window async for window in cut]
        if not windows:
            raise BenchError("no speech was found")
        return windows, Audio(np.concatenate([block.samples for block in blocks_read]))

    async def _transcribed(
        self, windows: Sequence[SpeechWindow], context: WorkContext
    ) -> list[list[Segment]]:
        options = TranscribeOptions("", context, self.language)
        cache = no_caches(self.settings).windows
        transcriber = WindowTranscriber(self.ours.scheduler, cache, options, StageClock())
        return await _gathered(transcriber.transcribe(window) for window in windows)

    async def _aligned(
        self,
        windows: Sequence[SpeechWindow],
        transcripts: Sequence[list[Segment]],
        context: WorkContext,
    ) -> list[list[Segment]]:
        if self.ours.aligner is None:
            raise BenchError("there is no aligner")
        aligner = WordAligner(
            self.ours.aligner, self.ours.scheduler, context, StageClock(), lambda _: None
        )
        pairs = zip(windows, transcripts, strict=True)
        done = await _gathered(
            aligner.align(window.audio, segments, window.index) for window, segments in pairs
        )
        return [segments for segments, _ in done]

    async def _turns(self, recording: Audio, context: WorkContext) -> Sequence[SpeakerTurn]:
        if self.ours.diarizer is None:
            raise BenchError("there is no diarizer")
        voices = await self._diarized(self.ours.diarizer, recording, context)
        return await self.ours.scheduler.turns(voices, SpeakerCount(), context)

    async def _diarized(
        self, diarizer: Diarizer, recording: Audio, context: WorkContext
    ) -> DiarizationState:
        voices: DiarizationState | None = None
        samples, size = recording.samples, diarizer.slice_samples
        for at in range(0, len(samples), size):
            piece = Audio(samples[at : at + size], at)
            last = at + size >= len(samples)
            voices = await self.ours.scheduler.diarize(piece, voices, context, last=last)
        if voices is None:
            raise BenchError("the recording is empty")
        return voices


async def _gathered(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(one) for one in work]
    return [task.result() for task in asked]


async def _each(segments: Sequence[Segment]) -> AsyncIterator[Segment]:
    for segment in segments:
        yield segment
