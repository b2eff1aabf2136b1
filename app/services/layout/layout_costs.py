"""Cost of a layout: one scale for text and time.

A layout's cost is the sum over its cues of what is here. The unit is that of ``BREAK_COST``: 100
times the square of how far, in cues, a text is divided off its even shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from app.domain.profile import ReadingProfile
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.layout.breaks import BREAK_COST, Break
from app.services.layout.line_breaks import FORBIDDEN_COST

SILENCE_MS = 1500
"""Silence over which no cue stays: half a second for the cue to linger, and a second without it
so that the next cue is seen as new."""

MAX_WORD_MS = 1000
"""Longest word that counts in full: the aligner stretches longer ones over a silence."""

_FASTEST_CPS = 35.0
"""Columns that can be said in a second, our own choice: some 350 English words a minute. Words
without a duration, of which a transcriber may time many at one moment, are taken to be as fast."""

_PAUSE_MS = 300
"""Silence that a listener notices. Source: pauses of 250 ms and more are taken for intended
ones rather than articulation (Goldman-Eisler, "Psycholinguistics", 1968)."""

_CUE_COST = 30.0
"""Cost of a cue. Two that are half full each cost 25 less than the full one that they make, so
whole sentences that follow at once share a cue where they fit."""

_FULL_COST = 50.0
"""Cost of a full cue, of text or of time; it grows with the square, so that what does not fit into
one is divided evenly."""

_PAUSE_COST = 5.0
"""Cost of a break at the shortest pause: it ranks between comma and conjunction, and a longer pause
costs less."""

_SENTENCE_PAUSE_COST = 40.0
"""Cost of a cue with a pause between two of its sentences: more than a cue of its own."""

_LONG_PAUSE_MS = 600
_LONG_PAUSE_COST = 0.02
"""Cost of each millisecond of a longer pause within a sentence."""

_DIALOGUE_COST = 25.0
"""Cost of two speakers in one cue: nearly that of a cue of its own, so they share one where either
would be late or too short."""

_FAST_COST = 10.0
_OVERRUN_COST = 80.0
"""Cost of a cue that cannot be read in its time, and of lacking as much time as it has."""

_SPLIT_SENTENCE_COST = 25.0
"""Cost of a sentence that begins or ends in a cue with another one, and is in more than that."""

SPLIT_DIALOGUE_ENDS = 2
"""Ends that a split one counts as where two speakers share the cue: they do so with whole turns,
unless those are long."""

_LATE_COST = 0.1
"""Cost of a millisecond by which a cue begins after its speech."""

_EARLY_END_COST = 0.05
"""Cost of a millisecond by which it ends before its speech does, beyond the gap."""

_MISSED_COST = 60.0
"""Cost of a shot change that a cue misses by less than the profile allows, and of a gap that would
have to be closed and is not."""


@dataclass(frozen=True, slots=True)
class CueText:
    """What the cost of a cue's text depends on.

    Attributes:
        columns: of the text on one line.
        spoken_ms: from its first word to its last.
        lines_cost: cost of its lines.
        kind: of the break behind it; None at the end.
        pause_ms: silence behind it.
        inner_cost: cost of the pauses and speaker changes in it.
        split_ends: how many of its ends, 0 to 2, are within a sentence while another one ends
            in it.
    """

    columns: int
    spoken_ms: int
    lines_cost: float
    kind: Break | None
    pause_ms: int
    inner_cost: float
    split_ends: int = 0


@dataclass(frozen=True, slots=True)
class LayoutCosts:
    """Costs under one profile, of one language.

    Attributes:
        profile: limits of text and time.
        video: frame rate and shot changes.
    """

    profile: ReadingProfile
    video: VideoTiming = NO_VIDEO

    def of_text(self, text: CueText) -> float:
        """Return the cost of a cue's text and of the break behind it."""
        fill = max(
            text.columns / self.profile.max_chars, text.spoken_ms / self.profile.max_duration_ms
        )
        cost = _CUE_COST + _FULL_COST * fill * fill + text.lines_cost + text.inner_cost
        cost += _SPLIT_SENTENCE_COST * text.split_ends
        return cost + (0.0 if text.kind is None else _break_cost(text.kind, text.pause_ms))

    def starts(self, spoken_ms: int) -> tuple[int, ...]:
        """Return when a cue whose first word begins then would begin, best first."""
        if not self.video.shot_changes_ms:
            return (spoken_ms,)
        cut = self.video.nearest_shot_change(spoken_ms, self.profile.snap_ms)
        return (spoken_ms,) if cut is None or cut == spoken_ms else (cut, spoken_ms)

    def of_start(self, spoken_ms: int, start_ms: int) -> float:
        """Return the cost of a cue that begins at a time."""
        late_ms = start_ms - max(self.starts(spoken_ms))
        cost = _LATE_COST * late_ms if late_ms > 0 else 0.0
        return cost + self._missed(start_ms)

    def speech_end(self, start_ms: int, last_ms: int, untimed_columns: int) -> int:
        """Return when the speech of a cue ends, as far as the cue may show it.

        Args:
            start_ms: of its first word.
            last_ms: latest end of a word.
            untimed_columns: of its words without a duration.
        """
        least_ms = start_ms + int(1000 * untimed_columns / _FASTEST_CPS)
        return min(max(last_ms, least_ms), start_ms + self.profile.max_duration_ms)

    def read_ms(self, columns: int) -> int:
        """Return how long a text takes to read."""
        return ceil(1000 * columns / self.profile.max_cps)

    def end(
        self, start_ms: int, spoken_ms: int, read_ms: int, next_ms: int | None
    ) -> tuple[float, int]:
        """Return the cost of a cue's best end, and that end.

        Args:
            start_ms: when the cue begins.
            spoken_ms: end of its last word.
            read_ms: how long it takes to read.
            next_ms: when the next one begins, at least the shortest cue and a gap later; None where
                nothing follows.
        """
        profile = self.profile
        least = start_ms + profile.min_duration_ms
        most = start_ms + profile.max_duration_ms
        if next_ms is not None:
            most = max(least, min(most, next_ms - profile.min_gap_ms))
        spoken_ms = max(start_ms, spoken_ms)
        wanted = min(start_ms + read_ms, spoken_ms + profile.linger_ms)
        plain = min(most, max(spoken_ms, wanted, least))
        if not profile.snap_ms and not profile.chain_below_ms:
            return self._of_end(start_ms, spoken_ms, read_ms, next_ms, plain), plain
        return min(
            (self._of_end(start_ms, spoken_ms, read_ms, next_ms, end), end)
            for end in self._ends(plain, least, most, next_ms)
        )

    def _ends(self, plain: int, least: int, most: int, next_ms: int | None) -> set[int]:
        """Return the ends that a cue may have."""
        profile = self.profile
        ends = {plain}
        cut = self.video.nearest_shot_change(plain, profile.snap_ms)
        if cut is not None:
            ends |= {cut - profile.min_gap_ms, cut + profile.snap_ms, cut - profile.snap_ms}
        if next_ms is not None and profile.chain_below_ms:
            closed = next_ms - profile.min_gap_ms
            ends.add(closed if closed <= most else next_ms - profile.chain_below_ms)
        return {end for end in ends if least <= end <= most}

    def _of_end(
        self, start_ms: int, spoken_ms: int, read_ms: int, next_ms: int | None, end_ms: int
    ) -> float:
        shown_ms = end_ms - start_ms
        cost = 0.0
        if read_ms > shown_ms:
            cost += _FAST_COST + _OVERRUN_COST * (read_ms / shown_ms - 1)
        gap_ms = self.profile.min_gap_ms
        cost += _EARLY_END_COST * max(0, spoken_ms - end_ms - gap_ms)
        cost += _EARLY_END_COST / 10 * max(0, end_ms - max(spoken_ms, start_ms + read_ms))
        if next_ms is not None and gap_ms < next_ms - end_ms < self.profile.chain_below_ms:
            cost += _MISSED_COST
        return cost + self._missed(end_ms + gap_ms)

    def _missed(self, time_ms: int) -> float:
        if not self.video.shot_changes_ms:
            return 0.0
        cut = self.video.nearest_shot_change(time_ms, self.profile.snap_ms)
        return 0.0 if cut is None or cut == time_ms else _MISSED_COST


def inner_cost(kind: Break, pause_ms: int, *, is_other_speaker: bool) -> float:
    """Return the cost of a place within a cue."""
    cost = _DIALOGUE_COST if is_other_speaker else 0.0
    if pause_ms < _PAUSE_MS:
        return cost
    if kind is Break.SENTENCE or is_other_speaker:
        return cost + _SENTENCE_PAUSE_COST
    return cost + _LONG_PAUSE_COST * max(0, pause_ms - _LONG_PAUSE_MS)


def _break_cost(kind: Break, pause_ms: int) -> float:
    if kind is Break.BAD:
        return FORBIDDEN_COST
    cost = BREAK_COST[kind]
    return cost if pause_ms < _PAUSE_MS else min(cost, _PAUSE_COST * _PAUSE_MS / pause_ms)
