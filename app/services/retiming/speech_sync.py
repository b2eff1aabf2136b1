"""Synchronization of cues with detected speech.

Where cues are on screen is correlated with where somebody speaks, for every shift and every ratio
of frame rates. The best shifts are then judged by how many cues begin with an onset of speech,
which chance alone explains rarely.

Source: ffsubsync (github.com/smacke/ffsubsync), which correlates the same two signals by FFT;
alass (github.com/kaegi/alass), which lets the shift change between cues at a cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, lgamma, log, log1p

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span
from app.services.retiming.activity import GRID_MS, Signal, activity
from app.services.retiming.rate_ratios import RATIOS
from app.services.retiming.sync import Sync, SyncPiece

_PEAKS = 8
"""Shifts of one ratio that are judged."""

_PEAK_WIDTH_MS = 1000
"""Shifts that are closer belong to one peak of the correlation."""

_NEAR_MS = 600
"""How far the onsets may move a shift that the correlation found."""

_HIT_MS = 120
"""A cue begins with an onset that is this close."""

_REFINED_CUES = 2000
"""Cues by which a shift is refined; more say nothing new."""

_PAUSE_MS = 200
"""Silence ahead of an onset that a cue may begin with."""

_RATIO_COST = 0.06
"""What a ratio other than 1 has to be better by."""

_PIECE_CUES = 8
"""Fewest cues of a piece with an offset of its own."""

_SWITCH_COST = 4.0
"""Evidence, in cues, that another offset has to bring."""

_CHUNK_CUES = 40
_CHUNK_PEAKS = 4
_CHUNKS_MOST = 100
"""Runs of cues that are correlated on their own: each takes as long as the whole file. A film has
about 1,500 cues."""

_SAME_OFFSET_MS = 120


@dataclass(frozen=True, slots=True)
class _Fit:
    """One shift with its evidence.

    Attributes:
        correlation: -1..1, of the two signals.
        hits: cues that begin with an onset.
        score: by which fits are compared.
    """

    ratio: float
    offset_ms: int
    correlation: float
    hits: int
    score: float


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
    recording = _Recording(speech, length_ms)
    fits = [_best(cues, ratio, recording) for ratio in RATIOS if _can_tell(cues, ratio)]
    best = _likeliest(fits, cues)
    pieces = _pieces(cues, best, recording)
    hits = sum(
        _hits(_starts(cues[piece.first : piece.last + 1], best.ratio), piece.offset_ms, recording)
        for piece in pieces
    )
    found = Sync(best.ratio, pieces, 0.0, "speech", round(hits / len(cues), 3))
    agreement = _agreement(found.mended(cues), recording)
    return replace(found, confidence=_confidence(cues, pieces, agreement, hits, recording))


def _likeliest(fits: Sequence[_Fit], cues: Sequence[Span]) -> _Fit:
    """Return the best fit; of two ratios that a short file cannot tell apart the usual one."""
    best = max(fits, key=lambda fit: fit.score - (_RATIO_COST if fit.ratio != 1 else 0))
    extent_ms = cues[-1].start_ms - cues[0].start_ms
    alike = [
        fit
        for fit in fits
        if extent_ms * abs(fit.ratio - best.ratio) <= 2 * _HIT_MS
        and fit.score >= best.score - _ALIKE_SCORE
    ]
    return min(alike, key=lambda fit: _USUAL.index(fit.ratio) if fit.ratio in _USUAL else 9)


_USUAL = (1.0, 24 / 25, 25 / 24)
_ALIKE_SCORE = 0.15


class _Recording:
    """Speech of a recording in the forms that it is looked at in."""

    def __init__(self, speech: Sequence[Span], length_ms: int) -> None:
        self.length_ms = max(length_ms, speech[-1].end_ms)
        self.signal = activity(speech, self.length_ms)
        pauses = [speech[0].start_ms, *(b.start_ms - a.end_ms for a, b in pairwise(speech))]
        onsets = [
            span.start_ms
            for span, pause_ms in zip(speech, pauses, strict=True)
            if pause_ms >= _PAUSE_MS
        ]
        self.onsets = np.array(onsets or [speech[0].start_ms], np.float64)
        self.centred = self.signal - self.signal.mean()
        self.energy = (self.centred**2).sum()
        self._spectra: dict[int, NDArray[np.complexfloating]] = {}

    def spectrum(self, size: int) -> NDArray[np.complexfloating]:
        """Return the spectrum of the signal behind its mean, padded to a number of steps.

        It is computed once for each of the few powers of two that all runs of cues need.
        """
        if size not in self._spectra:
            self._spectra[size] = np.fft.rfft(self.centred, size)
        return self._spectra[size]

    @property
    def chance(self) -> float:
        """Probability that a moment lies beside an onset."""
        edges = np.diff(self.onsets, append=self.onsets[-1] + 2 * _HIT_MS)
        covered_ms = float(np.minimum(edges, 2 * _HIT_MS).sum())
        return min(0.95, covered_ms / max(1, self.length_ms))


def _can_tell(cues: Sequence[Span], ratio: float) -> bool:
    """Whether a file is long enough for a ratio to make a difference."""
    extent_ms = cues[-1].start_ms - cues[0].start_ms
    return ratio == 1 or extent_ms * abs(ratio - 1) >= 2 * _HIT_MS


def _starts(cues: Sequence[Span], ratio: float) -> NDArray[np.float64]:
    return np.array([cue.start_ms for cue in cues], np.float64) * ratio


def _stretched(cues: Sequence[Span], ratio: float) -> list[Span]:
    return [Span(round(cue.start_ms * ratio), round(cue.end_ms * ratio)) for cue in cues]


def _best(cues: Sequence[Span], ratio: float, recording: _Recording) -> _Fit:
    starts = _starts(cues, ratio)
    peaks = _correlated(_stretched(cues, ratio), recording, _PEAKS)
    return max(
        (_judged(starts, ratio, lag_ms, value, recording) for lag_ms, value in peaks),
        key=lambda fit: fit.score,
    )


def _correlated(cues: Sequence[Span], recording: _Recording, count: int) -> list[tuple[int, float]]:
    """Return the shifts at which cues correlate best with speech: milliseconds and correlation."""
    base_ms = cues[0].start_ms
    moved = [Span(cue.start_ms - base_ms, cue.end_ms - base_ms) for cue in cues]
    signal = activity(moved, max(cue.end_ms for cue in moved))
    values = _correlation(signal, recording)
    peaks: list[tuple[int, float]] = []
    width = _PEAK_WIDTH_MS // GRID_MS
    for _ in range(count):
        at = int(np.argmax(values))
        if values[at] <= -1:
            break
        # Index 0 is where the last step of the cues meets the first of the recording.
        peaks.append(((at - len(signal) + 1) * GRID_MS - base_ms, float(values[at])))
        values[max(0, at - width) : at + width + 1] = -2
    return peaks


def _correlation(cues: Signal, recording: _Recording) -> NDArray[np.float64]:
    """Return the correlation of cues and a recording at every shift that has them overlap."""
    ours, length = cues - cues.mean(), len(recording.signal)
    steps = len(ours) + length - 1
    size = 1 << (steps - 1).bit_length()
    product = recording.spectrum(size) * np.conj(np.fft.rfft(ours, size))
    whole = np.fft.irfft(product, size)
    lags = np.concatenate([whole[size - len(ours) + 1 :], whole[:length]])
    norm = float(np.sqrt((ours**2).sum() * recording.energy)) or 1.0
    return np.asarray(lags / norm, np.float64)


def _judged(
    starts: NDArray[np.float64], ratio: float, lag_ms: int, value: float, recording: _Recording
) -> _Fit:
    offset_ms = _refined(starts, lag_ms, recording)
    hits = _hits(starts, offset_ms, recording)
    return _Fit(ratio, offset_ms, value, hits, value + hits / len(starts))


def _distances(
    starts: NDArray[np.float64], offset_ms: float, recording: _Recording
) -> NDArray[np.float64]:
    """Return how far the nearest onset lies from each start, with its sign."""
    moved, onsets = starts + offset_ms, recording.onsets
    after = np.clip(np.searchsorted(onsets, moved), 0, len(onsets) - 1)
    before = np.maximum(after - 1, 0)
    ahead, behind = onsets[after] - moved, onsets[before] - moved
    return np.asarray(np.where(np.abs(ahead) < np.abs(behind), ahead, behind), np.float64)


def _refined(starts: NDArray[np.float64], lag_ms: int, recording: _Recording) -> int:
    """Return the shift near a given one at which most cues begin with an onset."""
    starts = starts[:: 1 + len(starts) // _REFINED_CUES]
    tries = np.arange(lag_ms - _NEAR_MS, lag_ms + _NEAR_MS + 1, GRID_MS)
    shifted = starts[None, :] + tries[:, None]
    weights = np.maximum(0, 1 - np.abs(_distances(shifted, 0, recording)) / _HIT_MS).sum(axis=1)
    # Of equally good ones the nearest: a file without pauses says nothing here.
    closeness = -np.abs(tries - lag_ms) / (1000 * _NEAR_MS)
    found = float(tries[int(np.argmax(weights + closeness))])
    near = _distances(starts, found, recording)
    near = near[np.abs(near) <= _HIT_MS]
    return round(found + (float(np.median(near)) if len(near) else 0.0))


def _hits(starts: NDArray[np.float64], offset_ms: int, recording: _Recording) -> int:
    return int((np.abs(_distances(starts, offset_ms, recording)) <= _HIT_MS).sum())


def _pieces(cues: Sequence[Span], best: _Fit, recording: _Recording) -> tuple[SyncPiece, ...]:
    """Return runs of cues with an offset each: one, unless there is clear evidence for more."""
    whole = (SyncPiece(0, len(cues) - 1, best.offset_ms),)
    if len(cues) < 2 * _PIECE_CUES:
        return whole
    offsets = _candidates(cues, best, recording)
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


def _candidates(cues: Sequence[Span], best: _Fit, recording: _Recording) -> list[int]:
    """Return the offsets that some run of cues may have, the best fit's first."""
    offsets = [best.offset_ms]
    step = max(_CHUNK_CUES // 2, len(cues) // _CHUNKS_MOST)
    for first in range(0, len(cues) - _PIECE_CUES + 1, step):
        chunk = cues[first : first + _CHUNK_CUES]
        starts = _starts(chunk, best.ratio)
        found = _correlated(_stretched(chunk, best.ratio), recording, _CHUNK_PEAKS)
        fits = (_judged(starts, best.ratio, lag, value, recording) for lag, value in found)
        for fit in fits:
            if all(abs(fit.offset_ms - other) > _SAME_OFFSET_MS for other in offsets):
                offsets.append(fit.offset_ms)
    return offsets


def _evidence(
    cues: Sequence[Span], ratio: float, offset_ms: int, recording: _Recording
) -> NDArray[np.float64]:
    """Return for each cue what speaks for an offset: speech while it shows, an onset with it."""
    sums = np.concatenate([[0.0], np.cumsum(recording.signal, dtype=np.float64)])
    starts = _starts(cues, ratio) + offset_ms
    ends = np.array([cue.end_ms for cue in cues], np.float64) * ratio + offset_ms
    steps = len(recording.signal)
    from_, until = (np.clip(times / GRID_MS, 0, steps).astype(np.int64) for times in (starts, ends))
    voiced = (sums[until] - sums[from_]) / np.maximum(1, (ends - starts) / GRID_MS)
    near = np.abs(_distances(_starts(cues, ratio), offset_ms, recording))
    return np.asarray(voiced + np.maximum(0, 1 - near / _HIT_MS), np.float64)


def _cheapest_path(evidence: NDArray[np.float64]) -> list[int]:
    """Return the row for each column with the greatest sum, where a change of row costs."""
    total = evidence[:, 0].copy()
    came = np.zeros(evidence.shape, np.int64)
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
    cues: Sequence[Span], pieces: Sequence[SyncPiece], ratio: float, recording: _Recording
) -> tuple[SyncPiece, ...]:
    return tuple(
        SyncPiece(
            piece.first,
            piece.last,
            _refined(
                _starts(cues[piece.first : piece.last + 1], ratio), piece.offset_ms, recording
            ),
        )
        for piece in pieces
    )


def _confidence(
    cues: Sequence[Span],
    pieces: Sequence[SyncPiece],
    agreement: float,
    hits: int,
    recording: _Recording,
) -> float:
    """Return how unlikely so many hits are by chance, given all shifts that were looked at.

    The share of cues that begin with an onset by chance is known; a binomial tail says how rare so
    many are, and there are as many chances as shifts, ratios and pieces to choose from.
    """
    extent_ms = recording.length_ms + cues[-1].end_ms - cues[0].start_ms
    chances = log(extent_ms / _HIT_MS * len(RATIOS)) * len(pieces)
    evidence = -_log_tail(hits, len(cues), recording.chance) - chances
    certainty = exp(-log1p(exp(-max(-50.0, min(50.0, evidence)))))
    return round(certainty * min(1.0, 2 * agreement), 3)


def _agreement(cues: Sequence[Span], recording: _Recording) -> float:
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
