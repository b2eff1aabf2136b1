"""The one pipeline: every route, worker and page reads the events that it emits."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import NoSpeechError
from app.domain.events import CuesReady, Event, Result, SegmentHeard
from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.request import JobRequest
from app.domain.transcript import Segment
from app.gpu.engine_room import Engines
from app.services.clock import StageClock
from app.services.joints import close_stage
from app.services.progress import ProgressTracker
from app.services.sources.opened import OpenedMedia
from app.services.sources.rewind import LEAST_POSITION_MS, Rewind
from app.services.stages.cues import build_cues
from app.services.stages.speech import cut_parts
from app.services.stages.transcribe import Hearing, transcribe
from app.services.stages.translate import translate_cues
from app.services.store.fingerprints import window_hearing
from app.services.transcripts import TranscriptCache
from app.services.translation.job import TranslationJob
from app.services.translation.protocol import Brief, Translator
from app.services.workdir import WorkDir
from app.settings import Settings

T = TypeVar("T")
Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Line:
    """What every run of the line shares."""

    engines: Engines
    translator: Translator
    cache: TranscriptCache
    settings: Settings
    workdir: WorkDir

    async def run(
        self, request: JobRequest, media: OpenedMedia, emit: Emit, cancelled: threading.Event
    ) -> Result:
        """Turn open media into cues, telling each step as it happens.

        Raises:
            NoSpeechError: nobody speaks.
            CuestreamError: whatever stage failed.
        """
        clock = StageClock()
        run = _Run(request, emit, clock)
        hearing = Hearing(
            window_hearing(self.settings, self.engines, request.spoken, request.prompt),
            language=request.spoken,
            prompt=request.prompt,
            fresh=request.fresh,
            cancelled=cancelled,
        )
        emit(run.progress.opened(media.duration_ms))

        parts = self._parts(request, media, run)
        windows = cut_parts(parts, self.engines.vad, self.settings.vad, clock)
        segments = transcribe(windows, self.engines.batcher, self.cache, hearing, clock)
        cues = build_cues(tap(segments, run.heard, run.all_heard), request.profile)
        if request.target is not None:
            drafts = tap(cues, run.drafted)
            brief = Brief(MediaInfo(), request.glossary)
            job = TranslationJob(request.target, request.profile, brief)
            cues = translate_cues(drafts, self.translator, job, clock)
        final = tap(cues, run.finished)
        try:
            made = [cue async for cue in final]
        finally:
            await close_stage(final)
        return run.result(made)

    def _parts(
        self, request: JobRequest, media: OpenedMedia, run: _Run
    ) -> list[AsyncIterator[Audio]]:
        """Return the recording as one part, or as two with the one that is watched first."""
        whole = tap(media.blocks, run.decoded)
        if request.position_ms < LEAST_POSITION_MS:
            return [whole]
        rewind = Rewind(whole, request.position_ms, self.workdir, media.resources)
        return [rewind.watched(), rewind.earlier()]


async def tap(
    source: AsyncIterator[T], see: Callable[[T], None], end: Callable[[], None] | None = None
) -> AsyncIterator[T]:
    """Pass everything on and show it to a function on its way."""
    try:
        async for item in source:
            see(item)
            yield item
        if end is not None:
            end()
    finally:
        await close_stage(source)


class _Run:
    """One run of the line: turns what passes into events."""

    def __init__(self, request: JobRequest, emit: Emit, clock: StageClock) -> None:
        self.progress = ProgressTracker(
            translating=request.target is not None,
            start_ms=request.position_ms if request.position_ms >= LEAST_POSITION_MS else 0,
        )
        self._target = request.target
        self._emit = emit
        self._clock = clock
        self._audio_ms = 0
        self._language = request.spoken.tag if request.spoken else "und"

    def decoded(self, audio: Audio) -> None:
        self._audio_ms = audio.span.end_ms

    def heard(self, segment: Segment) -> None:
        self._language = segment.language
        self._emit(SegmentHeard(segment))
        self._tell(self.progress.heard(segment.span.end_ms, self._clock.elapsed_ms))

    def all_heard(self) -> None:
        self._tell(self.progress.all_heard())

    def drafted(self, cue: Cue) -> None:
        self._emit(CuesReady((cue,), final=False))

    def finished(self, cue: Cue) -> None:
        self._emit(CuesReady((cue,), final=True))
        self._tell(self.progress.finished(cue.span.end_ms, self._clock.elapsed_ms))

    def result(self, cues: list[Cue]) -> Result:
        if not cues:
            raise NoSpeechError("No speech was found")
        self._emit(self.progress.finalizing())
        return Result(
            cues=tuple(sorted(cues, key=lambda cue: cue.span.start_ms)),
            translated=any(_is_translated(cue, self._target) for cue in cues),
            language=self._language,
            audio_ms=self._audio_ms,
            elapsed_ms=self._clock.elapsed_ms,
            stage_ms=self._clock.stage_ms,
        )

    def _tell(self, progress: Event | None) -> None:
        if progress is not None:
            self._emit(progress)


def _is_translated(cue: Cue, target: Language | None) -> bool:
    if target is None or cue.translation is None:
        return False
    return cue.language == "und" or not Language.parse(cue.language).same_language(target)
