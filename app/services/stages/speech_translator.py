"""Translation of speech by the transcriber, in a second decoding of the same windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from app.domain.cue import Cue
from app.domain.language import ENGLISH, known_language
from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Segment
from app.services.stages.stage_clock import StageClock
from app.services.stages.untranscribed_speech import audio_of
from app.services.stages.vad import SpeechWindow
from app.services.stages.window_transcriber import WindowTranscriber
from app.services.translation.speech_pairs import SpeechPairs
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer
from app.services.translation.text.wordless import is_wordless

_UNLIMITED = ReadingProfile("unlimited", max_line_chars=10_000)
"""A segment may be of any width: its cues limit what is shown at once."""


class SpeechTranslator:
    """Transcribes windows and adds a translation to each segment that the transcriber has to make.

    Args:
        transcriber: of the windows as they are spoken.
        pairs: languages that are translated here.
        translating: returns a transcriber that writes a spoken language, by its BCP 47 tag, in
            English.
        clock: counts the time spent under ``translate``.
    """

    def __init__(
        self,
        transcriber: WindowTranscriber,
        pairs: SpeechPairs,
        translating: Callable[[str], WindowTranscriber],
        clock: StageClock,
    ) -> None:
        self._transcriber = transcriber
        self._pairs = pairs
        self._translating = translating
        self._clock = clock

    @property
    def capacity(self) -> int:
        """Windows that the device transcribes at a time, of all jobs."""
        return self._transcriber.capacity

    def speaking(self, language: str) -> SpeechTranslator:
        """Return one for windows of the same job in which a language is spoken, a BCP 47 tag."""
        transcriber = self._transcriber.speaking(language)
        return SpeechTranslator(transcriber, self._pairs, self._translating, self._clock)

    async def transcribe(self, window: SpeechWindow) -> list[Segment]:
        """Return the segments of a window, those of languages to be translated with translations.

        Raises:
            EngineError: the engine failed on it.
            JobCancelledError: the job was cancelled.
        """
        translated: list[Segment] = []
        segments = await self._transcriber.transcribe(window)
        for language, group in groupby(segments, key=lambda segment: segment.language):
            run = list(group)
            if self._pairs.take(known_language(language)):
                whole = len(run) == len(segments)
                run = with_translations(run, await self._english(window, run, whole=whole))
            translated += run
        return translated

    async def _english(
        self, window: SpeechWindow, run: Sequence[Segment], *, whole: bool
    ) -> list[Segment]:
        """Return what the transcriber writes for segments, perhaps at a second attempt."""
        transcriber, part = self._translating(run[0].language), _part(window, run)
        with self._clock.measure("translate"):
            english = await transcriber.transcribe(window if whole else part)
            if english or not whole:
                return english
            # Without the music or noise around it, speech may be taken for speech.
            return await transcriber.transcribe(part)


def with_translations(segments: Sequence[Segment], english: Sequence[Segment]) -> list[Segment]:
    """Return segments with their translations, nothing of which is left out or said twice.

    Where there are as many sentences on both sides, and each is said while its counterpart is,
    they are translations of one another. Otherwise the whole translation is divided among the
    segments by their share of text and time, if possible at ends of sentences.

    Args:
        segments: of one stretch of speech, in order, at least one.
        english: of the same stretch; none where the transcriber wrote nothing.
    """
    paired = len(english) == len(segments) and all(
        _overlap(segment.span, counterpart.span)
        for segment, counterpart in zip(segments, english, strict=True)
    )
    texts = [counterpart.text for counterpart in english] if paired else _divided(segments, english)
    return [
        replace(segment, translation=segment.text if is_wordless(segment.text) else text)
        for segment, text in zip(segments, texts, strict=True)
    ]


def _divided(segments: Sequence[Segment], english: Sequence[Segment]) -> list[str]:
    distributor = TranslationDistributor(TranslationTokenizer(ENGLISH), _UNLIMITED)
    parts = [Cue(place, segment.span, segment.text) for place, segment in enumerate(segments)]
    return distributor.divide(" ".join(segment.text for segment in english), parts)


def _overlap(one: Span, other: Span) -> bool:
    return one.start_ms < other.end_ms and other.start_ms < one.end_ms


def _part(window: SpeechWindow, run: Sequence[Segment]) -> SpeechWindow:
    """Return the part of a window in which some of its segments are said."""
    span = Span(run[0].span.start_ms, max(segment.span.end_ms for segment in run))
    voiced = [
        Span(max(each.start_ms, span.start_ms), min(each.end_ms, span.end_ms))
        for each in window.voiced
        if _overlap(each, span)
    ]
    return replace(window, audio=audio_of(span, window.audio), voiced=tuple(voiced))
