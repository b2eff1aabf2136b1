"""Normalized words of a segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.layout.tokens import tokenize
from app.services.layout.width import text_width


def words_of(segment: Segment, profile: ReadingProfile) -> list[Word]:
    """Return the words of a segment with the invariants that layout requires.

    No word is blank or holds a space, none is wider than a line, starts never go back, and no word
    ends before it starts. Words of scripts without spaces are in the pieces between which a line
    may break. Their order is the segment's: an engine's word times are off by more than its word
    order. A segment without words has its text spread over its span.
    """
    words = _tidy(segment.words, profile)
    return words or _tidy(_spread_text(segment), profile)


class WordTidier:
    """Gives words the invariants of `words_of`, one after another.

    Args:
        profile: none of the pieces is wider than one of its lines.
    """

    def __init__(self, profile: ReadingProfile) -> None:
        self._max_width = profile.max_line_chars
        self._reached_ms = 0

    def parts(self, word: Word) -> list[Word]:
        """Return the pieces of the next word; none where it is blank."""
        start_ms = max(self._reached_ms, word.span.start_ms)
        span = Span(start_ms, max(start_ms, word.span.end_ms))
        pieces = list(_parts(replace(word, span=span), self._max_width))
        self._reached_ms = pieces[-1].span.start_ms if pieces else start_ms
        return pieces


def _tidy(words: Sequence[Word], profile: ReadingProfile) -> list[Word]:
    tidier = WordTidier(profile)
    return [part for word in words for part in tidier.parts(word)]


def _spread_text(segment: Segment) -> list[Word]:
    tokens = tokenize(segment.text)
    spans = share_span(segment.span, [token.text for token in tokens])
    return [
        Word(token.text, span, segment.confidence, glued=token.glued)
        for token, span in zip(tokens, spans, strict=True)
    ]


def _parts(word: Word, max_width: int) -> Iterator[Word]:
    """Yield a word, cut where a line may break in it, and where it is too wide for one."""
    # A no-break space may stand alone, and nothing of it is seen.
    tokens = [token for token in tokenize(word.text, max_width) if not token.text.isspace()]
    spans = share_span(word.span, [token.text for token in tokens])
    for index, (token, span) in enumerate(zip(tokens, spans, strict=True)):
        glued = token.glued if index else word.glued
        yield replace(word, text=token.text, span=span, glued=glued)


def share_span(span: Span, texts: Sequence[str]) -> list[Span]:
    """Divide a span among texts in proportion to their width."""
    edges = list(accumulate((max(1, text_width(text)) for text in texts), initial=0))
    times = [span.start_ms + span.duration_ms * edge // max(1, edges[-1]) for edge in edges]
    return [Span(start, end) for start, end in pairwise(times)]
