"""One run of the pipeline, with the parts that its stages are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from app.domain.audio import Audio
from app.domain.errors import TranscriptionDisabledError
from app.domain.events import Notice
from app.domain.request import JobRequest
from app.gpu.engine_manager import Engines
from app.services.cache.caches import Caches
from app.services.cache.translation_cache import CachedTranslations
from app.services.pipeline.event_emitter import EventEmitter
from app.services.pipeline.finalizers import (
    DiarizedFinalizer,
    ImmediateFinalizer,
    KnownTurns,
    TurnSource,
)
from app.services.playback.order import PlaybackOrder
from app.services.playback.pcm_spool import PcmSpool
from app.services.playback.playback import Playback
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia, OpenedTranscript
from app.services.sources.opener import MediaOpener
from app.services.stages.align import WordAligner
from app.services.stages.diarize import DiarizationFeed
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from app.services.translation.llm.ledger import CallerLedgers, JobLedger
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import TranslationContext, Translator
from app.settings import Settings
from app.system.workdir import WorkDir


@dataclass(frozen=True, slots=True)
class PipelineServices:
    """The services that all runs of the pipeline use.

    Attributes:
        ledgers: costs of language models, by caller.
        engines: None on a server that does not transcribe.
    """

    settings: Settings
    opener: MediaOpener
    caches: Caches
    workdir: WorkDir
    ledgers: CallerLedgers
    engines: Engines | None
    translator: Translator


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """One run.

    Attributes:
        source: opened.
        options: how its windows are transcribed.
        resources: closed at the end of the run, before the source.
    """

    services: PipelineServices
    request: JobRequest
    source: Opened
    playback: Playback
    events: EventEmitter
    options: TranscribeOptions
    resources: AsyncExitStack

    @property
    def engines(self) -> Engines:
        """The engines.

        Raises:
            TranscriptionDisabledError: this server has none.
        """
        if self.services.engines is None:
            raise TranscriptionDisabledError("This server does not transcribe")
        return self.services.engines

    @property
    def untranscribed_ms(self) -> int | None:
        """Detected speech that never became text; None where no recording was transcribed."""
        match self.source:
            case OpenedMedia():
                return self.options.untranscribed.ms
            case OpenedTranscript(transcript=transcript):
                return transcript.untranscribed_ms
            case _:
                return None

    def cached_shares(self, memory: CachedTranslations | None) -> dict[str, float]:
        """Return the share of each stage's work that earlier jobs had done."""
        cached: dict[str, float] = {}
        if isinstance(self.source, OpenedTranscript):
            cached["transcribe"] = 1.0
        elif isinstance(self.source, OpenedMedia):
            cached["transcribe"] = self.options.lookups.hit_ratio
        if memory is not None and memory.hits + memory.misses:
            cached["translate"] = memory.lookups.hit_ratio
        return {stage: round(share, 3) for stage, share in cached.items()}

    def playback_order(self, audio: AsyncIterator[Audio], media: OpenedMedia) -> PlaybackOrder:
        """Return the recording in the order in which its viewer needs it."""
        return PlaybackOrder(audio, self.playback, self.services.workdir, media.resources)

    def window_transcriber(self) -> WindowTranscriber:
        """Return the transcriber of single windows, with an aligner where there is one."""
        engines, clock = self.engines, self.events.clock
        aligner: WordAligner | None = None
        if engines.aligner is not None:
            aligner = WordAligner(
                engines.aligner,
                engines.scheduler,
                self.playback.context,
                clock,
                self.events.notice,
            )
        windows = self.services.caches.windows
        return WindowTranscriber(engines.scheduler, windows, self.options, clock, aligner)

    def diarization_feed(self) -> DiarizationFeed | None:
        """Return the diarization beside the pipeline; None where it is not asked for.

        There is none for captions and transcripts either, since there is no sound.
        """
        if not self.request.diarize or not isinstance(self.source, OpenedMedia):
            return None
        engines = self.engines
        if engines.diarizer is None:
            return None
        spool = PcmSpool(self.services.workdir, self.resources)
        feed = DiarizationFeed(
            engines.diarizer, engines.scheduler, self.playback.context, spool, self.events.clock
        )
        self.resources.push_async_callback(feed.aclose)
        return feed

    def finalizer(
        self,
        diarization: DiarizationFeed | None,
        memory: CachedTranslations | None,
        ledger: JobLedger,
    ) -> ImmediateFinalizer | DiarizedFinalizer:
        """Return the stage that makes cues final."""
        request, job = self.request, None
        if request.target is not None:
            context = TranslationContext(self.source.info, request.glossary, ledger)
            job = TranslationJob(request.target, request.profile, context, memory)
        immediate = ImmediateFinalizer(self.events, self.services.translator, job)
        turns = self._turn_source(diarization)
        if turns is None:
            return immediate
        return DiarizedFinalizer(immediate, turns, request.speakers, request.profile)

    def _turn_source(self, diarization: DiarizationFeed | None) -> TurnSource | None:
        """Return the source of speaker turns; None where there is none, or none is asked for."""
        match self.source:
            case OpenedTranscript(transcript=transcript) if self.request.diarize:
                return KnownTurns(transcript.turns)
            case OpenedCaptions() if self.request.diarize:
                text = "The text comes from captions, which name no speakers"
                self.events.notice(Notice("speakers_unknown", text))
        return diarization
