"""Cues from captions written by people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.captions import Caption, Captions
from app.domain.cue import Cue, Lane
from app.domain.profile import ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Segment
from app.services.layout.line_breaks import fits
from app.services.layout.phrase_splitter import split
from app.services.layout.segment_words import words_of
from app.services.layout.timing import TimeWindow, place
from app.services.layout.width import text_width

_MIN_DELAYED_MS = 200
"""Shortest duration of a cue that was delayed by the one before it."""


@dataclass(slots=True)
class _UnfinishedCaption:
    """A caption that others with nearly the same start are still merged into."""

    span: Span
    texts: list[str]
    speaker: str | None
    lane: Lane

    def caption(self) -> Caption:
        return Caption(self.span, " ".join(self.texts), speaker=self.speaker, lane=self.lane)


def authored_cues(captions: Captions, profile: ReadingProfile) -> Iterator[Cue]:
    """Yield the cues of captions that people wrote.

    Every caption retains its text and its times, but ends early where the next one begins. Two
    of one lane that appear together become one cue. A text that is too long for a cue is divided as
    if it were speech; a single line that is shown for longer than a cue may be ends earlier.

    Yields:
        Cues with ids from 0, sorted, never two at once, ``min_gap_ms`` apart where a cue stays
        long enough without that time. Every word is there once, in order.
    """
    free_ms = 0
    number = 0
    items = list(_one_at_a_time(captions.items, profile))
    limits = [item.span.start_ms for item in items[1:]]
    for item, next_ms in zip(items, [*limits, None], strict=True):
        language, lane = captions.language, item.lane
        for text, span in _laid_out(item, free_ms, next_ms, profile, language):
            yield Cue(number, span, text, speaker=item.speaker, language=language, lane=lane)
            number += 1
            free_ms = span.end_ms


def _one_at_a_time(items: Iterable[Caption], profile: ReadingProfile) -> Iterator[Caption]:
    open_caption: _UnfinishedCaption | None = None
    for item in sorted(items, key=lambda item: item.span.start_ms):
        if open_caption is None or item.span.start_ms >= open_caption.span.end_ms:
            if open_caption is not None:
                yield open_caption.caption()
        elif (
            item.lane == open_caption.lane
            and item.span.start_ms - open_caption.span.start_ms < profile.min_duration_ms
        ):
            _join(open_caption, item)
            continue
        else:
            open_caption.span = replace(open_caption.span, end_ms=item.span.start_ms)
            yield open_caption.caption()
        open_caption = _UnfinishedCaption(item.span, [item.text], item.speaker, item.lane)
    if open_caption is not None:
        yield open_caption.caption()


def _join(open_caption: _UnfinishedCaption, item: Caption) -> None:
    """Merge a caption into one that appeared with it; a repeated text is not added."""
    end_ms = max(open_caption.span.end_ms, item.span.end_ms)
    open_caption.span = replace(open_caption.span, end_ms=end_ms)
    if item.text != open_caption.texts[-1]:
        open_caption.texts.append(item.text)
        open_caption.speaker = (
            open_caption.speaker if open_caption.speaker == item.speaker else None
        )


def _laid_out(
    item: Caption, free_ms: int, next_ms: int | None, profile: ReadingProfile, language: str
) -> Sequence[tuple[str, Span]]:
    start_ms = max(free_ms, item.span.start_ms)
    end_ms = item.span.end_ms
    if start_ms > item.span.start_ms:
        end_ms = max(end_ms, start_ms + _MIN_DELAYED_MS)
    span = Span(start_ms, max(end_ms, start_ms + 1))
    if _fits(item.text, span, profile):
        return [(item.text, _placed(span, next_ms, profile))]
    return _divided(item, span, next_ms, profile, language)


def _fits(text: str, span: Span, profile: ReadingProfile) -> bool:
    if span.duration_ms > profile.max_duration_ms and text_width(text) > profile.max_line_chars:
        return False
    return fits(text, profile)


def _placed(span: Span, next_ms: int | None, profile: ReadingProfile) -> Span:
    end_ms = min(span.end_ms, span.start_ms + profile.max_duration_ms)
    if next_ms is not None:
        before_gap_ms = next_ms - profile.min_gap_ms
        if end_ms > before_gap_ms >= span.start_ms + profile.min_duration_ms:
            end_ms = before_gap_ms
    return Span(span.start_ms, end_ms)


def _divided(
    item: Caption, span: Span, next_ms: int | None, profile: ReadingProfile, language: str
) -> Sequence[tuple[str, Span]]:
    until_ms = span.end_ms + profile.min_gap_ms
    if next_ms is not None:
        until_ms = max(span.end_ms, min(until_ms, next_ms))
    words = words_of(Segment(item.text, span, (), language), profile)
    phrases = split(words, until_ms, profile, language)
    spans = place(phrases, TimeWindow(span.start_ms, until_ms), profile)
    return [(phrase.text, shown) for phrase, shown in zip(phrases, spans, strict=True)]
