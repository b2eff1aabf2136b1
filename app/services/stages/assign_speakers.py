"""Assignment of speaker turns to words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise

from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn, Word

_NEAR_MS = 500
"""A word that no turn covers belongs to the nearest one this close: turns end a little early."""

_PAUSE_MS = 200
_LEAST_RUN_MS = 1000
_LEAST_RUN_WORDS = 2
"""A change of speaker is believed at a pause or a mark, or where both sides are this long.
Splitting by word times alone breaks one sentence for every five that it repairs. Source: a count on
about 150,000 words in noScribe's tracker, number 341."""

_MARKS = frozenset(".,;:!?…。、！？，；：—–")


def assign_speakers(segments: Sequence[Segment], turns: Sequence[SpeakerTurn]) -> list[Segment]:
    """Return the segments with a speaker for each word.

    A word belongs to the speaker who speaks longest during it. A run of words that is short, and
    whose borders in the segment show neither in a pause nor in punctuation, goes to the speaker
    of its neighbour. A segment without words gets no speaker.

    Args:
        segments: in any order.
        turns: in order of start; they may overlap.
    """
    turns_by_time = TurnIndex(turns)
    return [_assigned(segment, turns_by_time) for segment in segments]


def _assigned(segment: Segment, turns_by_time: TurnIndex) -> Segment:
    words: list[Word] = []
    for word in segment.words:
        before = words[-1].speaker if words else None
        words.append(replace(word, speaker=turns_by_time.speaker(word.span, before)))
    return replace(segment, words=tuple(_without_doubtful_runs(words)))


class TurnIndex:
    """Speaker turns by time."""

    def __init__(self, turns: Sequence[SpeakerTurn]) -> None:
        self._turns = sorted(turns, key=lambda turn: turn.span.start_ms)
        self._starts = [turn.span.start_ms for turn in self._turns]
        # Turns overlap, so the one that ends last before some place need not be the last of them.
        self._reached = list(accumulate((turn.span.end_ms for turn in self._turns), max))

    def speaker(self, span: Span, before: str | None) -> str | None:
        """Return the speaker who speaks longest in a span; of equals the previous speaker.

        Where nobody does, the nearest one.
        """
        return self.longest(span, before) or self._nearest(span)

    def longest(self, span: Span, before: str | None = None) -> str | None:
        """Return the speaker who speaks longest in a span in all; None without any overlap."""
        shares: dict[str, int] = {}
        for turn in self._near(span):
            if shared_ms := span.overlap_ms(turn.span):
                shares[turn.speaker] = shares.get(turn.speaker, 0) + shared_ms
        if not shares:
            return None
        return max(shares, key=lambda speaker: (shares[speaker], speaker == before))

    def _nearest(self, span: Span) -> str | None:
        distances = {
            max(turn.span.start_ms - span.end_ms, span.start_ms - turn.span.end_ms): turn.speaker
            for turn in reversed(self._near(span))
        }
        return distances[min(distances)] if distances else None

    def _near(self, span: Span) -> list[SpeakerTurn]:
        first = bisect_left(self._reached, span.start_ms - _NEAR_MS)
        last = bisect_left(self._starts, span.end_ms + _NEAR_MS + 1)
        near_ms = span.start_ms - _NEAR_MS
        return [turn for turn in self._turns[first:last] if turn.span.end_ms >= near_ms]


@dataclass(frozen=True, slots=True)
class _SpeakerRun:
    """Words of one speaker, one after the other."""

    words: tuple[Word, ...]

    @property
    def duration_ms(self) -> int:
        return self.words[-1].span.end_ms - self.words[0].span.start_ms

    @property
    def is_long(self) -> bool:
        return len(self.words) >= _LEAST_RUN_WORDS and self.duration_ms >= _LEAST_RUN_MS

    def given_to(self, speaker: str | None) -> _SpeakerRun:
        return _SpeakerRun(tuple(replace(word, speaker=speaker) for word in self.words))


def _without_doubtful_runs(words: Sequence[Word]) -> list[Word]:
    """Give runs whose borders nothing speaks for to their neighbours."""
    runs = _runs(words)
    while (place := _doubtful_border(runs)) is not None:
        before, after = runs[place], runs[place + 1]
        if before.duration_ms >= after.duration_ms:
            after = after.given_to(before.words[0].speaker)
        else:
            before = before.given_to(after.words[0].speaker)
        changed = [*runs[:place], before, after, *runs[place + 2 :]]
        runs = _runs([word for run in changed for word in run.words])
    return [word for run in runs for word in run.words]


def _runs(words: Sequence[Word]) -> list[_SpeakerRun]:
    return [_SpeakerRun(tuple(group)) for _, group in groupby(words, key=lambda word: word.speaker)]


def _doubtful_border(runs: Sequence[_SpeakerRun]) -> int | None:
    for place, (before, after) in enumerate(pairwise(runs)):
        if not (before.is_long and after.is_long) and not _is_audible(
            before.words[-1], after.words[0]
        ):
            return place
    return None


def _is_audible(before: Word, after: Word) -> bool:
    """Whether a listener or a reader notices the border between two words."""
    pause_ms = after.span.start_ms - before.span.end_ms
    return pause_ms >= _PAUSE_MS or before.text[-1:] in _MARKS
