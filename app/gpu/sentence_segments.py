"""Segments of a window, one for each sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import fmean

from app.domain.time import Span
from app.domain.transcript import Segment, Word

_END = re.compile(r"[.!?…。！？｡؟۔।॥։።៕](?P<closing>[\"'”’»›)\]」』）】》]*)$")
_ABBREVIATION = re.compile(
    r"^\W*(?:\w|(?:\w\.)+\w|mr|mrs|ms|dr|prof|st|sr|jr|vs|no|etc|sra?|mme|m)\.$", re.IGNORECASE
)
"""Abbreviations whose full stop ends no sentence: titles, initials."""


_LEAST_CONFIDENCE = 1e-9


def ends_sentence(word: str) -> bool:
    """Whether a word's final punctuation ends a sentence."""
    return _END.search(word) is not None and _ABBREVIATION.match(word) is None


def build_segments(words: Sequence[Word], language: str) -> list[Segment]:
    """Return a segment for each sentence, the last one possibly unfinished.

    Args:
        words: of one window, in order.
        language: BCP 47 tag.
    """
    sentences: list[list[Word]] = [[]]
    for word in words:
        before = sentences[-1]
        if before and ends_sentence(before[-1].text) and _begins(word.text):
            sentences.append([])
        sentences[-1].append(word)
    return [_segment(sentence, language) for sentence in sentences if sentence]


def _begins(word: str) -> bool:
    """Whether a word may begin a sentence: not with a lowercase letter."""
    letter = next((char for char in word if char.isalnum()), "")
    return not letter.islower()


def _segment(words: Sequence[Word], language: str) -> Segment:
    span = Span(words[0].span.start_ms, words[-1].span.end_ms)
    return Segment(
        text=_joined(words),
        span=span,
        words=tuple(words),
        language=language,
        confidence=_confidence(words),
        clear_until_ms=span.end_ms,
    )


def _confidence(words: Sequence[Word]) -> float:
    """Return the geometric mean, as that of its tokens is a model's confidence in a text."""
    mean = fmean(math.log(max(word.confidence, _LEAST_CONFIDENCE)) for word in words)
    return min(1.0, math.exp(mean))


def _joined(words: Sequence[Word]) -> str:
    return "".join(word.text if word.glued else f" {word.text}" for word in words).strip()
