"""Words of a Parakeet model, grouped from its timed tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.time import Span
from app.domain.transcript import Word

_LONGEST_TOKEN_MS = 240
"""Longest duration of the last token of a word before a pause. The model gives starts of tokens
and no ends; it skips four frames of 80 ms at most at a time, and three of them are about the
longest syllable. Source: the TDT paper (Xu et al., "Efficient sequence transduction by
jointly predicting tokens and durations", 2023), durations 0 to 4."""


@dataclass(frozen=True, slots=True)
class TimedToken:
    """One token of a model's output.

    Attributes:
        text: with a leading blank where a word begins.
        start_ms: from the window's start.
        probability: 0..1.
    """

    text: str
    start_ms: int
    probability: float


def build_words(tokens: Sequence[TimedToken], window: Span) -> list[Word]:
    """Return the words of one window.

    Args:
        tokens: in order.
        window: its place in the recording.

    Returns:
        Words in order, none reaching into the next, all inside the window.
    """
    groups = list(_grouped(tokens))
    if not groups:
        return []
    starts = [group[0].start_ms for group in groups]
    ends = [
        max(start, min(following, group[-1].start_ms + _LONGEST_TOKEN_MS))
        for group, start, following in zip(
            groups, starts, [*starts[1:], window.duration_ms], strict=True
        )
    ]
    words = [
        Word(_text(group), _inside(start, end, window), _confidence(group))
        for group, start, end in zip(groups, starts, ends, strict=True)
    ]
    return [word for word in words if word.text]


def _grouped(tokens: Sequence[TimedToken]) -> Iterator[list[TimedToken]]:
    group: list[TimedToken] = []
    for token in tokens:
        if group and token.text.startswith(" "):
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _text(group: Sequence[TimedToken]) -> str:
    return "".join(token.text for token in group).strip()


def _confidence(group: Sequence[TimedToken]) -> float:
    """Return the geometric mean of the tokens' probabilities."""
    mean = sum(math.log(max(token.probability, 1e-9)) for token in group) / len(group)
    return min(1.0, math.exp(mean))


def _inside(start_ms: int, end_ms: int, window: Span) -> Span:
    first = min(window.start_ms + start_ms, window.end_ms)
    return Span(first, max(first, min(window.start_ms + end_ms, window.end_ms)))
