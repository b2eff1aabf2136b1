"""Screen time that cues share whose speech is not heard in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.services.layout.phrase import Phrase
from app.services.layout.timing import FLASH_MS, TimeWindow, place
from app.services.playback.ranges import PlaybackRanges


@dataclass(slots=True)
class _Shown:
    """The time between the first and the last cue of a stretch."""

    from_ms: int
    until_ms: int


class CueTimeline:
    """Gives phrases their time, beside the cues that are there already.

    Within a stretch cues follow one another. The first cue of a stretch is where its words are,
    so whatever precedes has to go before it, even if it is heard later.

    Args:
        ranges: where segments are no longer in order.
        profile: limits of time.
    """

    def __init__(self, ranges: PlaybackRanges, profile: ReadingProfile) -> None:
        self._stretches = ranges
        self._profile = profile
        self._shown: dict[int, _Shown] = {}

    def place(self, phrases: Sequence[Phrase], said: Span, until_ms: int) -> list[Span]:
        """Give each phrase of a segment its time on screen.

        Args:
            phrases: of the next segment of a stretch.
            said: when the segment was said.
            until_ms: the next speech may begin here.

        Returns:
            One span for each phrase: sorted, none empty, at least ``min_gap_ms`` from each other
            and from all spans that were given before.
        """
        stretch = self._stretches.start_of(said.start_ms)
        next_ms = self._next_ms(stretch)
        room = TimeWindow(
            self._free_ms(stretch), until_ms if next_ms is None else min(until_ms, next_ms)
        )
        spans = place(phrases, room, self._profile)
        if next_ms is not None and spans:
            spans = self._before(next_ms, spans, room.from_ms) or self._in_a_gap(phrases, said)
        self._take(stretch, spans)
        return spans

    def _free_ms(self, stretch: int) -> int:
        """Return when the last cue of a stretch, or of those before it, has gone."""
        ends = [shown.until_ms for start, shown in self._shown.items() if start <= stretch]
        return max(ends) + self._profile.min_gap_ms if ends else 0

    def _next_ms(self, stretch: int) -> int | None:
        """Return when the first cue of the stretches after one appears."""
        starts = [shown.from_ms for start, shown in self._shown.items() if start > stretch]
        return min(starts, default=None)

    def _before(self, next_ms: int, spans: Sequence[Span], from_ms: int) -> list[Span]:
        """Move spans back as far as they reach into what follows; nothing where they cannot."""
        moved: list[Span] = []
        limit_ms = next_ms - self._profile.min_gap_ms
        for span in reversed(spans):
            end_ms = min(span.end_ms, limit_ms)
            start_ms = min(span.start_ms, end_ms - FLASH_MS)
            if start_ms < from_ms:
                # It may have been shorter than a flash from the beginning.
                start_ms = max(from_ms, min(span.start_ms, end_ms - 1))
            if start_ms >= end_ms:
                return []
            moved.append(Span(start_ms, end_ms))
            limit_ms = start_ms - self._profile.min_gap_ms
        return moved[::-1]

    def _in_a_gap(self, phrases: Sequence[Phrase], said: Span) -> list[Span]:
        """Find a place elsewhere, late rather than never, for words that are timed wrongly."""
        need_ms = len(phrases) * (FLASH_MS + self._profile.min_gap_ms)
        free_ms = said.start_ms
        for shown in sorted(self._shown.values(), key=lambda shown: shown.from_ms):
            if free_ms + need_ms <= shown.from_ms:
                break
            free_ms = max(free_ms, shown.until_ms + self._profile.min_gap_ms)
        step_ms = FLASH_MS + self._profile.min_gap_ms
        return [
            Span(free_ms + number * step_ms, free_ms + number * step_ms + FLASH_MS)
            for number in range(len(phrases))
        ]

    def _take(self, stretch: int, spans: Sequence[Span]) -> None:
        if not spans:
            return
        start_ms, end_ms = spans[0].start_ms, spans[-1].end_ms
        shown = self._shown.setdefault(stretch, _Shown(start_ms, end_ms))
        shown.from_ms = min(shown.from_ms, start_ms)
        shown.until_ms = max(shown.until_ms, end_ms)
