"""Timed parts of a paragraph of TTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.services.captions.caption_lines import strip_markup
from app.services.captions.raw_captions import TextRun
from app.services.captions.readers.ttml_timing import UNBOUNDED, Interval
from app.services.layout.width import text_width

_WORD_WIDTH = 16
"""Width above which a text without spaces is no word of a sung or spoken line: the longest words
of running text have some twenty letters, a line of Chinese or Japanese twenty columns and more."""


@dataclass(frozen=True, slots=True)
class SpanText:
    """A text of a paragraph.

    Attributes:
        text: with its line breaks.
        interval: of the innermost timed element that holds it; None where none has a time.
    """

    text: str
    interval: Interval | None


def split_paragraph(
    texts: Sequence[SpanText], whole: Interval
) -> Iterator[tuple[Interval, tuple[TextRun, ...]]]:
    """Yield the captions of a paragraph: one, or several where its spans replace one another.

    Words that are timed one by one, and spans that stay once they have appeared, are one caption
    whose runs have times. Spans that take turns are captions of their own; a text without a time
    goes with the span that follows it.

    Args:
        texts: in the paragraph's order.
        whole: the paragraph's interval.
    """
    timed = [each.interval for each in texts if each.interval is not None and each.text.strip()]
    if not timed:
        yield whole, tuple(TextRun(each.text) for each in texts)
        return
    hull = Interval(
        min(interval.begin_ms for interval in timed), max(interval.end_ms for interval in timed)
    )
    always = any(each.interval is None and each.text.strip() for each in texts)
    if _is_one_line(texts, hull):
        yield (whole if always and whole.is_own else hull), _timed_runs(texts)
        return
    for interval, part in groupby(_attached(texts), key=lambda each: each.interval):
        yield interval or hull, tuple(TextRun(each.text) for each in part)


def _is_one_line(texts: Iterable[SpanText], hull: Interval) -> bool:
    """Whether spans are the words of one line, or stay until the end of it."""
    timed = [each for each in texts if each.interval is not None and each.text.strip()]
    if all(each.interval is not None and each.interval.end_ms >= hull.end_ms for each in timed):
        return True
    words = [strip_markup(each.text).strip() for each in timed]
    return all(len(word.split()) == 1 and text_width(word) <= _WORD_WIDTH for word in words)


def _timed_runs(texts: Iterable[SpanText]) -> tuple[TextRun, ...]:
    return tuple(
        TextRun(each.text, None if each.interval is None else round(each.interval.begin_ms))
        for each in texts
    )


def _attached(texts: Sequence[SpanText]) -> list[SpanText]:
    """Return texts each with a time: the next one's, or the last one's."""
    attached: list[SpanText] = []
    following: Interval | None = None
    for each in reversed(texts):
        following = each.interval or following
        attached.append(SpanText(each.text, following))
    last = next((each.interval for each in attached if each.interval is not None), None)
    return [SpanText(each.text, each.interval or last) for each in reversed(attached)]


def end_of(interval: Interval) -> int | None:
    """Return when an interval ends; None where nothing ends it."""
    return None if interval.end_ms == UNBOUNDED else round(interval.end_ms)
