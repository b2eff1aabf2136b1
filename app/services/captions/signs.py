"""Signs and songs beside the dialogue: one text at a time, each for itself."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.domain.captions import Caption
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.services.captions.reading_notices import ReadingNotices
from app.services.layout.width import text_width

_MIN_MS = DEFAULT_PROFILE.min_duration_ms
_LEAST_MS = 500
"""Shortest time for a sign that has no longer one: enough for a word."""

_AROUND_MS = 2000
"""How far a sign may move that has no time of its own."""

_CPS = 20
"""Characters per second of the fastest readers. Source: Netflix's timed text style guide (English,
adult programmes)."""

_MOST_SPANS = 64
"""Spans of dialogue that one sign is compared with; it stays on screen for minutes at most."""


def signs_apart(captions: Sequence[Caption], notices: ReadingNotices) -> list[Caption]:
    """Return captions in which nothing of another lane is shown together with dialogue.

    Dialogue keeps its times. A sign or a line of a song that overlaps it is shown in the first part
    of its own time that is free and long enough to read it; else in the longest one; else right
    behind or before the dialogue that covers it; where dialogue follows dialogue, in the last third
    of the longest that covers it.

    Args:
        captions: sorted by start; dialogue may overlap dialogue.
        notices: take the number of those that were moved.
    """
    if all(caption.lane == "dialogue" for caption in captions):
        return list(captions)
    busy = _Busy(caption.span for caption in captions if caption.lane == "dialogue")
    apart: list[Caption] = []
    for caption in captions:
        span = caption.span
        if caption.lane != "dialogue":
            span = busy.free_span(span, _reading_ms(caption.text))
            busy.add(span)
            if span != caption.span:
                what = "Signs and songs beside dialogue, shown before, between or after it"
                notices.repaired(what, _clock(caption.span.start_ms))
        apart.append(replace(caption, span=span))
    return sorted(apart, key=lambda caption: caption.span.start_ms)


class _Busy:
    """Times in which something is shown already.

    Args:
        spans: in any order.
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans: list[Span] = []
        self._dialogue = sorted(spans)
        for span in self._dialogue:
            last = self._spans[-1] if self._spans else None
            if last is not None and span.start_ms <= last.end_ms:
                self._spans[-1] = Span(last.start_ms, max(last.end_ms, span.end_ms))
            else:
                self._spans.append(span)

    def add(self, span: Span) -> None:
        """Add a span in which something is shown."""
        insort(self._spans, span)

    def free_span(self, span: Span, reading_ms: int) -> Span:
        """Return a free part of a span, or one near it.

        Args:
            span: the caption's own time.
            reading_ms: how long it takes to read.
        """
        pieces = list(self._free(span))
        if pieces and pieces[0] == span:
            return span
        for piece in pieces:
            if piece.duration_ms >= min(reading_ms, span.duration_ms):
                return piece
        longest = max(pieces, key=lambda piece: piece.duration_ms, default=None)
        if longest is not None and longest.duration_ms >= _LEAST_MS:
            return longest
        around = Span(max(0, span.start_ms - _AROUND_MS), span.end_ms + _AROUND_MS)
        near = [piece for piece in self._free(around) if piece.duration_ms >= _LEAST_MS]
        length_ms = max(reading_ms, _LEAST_MS)
        for piece in near:
            if piece.start_ms > span.start_ms:
                return Span(piece.start_ms, min(piece.end_ms, piece.start_ms + length_ms))
        if near:
            return Span(max(near[-1].start_ms, near[-1].end_ms - length_ms), near[-1].end_ms)
        return self._end_of_dialogue(span, length_ms)

    def _end_of_dialogue(self, span: Span, length_ms: int) -> Span:
        """Return the end of the longest dialogue that covers a span: a third of it at most.

        The dialogue ends early where a sign begins, as it does for whatever follows it.
        """
        at = bisect_left(self._dialogue, Span(span.end_ms, span.end_ms))
        covering = [
            each
            for each in self._dialogue[max(0, at - _MOST_SPANS) : at]
            if each.end_ms > span.start_ms
        ]
        if not covering:
            return span
        longest = max(covering, key=lambda each: each.duration_ms)
        length_ms = min(length_ms, longest.duration_ms // 3)
        return Span(longest.end_ms - length_ms, longest.end_ms)

    def _free(self, span: Span) -> Iterator[Span]:
        """Yield the parts of a span in which nothing is shown."""
        at_ms = span.start_ms
        for busy in self._near(span):
            if busy.start_ms > at_ms:
                yield Span(at_ms, min(busy.start_ms, span.end_ms))
            at_ms = max(at_ms, busy.end_ms)
        if at_ms < span.end_ms:
            yield Span(at_ms, span.end_ms)

    def _near(self, span: Span) -> Iterator[Span]:
        """Yield the spans that overlap one, the first few of them."""
        at = max(0, bisect_left(self._spans, span) - 1)
        for busy in self._spans[at : at + _MOST_SPANS]:
            if busy.start_ms >= span.end_ms:
                return
            if busy.end_ms > span.start_ms:
                yield busy


def _reading_ms(text: str) -> int:
    return max(_MIN_MS, text_width(text) * 1000 // _CPS)


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"
