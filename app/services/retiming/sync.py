"""Values of a synchronization: how a file's times become those of its recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.errors import MediaMismatchError
from app.domain.time import Span

SyncMethod = Literal["speech", "words"]
"""By where speech is detected, or by the words that are transcribed."""


@dataclass(frozen=True, slots=True)
class SyncPiece:
    """A run of cues with one offset.

    Attributes:
        first: index of its first cue in order of time.
        last: index of its last one.
        offset_ms: added to the times once they are stretched.
    """

    first: int
    last: int
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Sync:
    """How times are mended: ``time * ratio + offset_ms``, with the offset of the cue's piece.

    Attributes:
        ratio: between frame rates; 1 where there is no drift.
        pieces: in order, at least one; they cover all cues.
        confidence: 0..1, that the file and the recording belong together in this way.
        method: by which it was found.
        matched: share of the cues that the evidence speaks for.
    """

    ratio: float
    pieces: tuple[SyncPiece, ...]
    confidence: float
    method: SyncMethod
    matched: float

    @property
    def offset_ms(self) -> int:
        """The offset of most cues."""
        return max(self.pieces, key=lambda piece: piece.last - piece.first).offset_ms

    def mended(self, spans: Sequence[Span]) -> list[Span]:
        """Return spans, sorted by start, in the recording's time.

        What would begin ahead of the recording begins with it, and no span is empty.
        """
        offsets = [piece.offset_ms for piece in self.pieces for _ in _places(piece)]
        return [
            _mended(span, self.ratio, offset) for span, offset in zip(spans, offsets, strict=True)
        ]


def _places(piece: SyncPiece) -> range:
    return range(piece.first, piece.last + 1)


def _mended(span: Span, ratio: float, offset_ms: int) -> Span:
    start_ms = max(0, round(span.start_ms * ratio) + offset_ms)
    end_ms = round(span.end_ms * ratio) + offset_ms
    return Span(start_ms, max(end_ms, start_ms + 1))


def require_confidence(sync: Sync | None, least: float) -> Sync:
    """Return a synchronization that is sure enough.

    Raises:
        MediaMismatchError: there is none, or it may as well be chance.
    """
    if sync is None or sync.confidence < least:
        confidence = sync.confidence if sync is not None else 0.0
        raise MediaMismatchError(confidence)
    return sync
