"""Segments of a window, one for each sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from app.domain.text import join_words, surely_ends_sentence
from app.domain.time import Span
from app.domain.transcript import Segment, Word

_LEAST_CONFIDENCE = 1e-9


def build_segments(words: Sequence[Word], language: str) -> list[Segment]:
    """Return a segment for each sentence, the last one possibly unfinished.

    Args:
        words: of one window, in order.
        language: BCP 47 tag.
    """
    sentences: list[list[Word]] = [[]]
    for word in words:
        before = sentences[-1]
        if before and surely_ends_sentence(before[-1].text, language) and _begins(word.text):
            sentences.append([])
        sentences[-1].append(word)
    return [segment_of(sentence, language) for sentence in sentences if sentence]


def _begins(word: str) -> bool:
    """Whether a word may begin a sentence: not with a lowercase letter."""
    letter = next((char for char in word if char.isalnum()), "")
    return not letter.islower()


def segment_of(words: Sequence[Word], language: str) -> Segment:
    """Return words as one segment.

    Args:
        words: in order, at least one.
        language: BCP 47 tag.
    """
    span = Span(words[0].span.start_ms, words[-1].span.end_ms)
    return Segment(
        text=join_words(words),
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
