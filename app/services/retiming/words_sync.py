"""Synchronization of cues by the words that are transcribed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout.tokens import tokenize
from app.services.retiming.rate_ratios import RATIOS
from app.services.retiming.sync import Sync, SyncPiece
from app.services.retiming.word_matching import match_words

_JUMP_MS = 400
"""Difference between neighbouring offsets that is another offset rather than an inexact cue."""

_PIECE_ANCHORS = 5
"""Fewest cues that prove an offset of their own, and whose median is that of a place."""

_FAR_MS = 500.0
_RATIO_COST_MS = 15.0
_PIECE_COST_MS = 25.0


@dataclass(frozen=True, slots=True)
class _Fit:
    ratio: float
    pieces: tuple[SyncPiece, ...]
    cost_ms: float


def find_words_sync(
    cues: Sequence[Span], texts: Sequence[str], heard: Sequence[Word]
) -> Sync | None:
    """Return how the times of cues become those of a recording, by its words.

    Every cue whose first word was transcribed says what its offset is. Neighbours that agree are a
    piece; a ratio of frame rates is taken where it makes the offsets agree better.

    Args:
        cues: sorted by start.
        texts: of the cues.
        heard: words of the recording in order.

    Returns:
        None where no cue's beginning was transcribed.
    """
    words = [(index, token.text) for index, text in enumerate(texts) for token in tokenize(text)]
    if not words or not heard:
        return None
    match = match_words([word for _, word in words], heard)
    firsts = {index: place for place, (index, _) in reversed(list(enumerate(words)))}
    times = {anchor.place: anchor.span.start_ms for anchor in match.anchors}
    known = [(index, times[place]) for index, place in sorted(firsts.items()) if place in times]
    if not known:
        return None
    indexes = np.array([index for index, _ in known])
    said = np.array([time for _, time in known], np.float64)
    starts = np.array([cues[index].start_ms for index in indexes], np.float64)
    fits = [_fit(ratio, indexes, said - starts * ratio, len(cues)) for ratio in RATIOS]
    best = min(fits, key=lambda fit: fit.cost_ms)
    return Sync(best.ratio, best.pieces, match.confidence, "words", round(match.share, 3))


def _fit(
    ratio: float, indexes: NDArray[np.int64], offsets: NDArray[np.float64], count: int
) -> _Fit:
    groups = _groups(offsets)
    pieces: list[SyncPiece] = []
    cost_ms = 0.0
    for number, (begin, end) in enumerate(groups):
        middle = float(np.median(offsets[begin:end]))
        cost_ms += float(np.minimum(np.abs(offsets[begin:end] - middle), _FAR_MS).sum())
        first = 0 if not number else pieces[-1].last + 1
        last = count - 1 if number == len(groups) - 1 else int(indexes[end] - 1)
        pieces.append(SyncPiece(first, last, round(middle)))
    cost_ms = cost_ms / len(offsets) + _PIECE_COST_MS * (len(groups) - 1)
    return _Fit(ratio, tuple(pieces), cost_ms + (_RATIO_COST_MS if ratio != 1 else 0))


def _groups(offsets: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return runs of offsets that agree: index of the first, one past the last."""
    if len(offsets) < 2 * _PIECE_ANCHORS:
        return [(0, len(offsets))]
    # A window ends ahead of each place that may be an edge, and another one begins with it.
    medians = np.median(sliding_window_view(offsets, _PIECE_ANCHORS), axis=1)
    before, after = medians[:-_PIECE_ANCHORS], medians[_PIECE_ANCHORS:]
    first = offsets[_PIECE_ANCHORS : _PIECE_ANCHORS + len(before)]
    is_apart = np.abs(first - before) > np.abs(first - after)
    edges = [0]
    for at in np.flatnonzero((np.abs(after - before) > _JUMP_MS) & is_apart) + _PIECE_ANCHORS:
        if at - edges[-1] >= _PIECE_ANCHORS:
            edges.append(int(at))
    edges.append(len(offsets))
    return list(pairwise(edges))
