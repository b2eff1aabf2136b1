"""The words of a text whose transcriber told none."""

from __future__ import annotations

from dataclasses import replace

from app.domain.transcript import Segment, Word


def worded(segment: Segment, *, spaced: bool) -> Segment:
    """Return a segment with words; they all have its times until they are aligned.

    They are as sure as the segment is.

    Source: whisperx alignment.py: a word is what stands between blanks, and a character in
    languages without blanks.
    """
    if segment.words or not segment.text.strip():
        return segment
    pieces = segment.text.split()
    if spaced:
        words = tuple(Word(piece, segment.span, segment.confidence) for piece in pieces)
    else:
        words = tuple(
            Word(char, segment.span, segment.confidence, glued=place > 0 or number == 0)
            for number, piece in enumerate(pieces)
            for place, char in enumerate(piece)
        )
    return replace(segment, words=words)
