"""Normalized words of a segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.layout.line_breaks import break_lines
from app.services.layout.tokens import split_spaces, tokenize
from app.services.layout.width import text_width


def words_of(segment: Segment, profile: ReadingProfile) -> list[Word]:
    """Return the words of a segment with the invariants that layout requires.

    No word is blank or holds a space, none is wider than a cue, starts never go back, and no word
    ends before it starts. Their order is the segment's: an engine's word times are off by more
    than its word order. A segment without words has its text spread over its span.
    """
    words = _tidy(segment.words, profile)
    return words or _tidy(_spread_text(segment), profile)


def _tidy(words: Sequence[Word], profile: ReadingProfile) -> list[Word]:
    tidy: list[Word] = []
    reached_ms = 0
    for word in words:
        start_ms = max(reached_ms, word.span.start_ms)
        span = Span(start_ms, max(start_ms, word.span.end_ms))
        tidy.extend(_parts(replace(word, span=span), profile))
        reached_ms = tidy[-1].span.start_ms if tidy else start_ms
    return tidy


def _spread_text(segment: Segment) -> list[Word]:
    tokens = tokenize(segment.text)
    spans = _share(segment.span, [token.text for token in tokens])
    return [
        Word(token.text, span, segment.confidence, glued=token.glued)
        for token, span in zip(tokens, spans, strict=True)
    ]


def _parts(word: Word, profile: ReadingProfile) -> Iterator[Word]:
    """Yield a word, cut at spaces in it and where it is too wide for a cue."""
    parts: list[tuple[str, bool]] = []
    for chunk in filter(str.strip, split_spaces(word.text)):
        for index, piece in enumerate(_fitting(chunk, profile)):
            parts.append((piece, index > 0 or (word.glued and not parts)))
    spans = _share(word.span, [piece for piece, _ in parts])
    for (piece, glued), span in zip(parts, spans, strict=True):
        yield replace(word, text=piece, span=span, glued=glued)


def _fitting(chunk: str, profile: ReadingProfile) -> list[str]:
    lines = break_lines(chunk, profile)
    step = profile.max_lines
    return ["".join(lines[start : start + step]) for start in range(0, len(lines), step)]


def _share(span: Span, texts: Sequence[str]) -> list[Span]:
    """Divide a span among texts in proportion to their width."""
    edges = list(accumulate((max(1, text_width(text)) for text in texts), initial=0))
    times = [span.start_ms + span.duration_ms * edge // max(1, edges[-1]) for edge in edges]
    return [Span(start, end) for start, end in pairwise(times)]
