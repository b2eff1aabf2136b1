"""Words of a transcript in passages: sentences, paragraphs, utterances of one speaker."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.domain.events import Result
from app.domain.text import ends_sentence, join_words
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.stages.assign_speakers import TurnIndex

_PARAGRAPH_PAUSE_MS = 2_000
"""Silence that ends a paragraph."""

_PARAGRAPH_SENTENCES = 5
"""Longest paragraph."""

_SPOKEN_MARKS = frozenset("%&@#§")
"""Punctuation by its Unicode category that is read aloud."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that belong together.

    Attributes:
        words: at least one.
    """

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words as one text."""
        return join_words(self.words)

    @property
    def span(self) -> Span:
        """Time from the first word to the end of the last one."""
        return Span(self.words[0].span.start_ms, max(word.span.end_ms for word in self.words))

    @property
    def confidence(self) -> float:
        """Mean of the words' confidences, 0..1."""
        return sum(word.confidence for word in self.words) / len(self.words)

    @property
    def speaker(self) -> str | None:
        """Label of the speaker of the first word."""
        return self.words[0].speaker


def words_of_result(result: Result) -> list[Word]:
    """Return the words of a result in order.

    A segment of an engine that knows no times of words is one word: its text and its span.
    """
    turns = TurnIndex(result.turns) if result.turns else None
    return [word for segment in result.segments for word in _words_of_segment(segment, turns)]


def words_of_segments(segments: Sequence[Segment]) -> list[Word]:
    """Return the words of segments whose speakers are not known; see `words_of_result`."""
    return [word for segment in segments for word in _words_of_segment(segment, None)]


def _words_of_segment(segment: Segment, turns: TurnIndex | None) -> Iterator[Word]:
    if segment.words:
        yield from (word for word in segment.words if word.text)
    elif text := segment.text.strip():
        speaker = None if turns is None else turns.longest(segment.span)
        yield Word(text, segment.span, segment.confidence, speaker)


def written(words: Sequence[Word], *, punctuated: bool, cased: bool) -> list[Word]:
    """Return words without their punctuation, or in small letters; such as vanish are left out."""
    found = words if punctuated else [replace(word, text=bare(word.text)) for word in words]
    return [word if cased else replace(word, text=word.text.lower()) for word in found if word.text]


def bare(text: str) -> str:
    """Return a text without the punctuation around it."""
    start, end = 0, len(text)
    while start < end and _is_mark(text[start]):
        start += 1
    while end > start and _is_mark(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("P") and char not in _SPOKEN_MARKS


def utterances(words: Sequence[Word], pause_ms: int | None) -> list[Passage]:
    """Return words in stretches of one speaker.

    Args:
        words: in order.
        pause_ms: silence that ends a stretch too; None for none.
    """

    def ends(word: Word, following: Word) -> bool:
        gap_ms = following.span.start_ms - word.span.end_ms
        return word.speaker != following.speaker or (pause_ms is not None and gap_ms >= pause_ms)

    return _passages(words, ends)


def sentences(words: Sequence[Word], language: str) -> list[Passage]:
    """Return words in sentences of one speaker.

    Args:
        words: in order, with their punctuation.
        language: BCP 47 tag, whose abbreviations end no sentence.
    """

    def ends(word: Word, following: Word) -> bool:
        if word.speaker != following.speaker:
            return True
        return ends_sentence(word.text, following.text, language)

    return _passages(words, ends)


def paragraphs(parts: Sequence[Passage]) -> list[list[Passage]]:
    """Return sentences in paragraphs, which end with a speaker, with a pause, or as long ones."""
    found: list[list[Passage]] = []
    for part in parts:
        last = found[-1][-1] if found else None
        if (
            last is None
            or last.speaker != part.speaker
            or part.span.start_ms - last.span.end_ms >= _PARAGRAPH_PAUSE_MS
            or len(found[-1]) >= _PARAGRAPH_SENTENCES
        ):
            found.append([])
        found[-1].append(part)
    return found


def merged(parts: Sequence[Passage]) -> Passage:
    """Return passages as one."""
    return Passage(tuple(word for part in parts for word in part.words))


def _passages(words: Sequence[Word], ends: Callable[[Word, Word], bool]) -> list[Passage]:
    if not words:
        return []
    edges = [at for at, (one, other) in enumerate(pairwise(words), start=1) if ends(one, other)]
    return [Passage(tuple(words[a:b])) for a, b in pairwise([0, *edges, len(words)])]
