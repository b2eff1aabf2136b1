"""Segments to cues that obey a reading profile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.transcript import Segment
from app.services.joints import close_stage
from app.services.layout.greedy import Splitter, split
from app.services.layout.timing import Room, place
from app.services.layout.words import words_of


async def build_cues(
    segments: AsyncIterator[Segment], profile: ReadingProfile
) -> AsyncIterator[Cue]:
    """Yield the cues of each segment as soon as it is read.

    Args:
        segments: in order of start, or one part in order and then the part before it; closed
            when the caller stops.
        profile: limits of text and time.

    Yields:
        Cues with ids from 0, in the order of the segments, at least ``min_gap_ms`` apart. Their
        texts together hold every word once, in order.
    """
    layout = CueLayout(profile)
    try:
        async for segment in segments:
            for cue in layout.lay_out(segment):
                yield cue
    finally:
        await close_stage(segments)


class CueLayout:
    """Lays out one job's segments, remembering where the last cue ended.

    Segments come in order of start. Where a part of the recording comes first, the part before
    it follows in order too.
    """

    def __init__(self, profile: ReadingProfile, splitter: Splitter = split) -> None:
        self._profile = profile
        self._split = splitter
        self._next_id = 0
        self._free_from_ms = 0
        self._part_start_ms = 0

    def lay_out(self, segment: Segment) -> Iterator[Cue]:
        """Yield the cues of the next segment; none where nothing was said."""
        self._notice_part(segment)
        words = words_of(segment, self._profile)
        until_ms = max(segment.clear_until_ms, segment.span.end_ms)
        phrases = self._split(words, until_ms, self._profile) if words else []
        room = Room(self._free_from_ms, until_ms)
        for phrase, span in zip(phrases, place(phrases, room, self._profile), strict=True):
            yield Cue(
                id=self._next_id,
                span=span,
                text=phrase.text,
                speaker=phrase.speaker,
                language=segment.language,
                confidence=phrase.confidence,
            )
            self._next_id += 1
            self._free_from_ms = span.end_ms + self._profile.min_gap_ms

    def _notice_part(self, segment: Segment) -> None:
        """Begin anew where an earlier part of the recording follows the one that is watched."""
        if self._next_id == 0:
            self._part_start_ms = segment.span.start_ms
        elif segment.span.end_ms <= self._part_start_ms:
            self._part_start_ms = segment.span.start_ms
            self._free_from_ms = 0
