"""Timing of cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.services.layout.phrase import Phrase
from app.services.layout.width import text_width

MIN_CUE_MS = 200
"""Shortest duration of a cue, even where the word times leave it nothing; the next one then
starts later than its words. Five frames at 25 per second: seen, if hardly read, and a delay that
a viewer accepts."""


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """The screen time that phrases may use.

    Attributes:
        from_ms: earliest start of a cue.
        until_ms: earliest start of the next speech.
    """

    from_ms: int
    until_ms: int


def place(phrases: Sequence[Phrase], window: TimeWindow, profile: ReadingProfile) -> list[Span]:
    """Assign each phrase its time on screen.

    A cue starts with its first word. It ends with its last word, later where it could not be read
    by then: when the shortest duration is reached, and up to ``linger_ms`` later for the sake of
    reading speed. It ends earlier to leave the gap before the next one, and at the longest
    duration.

    Returns:
        One span for each phrase: sorted, at least ``min_gap_ms`` apart, none empty, none longer
        than ``max_duration_ms``. The last leaves a gap before ``window.until_ms`` unless its words
        begin later than that.
    """
    starts = _starts(phrases, window.from_ms, profile)
    limits = [start - profile.min_gap_ms for start in starts[1:]]
    if phrases:
        limits.append(max(window.until_ms - profile.min_gap_ms, starts[-1] + MIN_CUE_MS))
    return [
        Span(start, min(limit, _ideal_end(phrase, start, profile)))
        for phrase, start, limit in zip(phrases, starts, limits, strict=True)
    ]


def _starts(phrases: Sequence[Phrase], from_ms: int, profile: ReadingProfile) -> list[int]:
    starts: list[int] = []
    free_ms = from_ms
    for phrase in phrases:
        starts.append(max(free_ms, phrase.start_ms))
        free_ms = starts[-1] + MIN_CUE_MS + profile.min_gap_ms
    return starts


def _ideal_end(phrase: Phrase, start_ms: int, profile: ReadingProfile) -> int:
    spoken_ms = max(start_ms, phrase.end_ms)
    read_ms = start_ms + ceil(1000 * text_width(phrase.text) / profile.max_cps)
    lingering_ms = min(read_ms, spoken_ms + profile.linger_ms)
    end_ms = max(spoken_ms, lingering_ms, start_ms + profile.min_duration_ms)
    return min(end_ms, start_ms + profile.max_duration_ms)
