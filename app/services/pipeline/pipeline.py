"""The pipeline: from a request's source to final cues."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace

from app.domain.cue import Cue
from app.domain.events import MediaOpened, Result
from app.domain.request import JobRequest
from app.domain.transcript import Segment
from app.services.media.track_choice import TrackWish
from app.services.pipeline.event_emitter import Emit, EventEmitter
from app.services.pipeline.pipeline_run import PipelineRun, PipelineServices
from app.services.pipeline.request_options import (
    caption_preference,
    check_language_pair,
    without_unwanted,
)
from app.services.pipeline.result_quality import with_quality
from app.services.pipeline.reuse import ReusePolicy
from app.services.playback.playback import Playback
from app.services.sources.opened import (
    Opened,
    OpenedCaptions,
    OpenedMedia,
    OpenedTranscript,
)
from app.services.stages.caption_cues import caption_cues
from app.services.stages.cues import build_cues
from app.services.stages.diarize import DiarizationFeed
from app.services.stages.known_results import known_cues, known_segments
from app.services.stages.transcribe import transcribe
from app.services.stages.vad import speech_windows
from app.system.async_iterators import tap


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The one pipeline: every door reads the events that it emits."""

    services: PipelineServices

    async def run(self, request: JobRequest, playback: Playback, emit: Emit) -> Result:
        """Make the cues of one request.

        Args:
            request: source and options.
            playback: position of the viewer, which decides what is worked on first.
            emit: takes every event except the last.

        Raises:
            NoSpeechError: the recording holds no speech.
            InvalidLanguageError: the engines do not serve a language.
            CuestreamError: the source cannot be opened, or a stage failed.
        """
        settings = self.services.settings
        reuse = ReusePolicy(request, self.services)
        # Source: a recording, captions that exist already, or the transcript of an earlier job.
        preference = caption_preference(request, transcribes=settings.asr.enabled)
        wish = TrackWish(request.audio_track, request.spoken, request.wants_shot_changes)
        source = await self.services.opener.open(request.source, preference, reuse, wish=wish)
        source = await without_unwanted(request, source)
        async with aclosing(source), AsyncExitStack() as resources:
            self._require_spoken(request, source)
            pairs = self.services.speech_pairs(request)
            check_language_pair(request, source, self.services.translator, pairs)
            emit(MediaOpened(source.duration_ms))
            events = EventEmitter(request, source, emit, playback.shown)
            ledger = self.services.ledgers.open(request.caller)
            options = reuse.transcribe_options(source.info, playback.context, ledger)
            run = PipelineRun(self.services, request, source, playback, events, options, resources)
            diarization = run.diarization_feed()
            cues = self._cues(run, diarization)
            # Speakers and translation: cues are final at once, or revised once speakers are known.
            memory = await reuse.translation_memory()
            final = await run.finalizer(diarization, memory, ledger).finish(cues)
            run.report_sound()
            await reuse.store(source, events, options)
            await run.store_peaks()
            result = await events.result(
                final,
                run.cached_shares(memory),
                ledger.usage(),
                run.untranscribed_ms,
                run.translators(final),
            )
            measured = await with_quality(result, request, events.notice)
            return replace(measured, elapsed_ms=events.clock.elapsed_ms)

    def _require_spoken(self, request: JobRequest, source: Opened) -> None:
        """Check that the transcriber hears the spoken language, where something is transcribed.

        Raises:
            InvalidLanguageError: it does not.
        """
        if isinstance(source, OpenedMedia) and self.services.engines is not None:
            self.services.engines.require_language(request.spoken)

    def _cues(self, run: PipelineRun, diarization: DiarizationFeed | None) -> AsyncIterator[Cue]:
        """Return the cues of the source, before speakers and translation."""
        match run.source:
            case OpenedCaptions(captions=captions):
                cues = caption_cues(captions, run.request.profile)
                return known_cues(cues, run.playback, run.events.expect_cues)
            case OpenedTranscript(transcript=transcript):
                segments = known_segments(transcript.segments, run.playback)
            case OpenedMedia():
                segments = self._segments(run, run.source, diarization)
        segments = tap(segments, run.events.transcribed, run.events.transcription_ended)
        return build_cues(segments, run.request.profile, run.playback.ranges, run.events.video)

    def _segments(
        self, run: PipelineRun, media: OpenedMedia, diarization: DiarizationFeed | None
    ) -> AsyncIterator[Segment]:
        """Return the segments of a recording, with aligned words."""
        audio = tap(media.blocks, run.events.decoded, run.events.decoding_ended)
        audio = tap(audio, run.peaks.add)
        if diarization is not None and diarization.beside:
            diarization.start()
            audio = diarization.record_ahead(audio)
        elif diarization is not None:
            audio = diarization.record(audio)
        parts = run.playback_order(audio, media).parts()
        windows = speech_windows(
            parts, run.engines.vad, self.services.settings.vad, run.events.clock
        )
        segments = transcribe(windows, run.window_transcriber(), run.playback)
        if diarization is not None and not diarization.beside:
            # The device first serves the viewer's first words.
            segments = tap(segments, lambda _: diarization.start())
        return segments
