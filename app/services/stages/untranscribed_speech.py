"""Speech that was heard as such and never became text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.audio import Audio
from app.domain.time import Span, ms_to_samples
from app.domain.transcript import Segment, Word

_LEAST_GAP_MS = 1000
"""Shorter than that, it is a breath, a laugh or the edge of a word that was timed badly."""

_WORD_EDGE_MS = 250
"""Speech this close to a word belongs to it: word times by attention are off by about as much.
Source: the attention-based times of Whisper, 20 ms frames, median filtered over 7."""

_PAD_MS = 200
"""Sound kept on both sides of what is listened to again, so that no word is cut in half."""


@dataclass(slots=True)
class UntranscribedSpeech:
    """What a job has left untranscribed.

    Attributes:
        ms: speech without text, summed over its windows.
    """

    ms: int = 0


def gaps(voiced: Sequence[Span], segments: Sequence[Segment]) -> list[Span]:
    """Return where somebody speaks and no word stands, of those long enough to matter.

    Args:
        voiced: speech by the VAD, in order, not overlapping.
        segments: what was heard there.

    Returns:
        Spans in order, each at least a second long.
    """
    told = sorted(_told(segments))
    return [gap for span in voiced for gap in _without(span, told) if _matters(gap)]


def sound_of(gap: Span, window: Audio) -> Audio:
    """Return the sound of a gap and a little around it, as far as its window reaches."""
    first = max(window.start_sample, ms_to_samples(gap.start_ms - _PAD_MS))
    last = min(window.end_sample, ms_to_samples(gap.end_ms + _PAD_MS))
    offset = window.start_sample
    return Audio(window.samples[first - offset : last - offset], first)


def fill(segments: Sequence[Segment], found: Sequence[Segment], gap: Span) -> list[Segment]:
    """Put what a second hearing found into its gap.

    Args:
        segments: of the window, in order.
        found: what was heard in the gap's sound.
        gap: words whose middle lies outside it were there already.
    """
    inside = [kept for segment in found if (kept := _inside(segment, gap)) is not None]
    return sorted([*segments, *inside], key=lambda segment: segment.span.start_ms)


def _told(segments: Sequence[Segment]) -> Iterator[Span]:
    for segment in segments:
        for span in [word.span for word in segment.words] or [segment.span]:
            yield Span(max(0, span.start_ms - _WORD_EDGE_MS), span.end_ms + _WORD_EDGE_MS)


def _without(span: Span, told: Sequence[Span]) -> Iterator[Span]:
    """Yield what is left of a span; ``told`` in order of start."""
    at_ms = span.start_ms
    for word in told:
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
    return replace(segment, text=_joined(words), span=span, words=tuple(words))


def _is_inside(span: Span, gap: Span) -> bool:
    return gap.start_ms <= (span.start_ms + span.end_ms) // 2 <= gap.end_ms


def _joined(words: Sequence[Word]) -> str:
    return "".join(word.text if word.glued else f" {word.text}" for word in words).strip()
