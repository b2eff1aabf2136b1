"""Layout of segments as cues that obey a reading profile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.language import ENGLISH
from app.domain.profile import ReadingProfile
from app.domain.transcript import Segment
from app.domain.video_timing import VideoSource, no_video
from app.services.layout.cue_timeline import CueTimeline
from app.services.layout.layout_engine import lay_out
from app.services.layout.segment_words import words_of
from app.services.playback.ranges import PlaybackRanges
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer
from app.system.async_iterators import close_stage


async def build_cues(
    segments: AsyncIterator[Segment],
    profile: ReadingProfile,
    ranges: PlaybackRanges | None = None,
    video: VideoSource = no_video,
) -> AsyncIterator[Cue]:
    """Yield the cues of each segment as soon as it is read.

    Args:
        segments: in order within each stretch; closed when the caller stops.
        profile: limits of text and time.
        ranges: where segments are not in order of start; None where they are.
        video: returns frame rate and shot changes, as far as they are known by then.

    Yields:
        Cues with ids from 0, in the order of the segments, at least ``min_gap_ms`` apart. Their
        texts together hold every word once, in order.
    """
    layout = CueLayout(profile, ranges, video)
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
        ranges: of the recording; segments come in order within each of them, and those of
            several may alternate. None where all are in order.
        video: returns frame rate and shot changes, as far as they are known by then.
    """

    def __init__(
        self,
        profile: ReadingProfile,
        ranges: PlaybackRanges | None = None,
        video: VideoSource = no_video,
    ) -> None:
        self._profile = profile.at_frame_rate(video().frames_per_s)
        self._video = video
        self._next_id = 0
        self._screen = CueTimeline(ranges or PlaybackRanges(), self._profile)
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
        words = words_of(segment, self._profile.in_language(segment.language))
        window = self._screen.window(segment.span, max(segment.clear_until_ms, segment.span.end_ms))
        cues = lay_out(
            words,
            self._profile,
            segment.language,
            from_ms=window.from_ms,
            until_ms=window.until_ms,
            video=self._video(),
        )
        spans = self._screen.add([cue.span for cue in cues], segment.span)
        for cue, span in zip(cues, spans, strict=True):
            yield Cue(
                id=self._next_id,
                span=span,
                text=cue.text,
                speaker=cue.speaker,
                language=segment.language,
                confidence=cue.confidence,
            )
            self._next_id += 1
