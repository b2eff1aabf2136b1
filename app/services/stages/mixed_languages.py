"""Windows in which speakers of two languages alternate.

A transcriber writes one language for a window, and what is said in another one is lost, translated
or written as it sounds. Such a window is in doubt between the two, so its phrases are transcribed
one by one, each in one of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.time import Span
from app.domain.transcript import Segment

_CONFIDENT = 0.65
"""Confidence of a text from which it counts for its language: what is heard in the wrong one is
less likely."""

_PHRASE_PAUSE_MS = 400
"""Speakers take turns with a pause of about 0.2 s, and one speaker pauses for as long inside a
sentence; shorter phrases are also too short to tell their language."""


def languages_in_doubt(segments: Sequence[Segment]) -> tuple[str, ...]:
    """Return the two languages that a window may contain; none where there is no doubt."""
    if not segments:
        return ()
    first = segments[0]
    if first.is_language_sure or first.second_language is None:
        return ()
    return first.spoken_language, first.second_language


def phrases_of(voiced: Sequence[Span]) -> list[Span]:
    """Return the phrases of a window: speech without a clear pause in it."""
    phrases: list[Span] = []
    for span in voiced:
        if phrases and span.start_ms - phrases[-1].end_ms < _PHRASE_PAUSE_MS:
            phrases[-1] = Span(phrases[-1].start_ms, span.end_ms)
        else:
            phrases.append(span)
    return phrases


def are_mixed(phrases: Sequence[Sequence[Segment]]) -> bool:
    """Whether phrases are surely in different languages."""
    sure = {
        segment.spoken_language
        for segments in phrases
        for segment in segments
        if segment.is_language_sure and segment.confidence >= _CONFIDENT
    }
    return len(sure) > 1
