"""A lossless codec of segments for cache entries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.domain.time import Span
from app.domain.transcript import Segment, Word

FORMAT_VERSION = 1
"""Version of the rows below; part of every payload, so that another version is never misread."""


def segment_rows(segments: Sequence[Segment]) -> list[Any]:
    """Return segments as JSON values; floats are written in full, so none loses precision."""
    return [
        [
            segment.text,
            *_times(segment.span),
            segment.language,
            float(segment.confidence),
            int(segment.clear_until_ms),
            [_word_row(word) for word in segment.words],
            segment.spoken,
            segment.translation,
            float(segment.language_probability),
            segment.second_language,
        ]
        for segment in segments
    ]


def segments_of(rows: Any) -> tuple[Segment, ...]:
    """Return the segments of rows.

    Raises:
        ValueError: not rows of segments.
    """
    try:
        return tuple(_segment(*row) for row in rows)
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError("not segments") from error


def pack(value: Any) -> bytes:
    """Return a JSON value as bytes."""
    return json.dumps([FORMAT_VERSION, value], separators=(",", ":")).encode()


def unpack(payload: bytes) -> Any:
    """Return the value of a payload that `pack` made.

    Raises:
        ValueError: not a payload of this version.
    """
    version, value = json.loads(payload)
    if version != FORMAT_VERSION:
        raise ValueError(f"not of form {FORMAT_VERSION}")
    return value


def _times(span: Span) -> tuple[int, int]:
    return int(span.start_ms), int(span.end_ms)


def _word_row(word: Word) -> list[Any]:
    return [word.text, *_times(word.span), float(word.confidence), word.speaker, bool(word.glued)]


def _segment(
    text: str,
    start_ms: int,
    end_ms: int,
    language: str,
    confidence: float,
    clear_until_ms: int,
    words: Sequence[Sequence[Any]],
    spoken: str | None = None,
    translation: str | None = None,
    language_probability: float = 1.0,
    second_language: str | None = None,
) -> Segment:
    return Segment(
        text,
        Span(start_ms, end_ms),
        tuple(_word(*row) for row in words),
        language,
        confidence,
        clear_until_ms,
        spoken,
        translation,
        language_probability,
        second_language,
    )


def _word(
    text: str, start_ms: int, end_ms: int, confidence: float, speaker: str | None, glued: bool
) -> Word:
    return Word(text, Span(start_ms, end_ms), confidence, speaker, glued)
