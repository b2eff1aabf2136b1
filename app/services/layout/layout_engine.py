"""Layout engine: words with times become cues by dynamic programming.

A layout divides words into cues, each cue into lines, and gives each cue a start and an end. All
of it is one optimum of one cost (``layout_costs``). The state of the search is a word with the time
at which a cue beginning there begins; what a cue costs depends on that state and the next alone,
so the cheapest path to each state is all that is kept (Bellman's principle).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Word
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.layout.breaks import Break
from app.services.layout.cue_candidates import MAX_CUE_WORDS, CueCandidate, CueCandidates
from app.services.layout.laid_out_cue import LaidOutCue, one_speaker, two_speakers
from app.services.layout.layout_costs import LayoutCosts
from app.services.layout.layout_states import LayoutState, common_state, descends, path_behind
from app.services.layout.measured_words import MeasuredWords
from app.services.layout.segment_words import WordTidier
from app.services.layout.speaker_identification import SpeakerIdentification

_MAX_STARTS = 8
"""States of one word that are kept, the cheapest: more than one there are only where cues begin
late, or at a shot change."""

_SLACK_COST = 130.0
"""What a later beginning can be worth: a missed shot change and a gap that is not closed, with some
speech that is cut."""

_LOOK_AHEAD_MS = 15_000
"""Speech behind the end of a cue that may still change it, where no sentence ends: three cues or
so, which share evenly what is left."""


class IncrementalLayout:
    """Lays out words as they come.

    A cue is returned once no later word can change it, at the latest when the sentence behind it
    has ended, or speech of 15 s. Cues are the same whether words come at once or one by one.

    Args:
        profile: limits of text and time, for several languages or one.
        language: BCP 47 tag of the words; empty where it is not known.
        from_ms: earliest start of a cue.
        video: frame rate and shot changes.
        labels: whether a label stands ahead of the first word of whoever begins to speak.
    """

    def __init__(
        self,
        profile: ReadingProfile,
        language: str = "",
        *,
        from_ms: int = 0,
        video: VideoTiming = NO_VIDEO,
        labels: bool = False,
    ) -> None:
        self._profile = profile.in_language(language).at_frame_rate(video.frames_per_s)
        self._language = language
        self._costs = LayoutCosts(self._profile, video)
        self._tidier = WordTidier(self._profile)
        self._identification = SpeakerIdentification() if labels else None
        self._words = MeasuredWords(self._profile, language)
        self._from_ms = from_ms
        self._candidates = CueCandidates(self._words, self._costs, language)
        self._states: list[list[LayoutState]] = []
        self._base = 0
        self._sentence = 0
        self._root: LayoutState | None = None
        self._cost = 0.0

    @property
    def cost(self) -> float:
        """Cost of the whole layout, once it is finished."""
        return self._cost

    def feed(self, words: Iterable[Word]) -> list[LaidOutCue]:
        """Add words, and return the cues that have become final.

        Args:
            words: in order; times that go back, spaces in words and words wider than a line are
                mended as `words_of` does.
        """
        cues: list[LaidOutCue] = []
        for word in self._identification.labelled(words) if self._identification else words:
            for piece in self._tidier.parts(word):
                self._words.wait(piece)
                while self._words.measure(is_end=False):
                    cues.extend(self._advance())
        return cues

    def finish(self, until_ms: int | None = None) -> list[LaidOutCue]:
        """Return the other cues; words may not be added any more.

        Args:
            until_ms: when the next speech begins; None where there is none. The last cue leaves a
                gap before it, unless it would be too short.
        """
        cues: list[LaidOutCue] = []
        while self._words.measure(is_end=True):
            cues.extend(self._advance())
        if self._words.items:
            last = self._last(until_ms)
            cues.extend(self._committed(last))
            self._cost = last.cost
        return cues

    def _advance(self) -> Iterator[LaidOutCue]:
        """Find the cheapest paths to the newest word; yield the cues that they have in common."""
        at = len(self._words.items) - 1
        if at == 0 and self._root is None:
            self._root = LayoutState(-1, 0, 0.0)
            first = self._words.items[0].start_ms
            times = {max(self._from_ms, time) for time in self._costs.starts(first)}
            self._states.append(
                [
                    LayoutState(0, time, self._costs.of_start(first, time), self._root)
                    for time in sorted(times)
                ]
            )
            return
        candidates = list(self._candidates.until(at, self._words.items[at].kind, self._states))
        self._states.append(self._reached(at, candidates))
        yield from self._settled(at, candidates)

    def _reached(self, at: int, candidates: Sequence[CueCandidate]) -> list[LayoutState]:
        word_ms = self._words.items[at].start_ms
        step_ms = self._profile.min_duration_ms + self._profile.min_gap_ms
        natural = self._costs.starts(word_ms)
        found: dict[int, LayoutState] = {}
        for candidate in candidates:
            for state in self._states[candidate.start]:
                if not self._candidates.is_shown(state.time_ms, candidate, at):
                    continue
                for time in {max(each, state.time_ms + step_ms) for each in natural}:
                    cost, end_ms = self._costs.end(
                        state.time_ms, candidate.spoken_ms, candidate.read_ms, time
                    )
                    cost += state.cost + candidate.cost + self._costs.of_start(word_ms, time)
                    if time not in found or cost < found[time].cost:
                        change = candidate.change and candidate.change + self._base
                        found[time] = LayoutState(
                            at + self._base, time, cost, state, end_ms, change
                        )
        return self._kept(found)

    def _kept(self, found: Mapping[int, LayoutState]) -> list[LayoutState]:
        """Return the states of a word that may be part of the best layout.

        A cue that begins earlier has more time, so one that begins later and costs no less is left
        out; where cues are moved to shot changes or to one another it has to cost more than that
        can be worth.
        """
        slack = _SLACK_COST if self._profile.snap_ms or self._profile.chain_below_ms else 0.0
        kept: list[LayoutState] = []
        least = inf
        for time in sorted(found):
            state = found[time]
            if state.cost < least + slack:
                kept.append(state)
                least = min(least, state.cost)
        return sorted(kept, key=lambda state: state.cost)[:_MAX_STARTS]

    def _settled(self, at: int, candidates: Sequence[CueCandidate]) -> Iterator[LaidOutCue]:
        """Yield the cues that no later word changes; forget what cannot be part of a layout."""
        first = at if self._words.items[at].is_edge else candidates[-1].start
        for states in self._states[:first]:
            states.clear()
        item = self._words.items[at]
        if item.is_edge or item.kind <= Break.CLAUSE:
            common = common_state(state for states in self._states[first:] for state in states)
            if common is not self._root and common.place >= 0:
                yield from self._committed(common)
        if item.kind is Break.SENTENCE:
            yield from self._forced(at, self._sentence)
            self._sentence = at + self._base
        elif self._root is not None and item.start_ms - self._root.time_ms > _LOOK_AHEAD_MS:
            yield from self._forced(at, None)
        self._forget()

    def _forced(self, at: int, sentence: int | None) -> Iterator[LaidOutCue]:
        """Yield cues that have waited for a sentence, or too long."""
        best = min(self._states[at], key=lambda state: (state.cost, state.time_ms))
        path = path_behind(best, self._root)
        chosen = None
        if sentence is not None:
            chosen = next((state for state in path if 0 <= state.place <= sentence), None)
        if chosen is None or chosen.before is None or chosen.before.place < 0:
            chosen = None
        waiting = [state for state in path if state.before is not None and state.before.place >= 0]
        if chosen is None and waiting:
            behind_ms = self._words.items[at].start_ms - waiting[-1].end_ms
            chosen = waiting[-1] if behind_ms > _LOOK_AHEAD_MS else None
        if chosen is not None:
            yield from self._committed(chosen)
            for states in self._states:
                states[:] = [state for state in states if descends(state, chosen)]

    def _last(self, until_ms: int | None) -> LayoutState:
        """Return the state behind the last word."""
        count = len(self._words.items)
        next_ms = until_ms
        found: LayoutState | None = None
        for candidate in self._candidates.until(count, None, self._states):
            for state in self._states[candidate.start]:
                if not self._candidates.is_shown(state.time_ms, candidate, count):
                    continue
                cost, end_ms = self._costs.end(
                    state.time_ms, candidate.spoken_ms, candidate.read_ms, next_ms
                )
                cost += state.cost + candidate.cost
                if found is None or cost < found.cost:
                    change = candidate.change and candidate.change + self._base
                    found = LayoutState(count + self._base, end_ms, cost, state, end_ms, change)
        if found is None:
            raise AssertionError("A word is wider than a cue")
        return found

    def _committed(self, state: LayoutState) -> Iterator[LaidOutCue]:
        """Yield the cues up to a state, which becomes the root of all others."""
        for end in reversed(path_behind(state, self._root)):
            begin = end.before
            if begin is not None and begin.place >= 0:
                yield self._cue(begin, end)
        self._root = state

    def _cue(self, begin: LayoutState, end: LayoutState) -> LaidOutCue:
        start, until = begin.place - self._base, end.place - self._base
        words = tuple(item.word for item in self._words.items[start:until])
        span = Span(begin.time_ms, end.end_ms)
        if end.change:
            return two_speakers(words, end.change - begin.place, span, self._language)
        _, starts = self._words.lines.best(start, until)
        return one_speaker(words, tuple(each - start for each in starts), span)

    def _forget(self) -> None:
        """Forget the words before the root."""
        if self._root is None or self._root.place - self._base < MAX_CUE_WORDS:
            return
        count = self._root.place - self._base
        self._root.before = None
        self._words.forget(count)
        del self._states[:count]
        self._base += count


def lay_out(
    words: Iterable[Word],
    profile: ReadingProfile,
    language: str = "",
    *,
    from_ms: int = 0,
    until_ms: int | None = None,
    video: VideoTiming = NO_VIDEO,
    labels: bool = False,
) -> list[LaidOutCue]:
    """Lay out words as cues that obey a profile.

    Args:
        words: in order, with their times, and their speakers where they are known.
        profile: limits of text and time, for several languages or one.
        language: BCP 47 tag of the words; empty where it is not known.
        from_ms: earliest start of a cue.
        until_ms: when the next speech begins; None where there is none.
        video: frame rate and shot changes.
        labels: whether a label stands ahead of the first word of whoever begins to speak, such as
            ``[Anna]``; its characters count in the width of lines and the reading speed.

    Returns:
        Cues in order. Every word is in one of them. None has more or wider lines than the profile
        allows, none is shorter or longer, and none begins before the gap behind the one before it;
        where that leaves no other choice a cue begins after its words.
    """
    layout = IncrementalLayout(profile, language, from_ms=from_ms, video=video, labels=labels)
    return [*layout.feed(words), *layout.finish(until_ms)]
