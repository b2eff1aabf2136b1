"""Candidates for cues: consecutive words that one cue may show, with what their text costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.services.layout.breaks import Break
from app.services.layout.laid_out_cue import dialogue_dashes
from app.services.layout.layout_costs import SPLIT_DIALOGUE_ENDS, CueText, LayoutCosts
from app.services.layout.measured_words import MeasuredWords
from app.services.layout.width import text_width

MAX_CUE_WORDS = 200
"""Words of a cue, however narrow they are."""


@dataclass(frozen=True, slots=True)
class CueCandidate:
    """Consecutive words that one cue may show.

    Attributes:
        start: index of the first word.
        cost: of the text.
        read_ms: how long it takes to read.
        spoken_ms: end of the speech.
        last_ms: end of its last word.
        change: index of the second speaker's first word; 0 where one speaks.
    """

    start: int
    cost: float
    read_ms: int
    spoken_ms: int
    last_ms: int
    change: int


class CueCandidates:
    """Finds the consecutive words that one cue may show.

    Args:
        words: of the layout; those that are added or forgotten later count.
        costs: of cues, with the profile's limits.
        language: BCP 47 tag of the words.
    """

    def __init__(self, words: MeasuredWords, costs: LayoutCosts, language: str) -> None:
        self._words = words
        self._costs = costs
        self._profile = costs.profile
        self._dashes = tuple(map(text_width, dialogue_dashes(language)))

    def until(
        self, until: int, kind: Break | None, states: Sequence[Sequence[object]]
    ) -> Iterator[CueCandidate]:
        """Yield the cues that may end ahead of an index, the shortest first.

        Args:
            until: index behind the last word.
            kind: of the break behind it; None at the end of all words.
            states: of each word; no cue begins with one that has none.
        """
        items = self._words.items
        last_ms = items[until - 1].last_ms
        pause_ms = items[until].pause_ms if kind is not None else 0
        is_end = kind is None or items[until].is_beginning
        spoken_ms, inner, change, sentences, untimed = last_ms, 0.0, 0, 0, 0
        for start in range(until - 1, max(-1, until - 1 - MAX_CUE_WORDS), -1):
            if start < until - 1:
                inside = items[start + 1]
                if inside.is_edge or (inside.is_other_speaker and change):
                    return
                change = start + 1 if inside.is_other_speaker else change
                inner += inside.inner_cost
                sentences += inside.is_beginning
                spoken_ms = max(spoken_ms, items[start].last_ms)
            untimed += items[start].untimed_columns
            lines = self._lines(start, until, change)
            if lines is None:
                return
            if not states[start]:
                continue
            columns, lines_cost = lines
            spoken = last_ms - items[start].start_ms
            split_ends = (not is_end) + (not items[start].is_beginning) if sentences else 0
            split_ends *= SPLIT_DIALOGUE_ENDS if change else 1
            text = CueText(columns, spoken, lines_cost, kind, pause_ms, inner, split_ends)
            cost = self._costs.of_text(text)
            read_ms = self._costs.read_ms(columns)
            end_ms = self._costs.speech_end(items[start].start_ms, spoken_ms, untimed)
            yield CueCandidate(start, cost, read_ms, end_ms, last_ms, change)

    def is_shown(self, from_ms: int, candidate: CueCandidate, until: int) -> bool:
        """Whether the speech of a cue is not longer than it may be shown; one word may be cut.

        Args:
            from_ms: when the cue begins.
            candidate: its words.
            until: index behind the last of them.
        """
        if until - candidate.start == 1:
            return True
        start_ms = min(from_ms, self._words.items[candidate.start].start_ms)
        return candidate.last_ms - start_ms <= self._profile.max_duration_ms

    def _lines(self, start: int, until: int, change: int) -> tuple[int, float] | None:
        """Return a cue's columns and the cost of its lines; None where it does not fit."""
        lines, profile = self._words.lines, self._profile
        if change:
            first, second = self._dashes
            top = lines.width(start, change) + first
            bottom = lines.width(change, until) + second
            if max(top, bottom) > profile.max_line_chars:
                return None
            return top + 1 + bottom, 0.0  # a line break is read as a space
        columns = lines.width(start, until)
        if columns > profile.max_chars + profile.max_lines - 1:
            return None
        found = lines.within(start, until, profile.max_lines)
        return None if found is None else (columns, found[0])
