"""Synchronization of cues with detected speech.

Where cues are on screen is correlated with where somebody speaks, for every shift and every ratio
of frame rates. The best shifts are then judged by how many cues begin with an onset of speech,
which chance alone explains rarely.

Source: ffsubsync (github.com/smacke/ffsubsync), which correlates the same two signals by FFT;
alass (github.com/kaegi/alass), which lets the shift change between cues at a cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, lgamma, log, log1p

import numpy as np

from app.domain.time import Span
from app.services.retiming.activity import GRID_MS, activity
from app.services.retiming.rate_ratios import RATIOS
from app.services.retiming.speech_fits import (
    HIT_MS,
    Fit,
    Recording,
    correlated,
    hits_of,
    judged,
    starts_of,
    stretched,
)
from app.services.retiming.speech_pieces import pieces_of
from app.services.retiming.sync import Sync, SyncPiece

_PEAKS = 8
"""Shifts of one ratio that are judged."""

_RATIO_COST = 0.06
"""What a ratio other than 1 has to be better by."""


def find_sync(cues: Sequence[Span], speech: Sequence[Span], length_ms: int) -> Sync | None:
    """Return how the times of cues become those of a recording, by its speech.

    Args:
        cues: sorted by start.
        speech: where somebody speaks, sorted.
        length_ms: of the recording.

    Returns:
        The most likely synchronization with its confidence; None where either has nothing.
    """
    if not cues or not speech:
        return None
    recording = Recording(speech, length_ms)
    fits = [_best(cues, ratio, recording) for ratio in RATIOS if _is_long_enough(cues, ratio)]
    best = _likeliest(fits, cues)
    pieces = pieces_of(cues, best, recording)
    hits = sum(
        hits_of(
            starts_of(cues[piece.first : piece.last + 1], best.ratio), piece.offset_ms, recording
        )
        for piece in pieces
    )
    found = Sync(best.ratio, pieces, 0.0, "speech", round(hits / len(cues), 3))
    agreement = _agreement(found.mended(cues), recording)
    return replace(found, confidence=_confidence(cues, pieces, agreement, hits, recording))


def _likeliest(fits: Sequence[Fit], cues: Sequence[Span]) -> Fit:
    """Return the best fit; of two ratios that a short file cannot tell apart the usual one."""
    best = max(fits, key=lambda fit: fit.score - (_RATIO_COST if fit.ratio != 1 else 0))
    extent_ms = cues[-1].start_ms - cues[0].start_ms
    alike = [
        fit
        for fit in fits
        if extent_ms * abs(fit.ratio - best.ratio) <= 2 * HIT_MS
        and fit.score >= best.score - _ALIKE_SCORE
    ]
    return min(alike, key=lambda fit: _USUAL.index(fit.ratio) if fit.ratio in _USUAL else 9)


_USUAL = (1.0, 24 / 25, 25 / 24)
_ALIKE_SCORE = 0.15


def _is_long_enough(cues: Sequence[Span], ratio: float) -> bool:
    """Whether a file is long enough for a ratio to make a difference."""
    extent_ms = cues[-1].start_ms - cues[0].start_ms
    return ratio == 1 or extent_ms * abs(ratio - 1) >= 2 * HIT_MS


def _best(cues: Sequence[Span], ratio: float, recording: Recording) -> Fit:
    starts = starts_of(cues, ratio)
    peaks = correlated(stretched(cues, ratio), recording, _PEAKS)
    return max(
        (judged(starts, ratio, lag_ms, value, recording) for lag_ms, value in peaks),
        key=lambda fit: fit.score,
    )


def _confidence(
    cues: Sequence[Span],
    pieces: Sequence[SyncPiece],
    agreement: float,
    hits: int,
    recording: Recording,
) -> float:
    """Return how unlikely so many hits are by chance, given all shifts that were looked at.

    The share of cues that begin with an onset by chance is known; a binomial tail says how rare so
    many are, and there are as many chances as shifts, ratios and pieces to choose from.
    """
    extent_ms = recording.length_ms + cues[-1].end_ms - cues[0].start_ms
    chances = log(extent_ms / HIT_MS * len(RATIOS)) * len(pieces)
    evidence = -_log_tail(hits, len(cues), recording.chance) - chances
    certainty = exp(-log1p(exp(-max(-50.0, min(50.0, evidence)))))
    return round(certainty * min(1.0, 2 * agreement), 3)


def _agreement(cues: Sequence[Span], recording: Recording) -> float:
    """Return the correlation of mended cues with the speech around them, 0..1."""
    shown = activity(cues, recording.length_ms)
    begin = max(0, cues[0].start_ms - _AROUND_MS) // GRID_MS
    end = (max(cue.end_ms for cue in cues) + _AROUND_MS) // GRID_MS
    ours, theirs = shown[begin:end], recording.signal[begin:end]
    if len(ours) < 2 or not ours.std() or not theirs.std():
        return 0.0
    return max(0.0, float(np.corrcoef(ours, theirs)[0, 1]))


_AROUND_MS = 5000


def _log_tail(hits: int, tries: int, chance: float) -> float:
    """Return the logarithm of the probability of at least so many hits by chance."""
    if hits <= tries * chance:
        return 0.0
    whole = lgamma(tries + 1)
    terms = [
        whole
        - lgamma(k + 1)
        - lgamma(tries - k + 1)
        + k * log(chance)
        + (tries - k) * log1p(-chance)
        for k in range(hits, tries + 1)
    ]
    top = max(terms)
    return min(0.0, top + log(sum(exp(term - top) for term in terms)))
