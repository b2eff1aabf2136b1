"""Layout of segments as cues that obey a reading profile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.language import ENGLISH
from app.domain.profile import ReadingProfile
from app.domain.transcript import Segment
from app.services.layout.cue_timeline import CueTimeline
from app.services.layout.phrase_splitter import Splitter, split
from app.services.layout.segment_words import words_of
from app.services.playback.ranges import PlaybackRanges
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer
from app.system.async_iterators import close_stage


async def build_cues(
    segments: AsyncIterator[Segment], profile: ReadingProfile, ranges: PlaybackRanges | None = None
) -> AsyncIterator[Cue]:
    """Yield the cues of each segment as soon as it is read.

    Args:
        segments: in order within each stretch; closed when the caller stops.
        profile: limits of text and time.
        ranges: where segments are not in order of start; None where they are.

    Yields:
        Cues with ids from 0, in the order of the segments, at least ``min_gap_ms`` apart. Their
        texts together hold every word once, in order.
    """
    layout = CueLayout(profile, ranges=ranges)
    try:
        async for segment in segments:
            for cue in layout.lay_out(segment):
                yield cue
    finally:
        await close_stage(segments)


class CueLayout:
    """Lays out one job's segments, remembering where its cues are.

    Args:
        profile: limits of text and time.
        splitter: parts the words of a segment into phrases.
        ranges: of the recording; segments come in order within each of them, and those of
            several may alternate. None where all are in order.
    """

    def __init__(
        self,
        profile: ReadingProfile,
        splitter: Splitter = split,
        ranges: PlaybackRanges | None = None,
    ) -> None:
        self._profile = profile
        self._split = splitter
        self._next_id = 0
        self._screen = CueTimeline(ranges or PlaybackRanges(), profile)
        self._distributor = TranslationDistributor(TranslationTokenizer(ENGLISH), profile)

    def lay_out(self, segment: Segment) -> Iterator[Cue]:
        """Yield the cues of the next segment; none where it has no words.

        Where the segment has a translation, each of them gets its part of it.
        """
        cues = list(self._cues(segment))
        if cues and segment.translation is not None:
            cues = self._translated(cues, segment.translation)
        yield from cues

    def _translated(self, cues: Sequence[Cue], translation: str) -> list[Cue]:
        pieces = self._distributor.divide(translation, cues)
        return [replace(cue, translation=piece) for cue, piece in zip(cues, pieces, strict=True)]

    def _cues(self, segment: Segment) -> Iterator[Cue]:
        profile = self._profile.in_language(segment.language)
        words = words_of(segment, profile)
        until_ms = max(segment.clear_until_ms, segment.span.end_ms)
        language = segment.language
        phrases = self._split(words, until_ms, profile, language) if words else []
        spans = self._screen.place(phrases, segment.span, until_ms)
        for phrase, span in zip(phrases, spans, strict=True):
            yield Cue(
                id=self._next_id,
                span=span,
                text=phrase.text,
                speaker=phrase.speaker,
                language=language,
                confidence=phrase.confidence,
            )
            self._next_id += 1
