"""Matching of a text with what was transcribed, word by word."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from rapidfuzz.distance import Levenshtein

from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout.tokens import tokenize

_RUN = 3
"""Equal words in a row that are no chance: two texts of one language share pairs of words."""

_NEAR = 8
"""Words that a single equal word may lie from such a run."""

_EVEN = 0.23
_STEEPNESS = 20.0
"""Confidence by the share of matched words. Two different passages of one novel share 1 to 3 % of
their words in runs of three; a text with the transcript of a small model about 60 to 95 %."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A word of the given text whose time is known.

    Attributes:
        place: its index in the text.
        span: when it is said.
    """

    place: int
    span: Span


@dataclass(frozen=True, slots=True)
class WordMatch:
    """How a text lies in a transcript.

    Attributes:
        anchors: words of the text that were transcribed, in order of place and of time.
        share: of the words of the shorter one that match, 0..1.
    """

    anchors: tuple[Anchor, ...]
    share: float

    @property
    def confidence(self) -> float:
        """How sure it is that the text is what is said, 0..1."""
        return confidence_of(self.share)


def confidence_of(share: float) -> float:
    """Return how sure it is that two texts are the same by the share of words that match, 0..1."""
    return round(1 / (1 + exp(-_STEEPNESS * (share - _EVEN))), 3)


def match_words(text: Sequence[str], heard: Sequence[Word]) -> WordMatch:
    """Return which words of a text were transcribed, and when.

    Args:
        text: words as they are written; in scripts without spaces any pieces.
        heard: transcribed words in order.

    Source: edit distance with its path (Levenshtein 1966; Hirschberg's for long texts), by
    RapidFuzz.
    """
    given = [(place, form) for place, word in enumerate(text) for form in _forms(word)]
    spoken = [(word, form) for word in _pieces(heard) for form in _forms(word.text)]
    codes: dict[str, int] = {}
    numbers = [[codes.setdefault(form, len(codes)) for _, form in each] for each in (given, spoken)]
    pairs = [
        (each.src_start + step, each.dest_start + step)
        for each in Levenshtein.opcodes(*numbers)
        if each.tag == "equal"
        for step in range(each.src_end - each.src_start)
    ]
    sure = _pairs_in_runs(pairs, min(_RUN, len(given), len(spoken)))
    anchors: list[Anchor] = []
    for ours, theirs in sure:
        place, span = given[ours][0], spoken[theirs][0].span
        if not anchors or (
            place > anchors[-1].place and span.start_ms >= anchors[-1].span.start_ms
        ):
            anchors.append(Anchor(place, span))
    least = max(1, min(len(given), len(spoken)))
    return WordMatch(tuple(anchors), round(len(sure) / least, 4))


def _pieces(heard: Sequence[Word]) -> list[Word]:
    """Return words cut as `tokenize` cuts a text, each part with its share of the time."""
    pieces: list[Word] = []
    for word in heard:
        texts = [token.text for token in tokenize(word.text)]
        length = word.span.duration_ms
        for index, text in enumerate(texts):
            start = word.span.start_ms + length * index // len(texts)
            end = word.span.start_ms + length * (index + 1) // len(texts)
            pieces.append(Word(text, Span(start, end)))
    return pieces


def _forms(word: str) -> list[str]:
    """Return what is compared of a word: letters and digits without case; nothing of a mark.

    Compounds are compared by their parts, which a transcriber may write apart.
    """
    plain = unicodedata.normalize("NFKC", word).casefold().replace("’", "'")
    parts = "".join(char if char.isalnum() or char == "'" else " " for char in plain).split()
    return [form for part in parts if (form := part.replace("'", ""))]


def _pairs_in_runs(pairs: Sequence[tuple[int, int]], run: int) -> list[tuple[int, int]]:
    """Return pairs of equal words that stand in a run, or near one."""
    runs: list[list[tuple[int, int]]] = []
    for pair in pairs:
        last = runs[-1][-1] if runs else None
        if last is not None and (pair[0] - last[0], pair[1] - last[1]) == (1, 1):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    sure: list[tuple[int, int]] = []
    for index, own in enumerate(runs):
        beside = [*runs[max(0, index - 1) : index], *runs[index + 1 : index + 2]]
        if len(own) >= run or any(_is_near(own, other) for other in beside if len(other) >= run):
            sure += own
    return sure


def _is_near(own: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> bool:
    first, second = (own, other) if own[0] < other[0] else (other, own)
    return all(b - a <= _NEAR for a, b in zip(first[-1], second[0], strict=True))
