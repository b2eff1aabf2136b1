"""Splitter of a segment's words into phrases, one for each cue.

Words are split at speaker changes and silences, then into sentences. A sentence that is too long
for a cue is divided, about evenly, at the position that reads best; whole sentences that follow
at once share a cue where they fit. ``split`` is the seam: any function of its signature can
replace it, since lines and times are decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from math import ceil

from app.domain.profile import ReadingProfile
from app.domain.transcript import Word
from app.services.layout.breaks import BREAK_COST, Break, break_between
from app.services.layout.line_breaks import fits
from app.services.layout.phrase import Phrase
from app.services.layout.width import text_width

Splitter = Callable[[Sequence[Word], int, ReadingProfile, str], list[Phrase]]
"""From words, their latest end on screen (ms), a profile and the words' language to phrases that
each fit a cue."""

_PAUSE_MS = 300
"""Silence that a listener notices. Source: pauses of 250 ms and more are taken for intended
ones rather than articulation (Goldman-Eisler, "Psycholinguistics", 1968)."""

_SILENCE_MS = 1500
"""Silence over which no cue stays: half a second for the cue to linger, and a second without it
so that the next cue is seen as new."""

_MAX_WORD_MS = 1000
"""Longest word that counts in full: the aligner stretches longer ones over a silence."""

_FILL = 0.9
"""Share of a cue that text fills when it is full: a line ends half a word early on average."""

_PAUSE_COST = 5.0
"""Cost of a break at the shortest pause, on the scale of ``BREAK_COST``: it ranks between comma and
conjunction, and a longer pause costs less."""


def split(
    words: Sequence[Word], until_ms: int, profile: ReadingProfile, language: str = ""
) -> list[Phrase]:
    """Divide words into phrases, each of one speaker and fit for one cue.

    Args:
        words: tidy (see ``words_of``): none is wider than a cue.
        until_ms: when the next speech begins.
        profile: limits of text and duration.
        language: BCP 47 tag of the words; empty where it is not known.

    Returns:
        Phrases in order; their words together are the words given.
    """
    turns = list(_turns(words))
    ends = [turn.start_ms for turn in turns[1:]] + [until_ms]
    return [
        phrase
        for turn, end_ms in zip(turns, ends, strict=True)
        for phrase in _merge_short(_filled(turn, profile, language), end_ms, profile)
    ]


def _turns(words: Sequence[Word]) -> Iterator[Phrase]:
    """Yield runs of one speaker without a silence; unlabelled words join the current speaker's."""
    turn: list[Word] = []
    speaker: str | None = None
    for word in words:
        is_other = None not in (speaker, word.speaker) and speaker != word.speaker
        if turn and (is_other or word.span.start_ms - turn[-1].span.end_ms >= _SILENCE_MS):
            yield Phrase(tuple(turn))
            turn, speaker = [], None
        turn.append(word)
        speaker = speaker or word.speaker
    if turn:
        yield Phrase(tuple(turn))


def _filled(turn: Phrase, profile: ReadingProfile, language: str) -> list[Phrase]:
    """Return the phrases of a turn, whole sentences sharing one where they fit."""
    filled: list[Phrase] = []
    for sentence in _sentences(turn, language):
        parts = _divided(sentence, profile, language)
        if len(parts) == 1 and filled and filled[-1].pause_before_ms(sentence) < _PAUSE_MS:
            both = filled[-1] + sentence
            if _is_cue(both, profile):
                filled[-1] = both
                continue
        filled.extend(parts)
    return filled


def _sentences(turn: Phrase, language: str) -> Iterator[Phrase]:
    begin = 0
    for index, (before, after) in enumerate(pairwise(turn.words), start=1):
        if break_between(before.text, after.text, language) is Break.SENTENCE:
            yield Phrase(turn.words[begin:index])
            begin = index
    yield Phrase(turn.words[begin:])


def _divided(phrase: Phrase, profile: ReadingProfile, language: str) -> list[Phrase]:
    """Return a phrase as it is, or as parts that each fit a cue."""
    if len(phrase.words) == 1 or _is_cue(phrase, profile):
        return [phrase]
    at = _best_break(phrase, profile, language)
    left, right = Phrase(phrase.words[:at]), Phrase(phrase.words[at:])
    return _divided(left, profile, language) + _divided(right, profile, language)


def _is_cue(phrase: Phrase, profile: ReadingProfile) -> bool:
    last = phrase.words[-1].span
    end_ms = last.start_ms + min(last.duration_ms, _MAX_WORD_MS)
    return end_ms - phrase.start_ms <= profile.max_duration_ms and fits(phrase.text, profile)


def _best_break(phrase: Phrase, profile: ReadingProfile, language: str) -> int:
    """Return how many words to leave in the first part.

    The part takes its share of the cues that the phrase needs, by text or by time, whichever
    needs more.
    """
    words = phrase.words
    widths = list(accumulate((text_width(w.text) + (not w.glued) for w in words), initial=0))
    by_text = [width / widths[-1] for width in widths]
    duration_ms = max(1, words[-1].span.start_ms - phrase.start_ms)
    by_time = [(word.span.start_ms - phrase.start_ms) / duration_ms for word in words]
    needs = (widths[-1] / (profile.max_chars * _FILL), duration_ms / profile.max_duration_ms)
    positions = by_text if needs[0] >= needs[1] else by_time
    count = max(2, ceil(max(needs)))
    share = (count // 2) / count

    def cost(at: int) -> float:
        off = (positions[at] - share) * count
        tie = by_text[at] - share
        return 100 * off * off + tie * tie + _break_cost(words[at - 1], words[at], language)

    return min(range(1, len(words)), key=cost)


def _break_cost(before: Word, after: Word, language: str) -> float:
    kind = break_between(before.text, after.text, language)
    cost = BREAK_COST[kind]
    pause_ms = after.span.start_ms - before.span.end_ms
    if pause_ms < _PAUSE_MS or kind is Break.BAD:
        return cost
    return min(cost, _PAUSE_COST * _PAUSE_MS / pause_ms)


def _merge_short(phrases: Sequence[Phrase], until_ms: int, profile: ReadingProfile) -> list[Phrase]:
    """Merge a phrase that would be shown too briefly with the one before or after it."""
    merged: list[Phrase] = []
    ends = [phrase.start_ms for phrase in phrases[1:]] + [until_ms]
    for phrase, end_ms in zip(phrases, ends, strict=True):
        is_short = end_ms - phrase.start_ms < profile.min_duration_ms + profile.min_gap_ms
        follows_short = bool(merged) and (
            phrase.start_ms - merged[-1].start_ms < profile.min_duration_ms + profile.min_gap_ms
        )
        if merged and (is_short or follows_short) and _is_cue(merged[-1] + phrase, profile):
            merged[-1] += phrase
        else:
            merged.append(phrase)
    return merged
