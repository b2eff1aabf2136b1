"""Runs of cues with an offset each, where a recording was cut otherwise than the file's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span
from app.services.retiming.activity import GRID_MS
from app.services.retiming.speech_fits import (
    HIT_MS,
    Fit,
    Recording,
    correlated,
    distances,
    judged,
    refined,
    starts_of,
    stretched,
)
from app.services.retiming.sync import SyncPiece

_PIECE_CUES = 8
"""Fewest cues of a piece with an offset of its own."""

_SWITCH_COST = 4.0
"""Evidence, in cues, that another offset has to bring."""

_CHUNK_CUES = 40
_CHUNK_PEAKS = 4
_CHUNKS_MOST = 100
_CHUNK_STEPS = 36_000_000
"""Runs of cues that are correlated on their own, and steps of the recording that all of them are
compared with: each takes as long as the whole recording. Two hours have room for all runs, and a
film has about 1,500 cues."""

OFFSETS_MOST = 64
"""Offsets among which cues choose, those for which most speaks: the table of evidence has a number
for each cue and offset."""

_SAME_OFFSET_MS = 120


def pieces_of(cues: Sequence[Span], best: Fit, recording: Recording) -> tuple[SyncPiece, ...]:
    """Return runs of cues with an offset each: one, unless there is clear evidence for more."""
    whole = (SyncPiece(0, len(cues) - 1, best.offset_ms),)
    if len(cues) < 2 * _PIECE_CUES:
        return whole
    offsets = candidate_offsets(cues, best, recording)
    if len(offsets) < 2:
        return whole
    evidence = np.stack([_evidence(cues, best.ratio, each, recording) for each in offsets])
    path = _cheapest_path(evidence)
    pieces: list[SyncPiece] = []
    for index, state in enumerate(path):
        if pieces and pieces[-1].offset_ms == offsets[state]:
            pieces[-1] = SyncPiece(pieces[-1].first, index, offsets[state])
        else:
            pieces.append(SyncPiece(index, index, offsets[state]))
    return _refined_pieces(cues, _without_short(pieces), best.ratio, recording)


def candidate_offsets(cues: Sequence[Span], best: Fit, recording: Recording) -> list[int]:
    """Return the offsets that some run of cues may have, in milliseconds.

    Returns:
        The best fit's first, then those for which most speaks; ``OFFSETS_MOST`` at most.
    """
    runs = min(_CHUNKS_MOST, max(1, _CHUNK_STEPS // len(recording.signal)))
    step = max(_CHUNK_CUES // 2, len(cues) // runs)
    fits: list[Fit] = []
    for first in range(0, len(cues) - _PIECE_CUES + 1, step):
        chunk = cues[first : first + _CHUNK_CUES]
        starts = starts_of(chunk, best.ratio)
        found = correlated(stretched(chunk, best.ratio), recording, _CHUNK_PEAKS)
        fits += (judged(starts, best.ratio, lag, value, recording) for lag, value in found)
    offsets = [best.offset_ms]
    for fit in sorted(fits, key=lambda fit: fit.score, reverse=True):
        if all(abs(fit.offset_ms - other) > _SAME_OFFSET_MS for other in offsets):
            offsets.append(fit.offset_ms)
    return offsets[:OFFSETS_MOST]


def _evidence(
    cues: Sequence[Span], ratio: float, offset_ms: int, recording: Recording
) -> NDArray[np.float64]:
    """Return for each cue what speaks for an offset: speech while it shows, an onset with it."""
    sums = recording.spoken
    starts = starts_of(cues, ratio) + offset_ms
    ends = np.array([cue.end_ms for cue in cues], np.float64) * ratio + offset_ms
    steps = len(recording.signal)
    from_, until = (np.clip(times / GRID_MS, 0, steps).astype(np.int64) for times in (starts, ends))
    voiced = (sums[until] - sums[from_]) / np.maximum(1, (ends - starts) / GRID_MS)
    near = np.abs(distances(starts_of(cues, ratio), offset_ms, recording))
    return np.asarray(voiced + np.maximum(0, 1 - near / HIT_MS), np.float64)


def _cheapest_path(evidence: NDArray[np.float64]) -> list[int]:
    """Return the row for each column with the greatest sum, where a change of row costs."""
    total = evidence[:, 0].copy()
    came = np.zeros(evidence.shape, np.int16)
    for column in range(1, evidence.shape[1]):
        top = int(np.argmax(total))
        stays = total >= total[top] - _SWITCH_COST
        came[:, column] = np.where(stays, np.arange(len(total)), top)
        total = np.where(stays, total, total[top] - _SWITCH_COST) + evidence[:, column]
    path = [int(np.argmax(total))]
    for column in range(evidence.shape[1] - 1, 0, -1):
        path.append(int(came[path[-1], column]))
    return path[::-1]


def _without_short(pieces: Sequence[SyncPiece]) -> list[SyncPiece]:
    """Give runs that are too short to be evidence to the run before them, or behind."""
    kept: list[SyncPiece] = []
    waiting: int | None = None
    for piece in pieces:
        if piece.last - piece.first + 1 >= _PIECE_CUES:
            first = piece.first if waiting is None else waiting
            waiting = None
            if kept and kept[-1].offset_ms == piece.offset_ms:
                kept[-1] = SyncPiece(kept[-1].first, piece.last, piece.offset_ms)
            else:
                kept.append(SyncPiece(first, piece.last, piece.offset_ms))
        elif kept:
            kept[-1] = SyncPiece(kept[-1].first, piece.last, kept[-1].offset_ms)
        elif waiting is None:
            waiting = piece.first
    if not kept:
        longest = max(pieces, key=lambda piece: piece.last - piece.first)
        return [SyncPiece(pieces[0].first, pieces[-1].last, longest.offset_ms)]
    return kept


def _refined_pieces(
    cues: Sequence[Span], pieces: Sequence[SyncPiece], ratio: float, recording: Recording
) -> tuple[SyncPiece, ...]:
    return tuple(
        SyncPiece(
            piece.first,
            piece.last,
            refined(
                starts_of(cues[piece.first : piece.last + 1], ratio), piece.offset_ms, recording
            ),
        )
        for piece in pieces
    )
