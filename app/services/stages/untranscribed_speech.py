"""Second transcription of detected speech that never became text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.audio import Audio
from app.domain.text import join_words
from app.domain.time import Span, ms_to_samples
from app.domain.transcript import Segment

_LEAST_GAP_MS = 1000
"""Shorter than that, it is a breath, a laugh or the edge of a word that was timed badly."""

_WORD_EDGE_MS = 250
"""Speech this close to a word belongs to it: word times by attention are off by about as much.
Source: the attention-based times of Whisper, 20 ms frames, median filtered over 7."""

_PAD_MS = 200
"""Audio on both sides of a gap that is transcribed again, so that no word is cut in half."""


@dataclass(slots=True)
class UntranscribedSpeech:
    """The untranscribed speech of a job.

    Attributes:
        ms: speech without text, summed over its windows.
    """

    ms: int = 0


def gaps(voiced: Sequence[Span], segments: Sequence[Segment]) -> list[Span]:
    """Return spans of detected speech without a word, where they are long enough to matter.

    Args:
        voiced: speech by the VAD, in order, not overlapping.
        segments: transcribed there.

    Returns:
        Spans in order, each at least a second long.
    """
    timed = sorted(_word_spans(segments))
    return [gap for span in voiced for gap in _without(span, timed) if _matters(gap)]


def audio_of(gap: Span, window: Audio) -> Audio:
    """Return the audio of a gap with a little around it, as far as its window reaches."""
    first = max(window.start_sample, ms_to_samples(gap.start_ms - _PAD_MS))
    last = min(window.end_sample, ms_to_samples(gap.end_ms + _PAD_MS))
    offset = window.start_sample
    return Audio(window.samples[first - offset : last - offset], first)


def fill(segments: Sequence[Segment], found: Sequence[Segment], gap: Span) -> list[Segment]:
    """Put the words of a second attempt into their gap.

    Args:
        segments: of the window, in order.
        found: transcribed from the gap's audio.
        gap: words whose middle lies outside it were there already.
    """
    inside = [part for segment in found if (part := _inside(segment, gap)) is not None]
    return sorted([*segments, *inside], key=lambda segment: segment.span.start_ms)


def _word_spans(segments: Sequence[Segment]) -> Iterator[Span]:
    for segment in segments:
        for span in [word.span for word in segment.words] or [segment.span]:
            yield Span(max(0, span.start_ms - _WORD_EDGE_MS), span.end_ms + _WORD_EDGE_MS)


def _without(span: Span, timed: Sequence[Span]) -> Iterator[Span]:
    """Yield what is left of a span; ``timed`` in order of start."""
    at_ms = span.start_ms
    for word in timed:
        if word.end_ms <= at_ms:
            continue
        if word.start_ms >= span.end_ms:
            break
        if word.start_ms > at_ms:
            yield Span(at_ms, word.start_ms)
        at_ms = word.end_ms
    if at_ms < span.end_ms:
        yield Span(at_ms, span.end_ms)


def _matters(gap: Span) -> bool:
    return gap.duration_ms >= _LEAST_GAP_MS


def _inside(segment: Segment, gap: Span) -> Segment | None:
    words = [word for word in segment.words if _is_inside(word.span, gap)]
    if not segment.words:
        return segment if _is_inside(segment.span, gap) else None
    if not words:
        return None
    if len(words) == len(segment.words):
        return segment
    span = Span(words[0].span.start_ms, words[-1].span.end_ms)
    return replace(segment, text=join_words(words), span=span, words=tuple(words))


def _is_inside(span: Span, gap: Span) -> bool:
    return gap.start_ms <= (span.start_ms + span.end_ms) // 2 <= gap.end_ms
