"""The one pipeline: every route, worker and page reads the events that it emits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import TranscriptionDisabledError
from app.domain.events import Notice, Result
from app.domain.request import JobRequest
from app.domain.transcript import Segment
from app.gpu.engine_manager import Engines
from app.services.cache.caches import Caches
from app.services.cache.translation_cache import CachedTranslations
from app.services.pipeline.event_emitter import Emit, EventEmitter
from app.services.pipeline.finalizers import (
    DiarizedFinalizer,
    ImmediateFinalizer,
    KnownTurns,
    TurnSource,
)
from app.services.pipeline.reuse import ReusePolicy, cached_shares, untranscribed_ms
from app.services.playback.order import PlaybackOrder
from app.services.playback.pcm_spool import PcmSpool
from app.services.playback.playback import Playback
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia, OpenedTranscript
from app.services.sources.source_cache import CachedInputs
from app.services.stages.align import WordAligner
from app.services.stages.caption_cues import caption_cues
from app.services.stages.cues import build_cues
from app.services.stages.diarize import DiarizationFeed
from app.services.stages.known_results import known_cues, known_segments
from app.services.stages.transcribe import transcribe
from app.services.stages.vad import cut_parts
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from app.services.translation.llm.ledger import JobLedger
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import TranslationContext, Translator
from app.settings import Settings
from app.system.async_iterators import tap
from app.system.workdir import WorkDir


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What every run of the line shares.

    Attributes:
        engines: None on a server that does not transcribe.
    """

    engines: Engines | None
    translator: Translator
    caches: Caches
    settings: Settings
    workdir: WorkDir

    async def run(
        self, request: JobRequest, opened: Opened, emit: Emit, playback: Playback, ledger: JobLedger
    ) -> Result:
        """Turn what was opened into cues, telling each step as it happens.

        Raises:
            NoSpeechError: nobody speaks.
            CuestreamError: whatever stage failed.
        """
        log = EventEmitter(request, opened, emit, playback.shown)
        recall = self._recall(request)
        hearing = recall.hearing(opened.info, playback.context)
        memory = await recall.memory(request.target) if request.target else None
        async with AsyncExitStack() as stack:
            run = PipelineRun(self, request, opened, playback, log, hearing)
            ear = run.speaker_ear(stack)
            made = await run.end(ear, memory, ledger).finish(run.cues(ear))
        if not playback.context.cancelled.is_set():
            await recall.keep(opened, log, hearing)
        return log.result(
            made,
            cached_shares(opened, hearing, memory),
            ledger.usage() if ledger.usage().requests else None,
            untranscribed_ms(opened, hearing),
        )

    def reuse(self, request: JobRequest) -> CachedInputs:
        """Return what a request may take from earlier jobs."""
        return self._recall(request).reuse

    def _recall(self, request: JobRequest) -> ReusePolicy:
        return ReusePolicy(request, self.engines, self.translator, self.caches, self.settings)


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """One run: its stages, composed."""

    line: Pipeline
    request: JobRequest
    opened: Opened
    playback: Playback
    log: EventEmitter
    hearing: TranscribeOptions

    def cues(self, ear: DiarizationFeed | None) -> AsyncIterator[Cue]:
        """Return the cues of what was opened, before any translation."""
        match self.opened:
            case OpenedCaptions(captions=captions):
                return known_cues(caption_cues(captions, self.request.profile), self.playback)
            case OpenedTranscript(transcript=transcript):
                segments = known_segments(transcript.segments, self.playback)
            case OpenedMedia():
                segments = self._segments(self.opened, ear)
        heard = tap(segments, self.log.heard, self.log.all_heard)
        return build_cues(heard, self.request.profile, self.playback.ranges)

    def _segments(self, media: OpenedMedia, ear: DiarizationFeed | None) -> AsyncIterator[Segment]:
        engines = self._engines
        parts = self._parts(media, ear)
        windows = cut_parts(parts, engines.vad, self.line.settings.vad, self.log.clock)
        segments = transcribe(windows, self._window_ear(engines), self.playback)
        return segments if ear is None else tap(segments, lambda _: ear.begin())

    def _parts(
        self, media: OpenedMedia, ear: DiarizationFeed | None
    ) -> AsyncIterator[AsyncIterator[Audio]]:
        """Return the recording in the order in which its viewer needs it."""
        whole = tap(media.blocks, self.log.decoded)
        if ear is not None:
            whole = ear.kept(whole)
        return PlaybackOrder(whole, self.playback, self.line.workdir, media.resources).parts()

    def _window_ear(self, engines: Engines) -> WindowTranscriber:
        context, log = self.playback.context, self.log
        aligner: WordAligner | None = None
        if engines.aligner is not None:
            aligner = WordAligner(
                engines.aligner, engines.scheduler, context, log.clock, log.notice
            )
        windows = self.line.caches.windows
        return WindowTranscriber(engines.scheduler, windows, self.hearing, log.clock, aligner)

    def speaker_ear(self, stack: AsyncExitStack) -> DiarizationFeed | None:
        """Return what listens for speakers; None where nobody asks or there is no sound.

        Args:
            stack: stops it and removes what it kept.
        """
        if not self.request.diarize or not isinstance(self.opened, OpenedMedia):
            return None
        engines = self._engines
        if engines.diarizer is None:
            return None
        spool = PcmSpool(self.line.workdir, stack)
        ear = DiarizationFeed(
            engines.diarizer, engines.scheduler, self.playback.context, spool, self.log.clock
        )
        stack.push_async_callback(ear.aclose)
        return ear

    def end(
        self, ear: DiarizationFeed | None, memory: CachedTranslations | None, ledger: JobLedger
    ) -> ImmediateFinalizer | DiarizedFinalizer:
        """Return what makes the cues final."""
        request, job = self.request, None
        if request.target is not None:
            context = TranslationContext(self.opened.info, request.glossary, ledger)
            job = TranslationJob(request.target, request.profile, context, memory)
        straight = ImmediateFinalizer(self.log, self.line.translator, job)
        floor = self._floor(ear)
        if floor is None:
            return straight
        return DiarizedFinalizer(straight, floor, request.speakers, request.profile)

    def _floor(self, ear: DiarizationFeed | None) -> TurnSource | None:
        """Return who knows the speakers; None where nobody does, or nobody asks."""
        match self.opened:
            case OpenedTranscript(transcript=transcript) if self.request.diarize:
                return KnownTurns(transcript.turns)
            case OpenedCaptions() if self.request.diarize:
                text = "The text comes from captions, which name no speakers"
                self.log.notice(Notice("speakers_unknown", text))
        return ear

    @property
    def _engines(self) -> Engines:
        if self.line.engines is None:
            raise TranscriptionDisabledError("This server does not transcribe")
        return self.line.engines
