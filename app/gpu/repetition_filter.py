"""Filter of repetitions that a decoder hallucinated.

A decoder that lost track of the audio repeats its last words, with growing confidence. No list of
phrases distinguishes that from a speaker who says "no" eight times; speaking rate does. Real
repetitions are spoken at a rate that is humanly possible, hallucinated ones are crammed into the
remaining time, or have words that begin and end at once.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import fmean

import numpy as np

from app.domain.audio import Audio
from app.domain.time import SAMPLES_PER_MS, Span
from app.domain.transcript import Segment, Word
from app.gpu.sentence_segments import segment_of

_ONE_EACH = re.compile(
    r"[0-9\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Digits, kana (a mora each), ideographs and Hangul."""

_VOWELS = re.compile("[aeiouyæøœıаеёиоуыэюяіїєαεηιουω]+")

_MUTE_E = re.compile(r"(?<=[^\W\d_aeiou])e$")

_LETTERS_EACH = 2.5
"""Letters for a syllable in scripts that write no vowels, or that are not listed above."""


@lru_cache(maxsize=4096)
def syllables(word: str) -> int:
    """Return about how many syllables a word has; 0 where it has neither letter nor digit.

    It errs by a third in either direction, which is enough to recognise impossible speaking rates.
    """
    whole = len(_ONE_EACH.findall(word))
    others = _ONE_EACH.sub("", word).casefold()
    plain = "".join(char for char in unicodedata.normalize("NFD", others) if char.isalpha())
    if not plain:
        return whole
    groups = len(_VOWELS.findall(plain))
    if groups > 1 and _MUTE_E.search(plain):
        groups -= 1
    return whole + (groups or math.ceil(len(plain) / _LETTERS_EACH))


LOOPS_REVISION = 3
"""Counts the changes of these rules; part of the cache key of an engine that uses them."""

_MOST_PER_S = 12.0
"""Syllables that people say in a second, repeating themselves. Fast speech has 7 or 8; the record
of fast talking, about 640 words a minute, is near 15. Source: Pellegrino, Coupe and Marsico, "A
cross-language perspective on speech information rate", Language 87(3): means of 5.2 to 7.8."""

_LEAST_REPEATS, _LEAST_SYLLABLES = 3, 8
"""A shorter run says too little about its rate: word times are off by a tenth of a second."""

_COLLAPSED_PER_S, _COLLAPSED_SYLLABLES = 20.0, 6
"""All repetitions after the first within 50 ms a syllable: the alignment found no audio for them.
Six syllables, since a real word or two may be timed as badly as that."""

_NOISE, _NOISE_REPEATS = 0.15, 4
"""Mean confidence of a run that was never likely."""

_FED_FIRST, _FED_LATER, _FED_REPEATS = 0.4, 0.95, 8
"""A run that fed itself: uncertain at first, and then certain in every repetition."""

_FRAME_MS = 10
_QUIET = 1e-4
"""Power relative to the loudest frame, -40 dB, under which there is no speech."""

_EDGE_MS = 300
"""Audio this close to a run may belong to it."""

_STUTTER = re.compile(r"(.{1,6}?)\1{9,}")
_MOST_LETTERS_PER_S = 40.0
"""Letters of one word. Fast English has about 25 in a second, pauses left out."""


@dataclass(frozen=True, slots=True)
class _Repetition:
    """A run of ``period`` words that repeat, from word ``start`` to before word ``end``."""

    start: int
    end: int
    period: int

    @property
    def second(self) -> int:
        """Index at which the first repetition begins."""
        return self.start + self.period

    @property
    def repeats(self) -> int:
        return (self.end - self.start) // self.period


def cut_loops(segments: Sequence[Segment], audio: Audio | None = None) -> list[Segment]:
    """Return the segments of one window without hallucinated repetitions.

    A loop is cut down to its first occurrence, and all that follows is cut too, since no word
    after a loop has a reliable time. The time is left without text, so that it may be transcribed
    again. Real repetitions stay.

    Args:
        segments: of one window, in order. One without words counts as a single word.
        audio: of the window; silent time in it holds no words.

    Returns:
        The same segments where there is no loop.
    """
    cleaned = [_unstuttered(segment) for segment in segments]
    words = [word for segment in cleaned for word in _words(segment)]
    cut = _first_to_drop(words, audio)
    if cut is None:
        return cleaned
    left: list[Segment] = []
    for segment in cleaned:
        count = len(_words(segment))
        if count <= cut:
            left.append(segment)
        elif cut > 0:
            left.append(_with_words(segment, segment.words[:cut]))
        cut -= count
        if cut <= 0:
            break
    return left


