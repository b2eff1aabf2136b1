"""Layout of segments as cues that obey a reading profile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.language import ENGLISH
from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Segment
from app.domain.video_timing import VideoSource, no_video
from app.services.layout.cue_timeline import CueTimeline
from app.services.layout.laid_out_cue import LaidOutCue
from app.services.layout.layout_costs import SILENCE_MS
from app.services.layout.layout_engine import IncrementalLayout
from app.services.layout.segment_words import words_of
from app.services.playback.ranges import PlaybackRanges
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer
from app.system.async_iterators import close_stage
from app.system.loop_turns import LoopSlice


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


async def build_speaker_cues(
    segments: Sequence[Segment], profile: ReadingProfile, video: VideoSource = no_video
) -> AsyncIterator[Cue]:
    """Yield the cues of a recording whose speakers are known.

    Sentences that follow one another are laid out together: those of one speaker share a cue where
    they fit, and where the profile has dashes so do short turns of two. As long as nobody knows who
    speaks, as in `build_cues`, a sentence may be somebody else's and shares no cue.

    Args:
        segments: of the whole recording in order, words with their speakers.
        profile: limits of text and time.
        video: returns frame rate and shot changes.
    """
    layout = CueLayout(profile, video=video)
    turn = LoopSlice()
    for run in _runs_of_speech(segments):
        for cue in layout.lay_out_run(run):
            yield cue
            await turn.pause()


def _runs_of_speech(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Yield the segments that are laid out together."""
    run: list[Segment] = []
    for segment in segments:
        if run and not _goes_on(run[-1], segment):
            yield run
            run = []
        run.append(segment)
    if run:
        yield run


def _goes_on(before: Segment, segment: Segment) -> bool:
    """Whether speech goes on in the next segment, in one language and without a silence.

    One that the transcriber has translated stays alone: its translation is that of its cues.
    """
    if before.language != segment.language or not before.words or not segment.words:
        return False
    if before.translation is not None or segment.translation is not None:
        return False
    if None in (before.words[-1].speaker, segment.words[0].speaker):
        return False
    return segment.span.start_ms - before.span.end_ms < SILENCE_MS


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
        return self.lay_out_run([segment])

    def lay_out_run(self, segments: Sequence[Segment]) -> Iterator[Cue]:
        """Yield the cues of the next segments, which are of one language and laid out together.

        Args:
            segments: at least one; one alone where it has a translation.
        """
        cues = self._cues(segments)
        translation = segments[0].translation
        if translation is None:
            yield from cues
        elif own := list(cues):
            yield from self._translated(own, translation)

    def _translated(self, cues: Sequence[Cue], translation: str) -> list[Cue]:
        pieces = self._distributor.divide(translation, cues)
        return [replace(cue, translation=piece) for cue, piece in zip(cues, pieces, strict=True)]

    def _cues(self, segments: Sequence[Segment]) -> Iterator[Cue]:
        *earlier, last = segments
        language, start_ms = segments[0].language, segments[0].span.start_ms
        spoken = Span(start_ms, max(start_ms, last.span.end_ms))
        window = self._screen.window(spoken, max(last.clear_until_ms, last.span.end_ms))
        layout = IncrementalLayout(
            self._profile, language, from_ms=window.from_ms, video=self._video()
        )
        own = self._profile.in_language(language)
        for segment in earlier:
            yield from self._added(layout.feed(words_of(segment, own)), spoken, language)
        cues = layout.feed(words_of(last, own))
        yield from self._added([*cues, *layout.finish(window.until_ms)], spoken, language)

    def _added(self, cues: Sequence[LaidOutCue], spoken: Span, language: str) -> Iterator[Cue]:
        """Yield cues at the times that are free."""
        spans = self._screen.add([cue.span for cue in cues], spoken)
        for cue, span in zip(cues, spans, strict=True):
            yield Cue(
                id=self._next_id,
                span=span,
                text=cue.text,
                speaker=cue.speaker,
                language=language,
                confidence=cue.confidence,
                turn_speakers=cue.turn_speakers,
            )
            self._next_id += 1
