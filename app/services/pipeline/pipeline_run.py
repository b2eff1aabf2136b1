"""One run of the pipeline, with the parts that its stages are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import TranscriptionDisabledError
from app.domain.events import Notice
from app.domain.language import Language, known_language
from app.domain.request import JobRequest
from app.gpu.loaded_engines import Engines
from app.services.cache.caches import Caches
from app.services.cache.lookups import Lookups
from app.services.cache.transcript_keys import window_key
from app.services.cache.translation_cache import CachedTranslations
from app.services.media.peaks import PeakMeter
from app.services.pipeline.event_emitter import EventEmitter, is_translated
from app.services.pipeline.finalizers import (
    DiarizedFinalizer,
    ImmediateFinalizer,
    KnownTurns,
    LateSpeakersFinalizer,
    TurnSource,
)
from app.services.pipeline.progress import format_duration
from app.services.pipeline.request_options import written_terms
from app.services.playback.order import PlaybackOrder
from app.services.playback.pcm_spool import PcmSpool
from app.services.playback.playback import Playback
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia, OpenedTranscript
from app.services.sources.opener import MediaOpener
from app.services.stages.align import WordAligner
from app.services.stages.diarize import DiarizationFeed
from app.services.stages.speech_translator import SpeechTranslator
from app.services.stages.stage_clock import StageClock
from app.services.stages.transcribe import TranscribesWindows
from app.services.stages.untranscribed_speech import UntranscribedSpeech
from app.services.stages.window_transcriber import TranscribeOptions, WindowTranscriber
from app.services.translation.llm.ledger import CallerLedgers, JobLedger
from app.services.translation.speech_pairs import SpeechPairs
from app.services.translation.text.script_conversion import converter_for
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import TranslationContext, Translator
from app.settings import Settings
from app.system.workdir import WorkDir

_PEAK_MS = 20
"""Time of a peak: a pixel of a waveform that shows half a minute."""
_NOTED_GAP_MS = 5_000
"""Gaps of less in all are not reported: the sound of many videos starts after the picture."""


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

    def speech_pairs(self, request: JobRequest) -> SpeechPairs:
        """Return the languages whose speech the transcriber translates for a request."""
        translates = self.engines is not None and self.engines.translates
        return SpeechPairs.of(self.settings, self.translator, request.target, translates=translates)


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """One run.

    Attributes:
        source: opened.
        options: how its windows are transcribed.
        resources: closed at the end of the run, before the source.
        translated_windows: counts look-ups of translations that the transcriber made.
        peaks: of what was decoded so far.
    """

    services: PipelineServices
    request: JobRequest
    source: Opened
    playback: Playback
    events: EventEmitter
    options: TranscribeOptions
    resources: AsyncExitStack
    translated_windows: Lookups = field(default_factory=Lookups)
    peaks: PeakMeter = field(default_factory=partial(PeakMeter, _PEAK_MS))

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
        """Detected speech that never became text, and sound that could not be decoded.

        None where no recording was transcribed.
        """
        match self.source:
            case OpenedMedia(lost_ms=lost_ms):
                return self.options.untranscribed.ms + lost_ms()
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
        translations = Lookups(self.translated_windows.hits, self.translated_windows.misses)
        if isinstance(self.source, OpenedTranscript) and self.events.translated_languages:
            translations.hits += 1
        if memory is not None:
            translations.hits += memory.hits
            translations.misses += memory.misses
        if translations.hits + translations.misses:
            cached["translate"] = translations.hit_ratio
        return {stage: round(share, 3) for stage, share in cached.items()}

    def playback_order(self, audio: AsyncIterator[Audio], media: OpenedMedia) -> PlaybackOrder:
        """Return the recording in the order in which its viewer needs it."""
        return PlaybackOrder(audio, self.playback, self.services.workdir, media.resources)

    def translators(self, cues: Sequence[Cue]) -> tuple[str, ...]:
        """Return what translated the cues, for people: the translator, the transcriber or both."""
        used: list[str] = []
        services, own = self.services, self.events.translated_languages
        target = self.request.target
        languages = {cue.language for cue in cues if is_translated(cue, target)} - own
        converters = {language: _converter(language, target) for language in languages}
        if not all(converters.values()):
            used.append(f"{services.translator.name} ({services.translator.detail})")
        used += sorted({name for name in converters.values() if name})
        by_transcriber = own or any(segment.spoken for segment in self.events.segments)
        if by_transcriber and services.engines is not None:
            used.append(services.engines.transcriber_name)
        return tuple(used)

    def window_transcriber(self) -> TranscribesWindows:
        """Return the transcriber of single windows, with an aligner where there is one.

        Where the translator has no pair for what is spoken it may translate them too.
        """
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
        spoken = WindowTranscriber(engines.scheduler, windows, self.options, clock, aligner)
        pairs = self.services.speech_pairs(self.request)
        if not pairs.exist:
            return spoken
        return SpeechTranslator(spoken, pairs, self._translating, clock)

    def _translating(self, language: str) -> WindowTranscriber:
        """Return a transcriber that writes a spoken language in English."""
        spoken = Language.parse(language)
        # Likely words in the spoken language would lead the translation back to it.
        prompt = written_terms(self.request)
        options = replace(
            self.options,
            cache_key=window_key(
                self.engines, self.services.settings.vad, spoken, prompt, task="translate"
            ),
            language=spoken,
            prompt=prompt,
            allowed_languages=(),
            task="translate",
            lookups=self.translated_windows,
            untranscribed=UntranscribedSpeech(),
        )
        windows = self.services.caches.windows
        return WindowTranscriber(self.engines.scheduler, windows, options, StageClock())

    def report_sound(self) -> None:
        """Emit notices of sound that is not there, or was not heard."""
        if not isinstance(self.source, OpenedMedia):
            return
        for notice in self.source.notices():
            self.events.notice(notice)
        gap_ms = self.source.gap_ms() - self.source.lost_ms()
        if gap_ms >= _NOTED_GAP_MS:
            text = f"The recording has no sound at all for {format_duration(gap_ms)} (m:ss) of it"
            self.events.notice(Notice("gaps_skipped", text))

    async def store_peaks(self) -> None:
        """Cache the waveform of a recording that was decoded to its end."""
        if isinstance(self.source, OpenedMedia) and not self.options.context.cancelled.is_set():
            request, peaks = self.request, self.services.caches.peaks
            await peaks.put(
                request.source.identity, request.audio_track, request.spoken, self.peaks.peaks()
            )

    def diarization_feed(self) -> DiarizationFeed | None:
        """Return the diarization beside the pipeline; None where it is not asked for.

        There is none for captions and transcripts either, since there is no sound.
        """
        if not self.request.diarize or not isinstance(self.source, OpenedMedia):
            return None
        if self.request.turns is not None:
            return None
        engines = self.engines
        if engines.diarizer is None:
            return None
        spool = PcmSpool(self.services.workdir, self.resources)
        feed = DiarizationFeed(
            engines.diarizer,
            engines.scheduler,
            self.playback.context,
            spool,
            self.events.clock,
            self.request.speakers,
            self.events.diarized,
        )
        self.resources.push_async_callback(feed.aclose)
        return feed

    def finalizer(
        self,
        diarization: DiarizationFeed | None,
        memory: CachedTranslations | None,
        ledger: JobLedger,
    ) -> ImmediateFinalizer | DiarizedFinalizer | LateSpeakersFinalizer:
        """Return the stage that makes cues final."""
        request, job = self.request, None
        if request.target is not None:
            context = TranslationContext(self.source.info, request.glossary, ledger)
            profile = request.profile.in_language(request.target.tag)
            job = TranslationJob(request.target, profile, context, memory)
        immediate = ImmediateFinalizer(self.events, self.services.translator, job)
        turns = self._turn_source(diarization)
        if turns is None:
            return immediate
        if request.late_speakers:
            return LateSpeakersFinalizer(immediate, turns, request.speakers)
        return DiarizedFinalizer(immediate, turns, request.speakers, request.profile)

    def _turn_source(self, diarization: DiarizationFeed | None) -> TurnSource | None:
        """Return the source of speaker turns; None where there is none, or none is asked for."""
        known = self.request.turns
        if (
            self.request.diarize
            and known is not None
            and not isinstance(self.source, OpenedCaptions)
        ):
            return KnownTurns(known)
        match self.source:
            case OpenedTranscript(transcript=transcript) if self.request.diarize:
                return KnownTurns(transcript.turns)
            case OpenedCaptions() if self.request.diarize and not self.request.late_speakers:
                text = "The text comes from captions, which name no speakers"
                self.events.notice(Notice("speakers_unknown", text))
        return diarization


def _converter(language: str, target: Language | None) -> str | None:
    """Return what converts a language as it is written into the target; None where nothing does."""
    converter = None if target is None else converter_for(known_language(language), target)
    return None if converter is None else converter.name