def cut_crammed_end(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments of one window without sentences that nobody can have said at its end.

    A decoder that expects more speech than there is goes on writing: a sentence once more, or one
    that was never said. The alignment finds no audio for it and crams its words together.

    Args:
        segments: of one window, in order, a sentence each. The first one stays in any case: where
            all is crammed, it is the alignment that failed.
    """
    kept = len(segments)
    for start in reversed(range(1, len(segments))):
        said = [word for segment in segments[start:] for word in _words(segment)]
        if _is_collapsed(said):
            kept = start
    return list(segments[:kept])


def _words(segment: Segment) -> tuple[Word, ...]:
    return segment.words or (Word(segment.text, segment.span, segment.confidence),)


def _first_to_drop(words: Sequence[Word], audio: Audio | None) -> int | None:
    keys = [_key(word.text) for word in words]
    if len(set(keys)) == len(keys):
        return None
    loops = [run for run in _runs(keys) if _is_loop(words, run, audio)]
    return min((run.second for run in loops), default=None)


def _key(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold()) or text


def _runs(keys: Sequence[str]) -> Iterator[_Repetition]:
    """Yield every longest run that repeats with some period, at least twice."""
    for period in range(1, len(keys) // 2 + 1):
        start = None
        for place in range(len(keys) - period + 1):
            same = place + period < len(keys) and keys[place] == keys[place + period]
            if same and start is None:
                start = place
            elif not same and start is not None:
                if place - start >= period:
                    yield _Repetition(start, place + period, period)
                start = None


def _is_loop(words: Sequence[Word], run: _Repetition, audio: Audio | None) -> bool:
    said = words[run.start : run.end]
    again = said[run.period :]
    return (
        _is_collapsed(again)
        or (run.repeats >= _LEAST_REPEATS and _is_too_fast(said, audio))
        or (run.repeats >= _NOISE_REPEATS and fmean(w.confidence for w in said) < _NOISE)
        or (run.repeats >= _FED_REPEATS and _is_fed(said[: run.period], again))
    )


def _is_collapsed(again: Sequence[Word]) -> bool:
    count = _syllables(again)
    return count >= _COLLAPSED_SYLLABLES and _over(count, _across(again), _COLLAPSED_PER_S)


def _is_too_fast(said: Sequence[Word], audio: Audio | None) -> bool:
    count, span = _syllables(said), _across(said)
    if count < _LEAST_SYLLABLES:
        return False
    return _over(count, span, _MOST_PER_S) or (
        audio is not None and count * 1000 > _MOST_PER_S * _audible_ms(audio, span)
    )


def _is_fed(first: Sequence[Word], again: Sequence[Word]) -> bool:
    later = again[len(again) // 2 :]
    return (
        fmean(word.confidence for word in first) < _FED_FIRST
        and fmean(word.confidence for word in later) > _FED_LATER
    )


def _syllables(words: Sequence[Word]) -> int:
    return sum(syllables(word.text) for word in words)


def _across(words: Sequence[Word]) -> Span:
    return Span(words[0].span.start_ms, max(words[0].span.start_ms, words[-1].span.end_ms))


def _over(count: float, span: Span, most_per_s: float) -> bool:
    return count * 1000 > most_per_s * span.duration_ms


def _audible_ms(audio: Audio, span: Span) -> int:
    """Return how much of a span of a window is not silent."""
    frame = _FRAME_MS * SAMPLES_PER_MS
    whole = audio.samples[: len(audio.samples) // frame * frame].reshape(-1, frame)
    if not len(whole):
        return span.duration_ms
    power = np.einsum("ij,ij->i", whole, whole)
    first = max(0, span.start_ms - _EDGE_MS - audio.span.start_ms) // _FRAME_MS
    last = max(0, span.end_ms + _EDGE_MS - audio.span.start_ms) // _FRAME_MS
    return int(np.count_nonzero(power[first:last] > _QUIET * power.max())) * _FRAME_MS


def _unstuttered(segment: Segment) -> Segment:
    """Shorten words that repeat one syllable or letter impossibly fast."""
    words = [_unstuttered_word(word) for word in segment.words]
    return segment if words == list(segment.words) else _with_words(segment, words)


def _with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    shorter = segment_of(words, segment.language)
    return replace(
        segment,
        text=shorter.text,
        span=shorter.span,
        words=shorter.words,
        confidence=shorter.confidence,
        clear_until_ms=shorter.clear_until_ms,
    )


def _unstuttered_word(word: Word) -> Word:
    if not _over(len(word.text), word.span, _MOST_LETTERS_PER_S):
        return word
    return replace(word, text=_STUTTER.sub(r"\1", word.text))
