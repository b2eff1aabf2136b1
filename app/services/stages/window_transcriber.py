"""Transcription of single speech windows: cache, scheduler, alignment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from app.domain.audio import Audio
from app.domain.language import Language
from app.domain.request import Task
from app.domain.time import SAMPLE_RATE_HZ, Span
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.cache.lookups import Lookups
from app.services.cache.window_cache import WindowCache
from app.services.stages.align import WordAligner
from app.services.stages.mixed_languages import are_mixed, languages_in_doubt, phrases_of
from app.services.stages.stage_clock import StageClock
from app.services.stages.untranscribed_speech import UntranscribedSpeech, audio_of, fill, gaps
from app.services.stages.vad import SpeechWindow
from app.services.stages.voiced_word_times import fit_to_speech

_LEAST_PHRASES = 2

_MOST_AGAIN = 8
"""Gaps of a window that are heard once more, the longest first. A model that does not know what is
spoken leaves a gap for each phrase, and each costs it all its temperatures: on 78 s in English and
Spanish tiny.en decodes 4 times for the windows and 58 times for 13 gaps. What stays is counted."""


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """How the windows of one job are transcribed, with counters of what came of them.

    Attributes:
        cache_key: of everything besides the samples that changes the words, see `window_key`.
        context: scheduling state of the job.
        language: spoken language, or None to detect it.
        prompt: words that are likely to occur.
        allowed_languages: base tags that detection chooses from; empty for all.
        task: whether the windows are transcribed or translated.
        sounds: whether sounds are described in the text.
        fresh: cached windows are not used; new ones are cached all the same.
        lookups: counts look-ups in the cache of windows.
        untranscribed: adds up detected speech that never became text.
        on_transcribed: called with the seconds of each stretch that the transcriber was given, once
            it has answered.
    """

    cache_key: str
    context: WorkContext
    language: Language | None = None
    prompt: str = ""
    allowed_languages: tuple[str, ...] = ()
    task: Task = "transcribe"
    sounds: bool = False
    fresh: bool = False
    lookups: Lookups = field(default_factory=Lookups)
    untranscribed: UntranscribedSpeech = field(default_factory=UntranscribedSpeech)
    on_transcribed: Callable[[float], None] | None = None


class WindowTranscriber:
    """Turns windows of one job into segments, through the queue that all requests share.

    Args:
        scheduler: queue ahead of the device.
        cache: transcribed windows of earlier jobs.
        options: of the job.
        clock: counts the time spent under ``transcribe``.
        aligner: finds exact word times; None leaves the transcriber's own.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        cache: WindowCache,
        options: TranscribeOptions,
        clock: StageClock,
        aligner: WordAligner | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._cache = cache
        self._options = options
        self._clock = clock
        self._aligner = aligner

    @property
    def capacity(self) -> int:
        """Windows that the device transcribes at a time, of all jobs."""
        return self._scheduler.capacity

    def speaking(self, language: str) -> WindowTranscriber:
        """Return one for windows of the same job in which a language is spoken, a BCP 47 tag.

        Its cache look-ups and untranscribed speech are not counted, as those windows are
        transcribed a second time.
        """
        options = replace(
            self._options,
            cache_key=f"{self._options.cache_key} spoken {language}",
            language=Language.parse(language),
            lookups=Lookups(),
            untranscribed=UntranscribedSpeech(),
        )
        return WindowTranscriber(self._scheduler, self._cache, options, self._clock, self._aligner)

    async def transcribe(self, window: SpeechWindow) -> list[Segment]:
        """Return the segments of a window, cached ones where there are any.

        Raises:
            EngineError: the engine failed on it.
            JobCancelledError: the job was cancelled.
        """
        segments = await self._cached(window)
        self._options.lookups.count(segments is not None)
        if segments is None:
            segments = await self._transcribed(window)
        left = gaps(window.voiced, segments)
        self._options.untranscribed.ms += sum(gap.duration_ms for gap in left)
        return _with_clear_times(segments, window.clear_until_ms)

    async def _cached(self, window: SpeechWindow) -> list[Segment] | None:
        """Look up the aligned segments of a window, else those that only need alignment."""
        if self._options.fresh:
            return None
        start = window.audio.start_sample
        cached = await self._cache.get(self._key(window, aligned=True), start)
        if cached is not None or self._aligner is None:
            return cached
        rough = await self._cache.get(self._key(window), start)
        return None if rough is None else await self._aligned(window, rough)

    async def _transcribed(self, window: SpeechWindow) -> list[Segment]:
        with self._clock.measure("transcribe"):
            decoded = await self._decode(window.audio, window.index)
            if in_doubt := languages_in_doubt(decoded):
                decoded = await self._by_phrase(window, decoded, in_doubt)
            segments = fit_to_speech(decoded, window.voiced)
            for gap in _longest_gaps(gaps(window.voiced, segments)):
                # Once more, with the gap in the middle of what the engine is given.
                again = await self._decode(audio_of(gap, window.audio), window.index)
                segments = fit_to_speech(fill(segments, again, gap), window.voiced)
        self._store(window, segments)
        return segments if self._aligner is None else await self._aligned(window, segments)

    async def _by_phrase(
        self, window: SpeechWindow, whole: Sequence[Segment], languages: tuple[str, ...]
    ) -> Sequence[Segment]:
        """Return the phrases of a window that contains two languages, else its segments."""
        spans = phrases_of(window.voiced)
        if len(spans) < _LEAST_PHRASES:
            return whole
        phrases = await asyncio.gather(
            *(self._decode(audio_of(span, window.audio), window.index, languages) for span in spans)
        )
        if not are_mixed(phrases):
            return whole
        return [segment for segments in phrases for segment in segments]

    async def _aligned(self, window: SpeechWindow, rough: Sequence[Segment]) -> list[Segment]:
        if self._aligner is None:
            return list(rough)
        segments, complete = await self._aligner.align(window.audio, rough, window.index)
        if complete:
            self._store(window, segments, aligned=True)
        return segments

    def _key(self, window: SpeechWindow, *, aligned: bool = False) -> str:
        key = self._options.cache_key
        if aligned and self._aligner is not None:
            key = f"{key} {self._aligner.cache_key}"
        return self._cache.key(window.audio, key)

    def _store(
        self, window: SpeechWindow, segments: Sequence[Segment], *, aligned: bool = False
    ) -> None:
        # A cancelled engine returns no words, which must not be cached as the window's words.
        if not self._options.context.cancelled.is_set():
            key = self._key(window, aligned=aligned)
            self._cache.put(key, segments, window.audio.start_sample)

    async def _decode(
        self, audio: Audio, index: int, languages: tuple[str, ...] = ()
    ) -> Sequence[Segment]:
        options = self._options
        request = Window(
            audio,
            options.language.tag if options.language else None,
            options.prompt,
            languages or options.allowed_languages,
            options.context.cancelled,
            options.task,
            options.sounds,
        )
        segments = await self._scheduler.transcribe(request, options.context, index)
        if options.on_transcribed is not None:
            options.on_transcribed(len(audio.samples) / SAMPLE_RATE_HZ)
        return segments


def _longest_gaps(left: Sequence[Span]) -> list[Span]:
    """Return the gaps that are heard once more, in order."""
    return sorted(sorted(left, key=lambda gap: -gap.duration_ms)[:_MOST_AGAIN])


def _with_clear_times(segments: Sequence[Segment], clear_until_ms: int) -> list[Segment]:
    """Set each segment's time until which no other speech follows."""
    limits = [segment.span.start_ms for segment in segments[1:]] + [clear_until_ms]
    return [
        # A window may have no segment at all: its speech was a cough.
        replace(segment, clear_until_ms=max(segment.span.end_ms, limit))
        for segment, limit in zip(segments, limits, strict=False)
    ]
