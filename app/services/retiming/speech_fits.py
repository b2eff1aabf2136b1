"""Shifts of cues against speech: where the two correlate, and how many cues begin with an onset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span
from app.services.retiming.activity import GRID_MS, Signal, activity

_PEAK_WIDTH_MS = 1000
"""Shifts that are closer belong to one peak of the correlation."""

_NEAR_MS = 600
"""How far the onsets may move a shift that the correlation found."""

HIT_MS = 120
"""A cue begins with an onset that is this close."""

_REFINED_CUES = 2000
"""Cues by which a shift is refined; more say nothing new."""

_PAUSE_MS = 200
"""Silence ahead of an onset that a cue may begin with."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One shift with its evidence.

    Attributes:
        hits: cues that begin with an onset.
        score: by which fits are compared.
    """

    ratio: float
    offset_ms: int
    hits: int
    score: float


class Recording:
    """Speech of a recording in the forms that it is looked at in.

    Args:
        speech: where somebody speaks, sorted; at least one span.
        length_ms: of the recording.
    """

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
        self.spoken = np.concatenate([[0.0], np.cumsum(self.signal, dtype=np.float64)])
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
        edges = np.diff(self.onsets, append=self.onsets[-1] + 2 * HIT_MS)
        covered_ms = float(np.minimum(edges, 2 * HIT_MS).sum())
        return min(0.95, covered_ms / max(1, self.length_ms))


def starts_of(cues: Sequence[Span], ratio: float) -> NDArray[np.float64]:
    """Return the starts of stretched cues in milliseconds, shape ``(cues,)``."""
    return np.array([cue.start_ms for cue in cues], np.float64) * ratio


def stretched(cues: Sequence[Span], ratio: float) -> list[Span]:
    """Return cues whose times are multiplied by a ratio of frame rates."""
    return [Span(round(cue.start_ms * ratio), round(cue.end_ms * ratio)) for cue in cues]


def correlated(cues: Sequence[Span], recording: Recording, count: int) -> list[tuple[int, float]]:
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


def _correlation(cues: Signal, recording: Recording) -> NDArray[np.float64]:
    """Return the correlation of cues and a recording at every shift that has them overlap."""
    ours, length = cues - cues.mean(), len(recording.signal)
    steps = len(ours) + length - 1
    size = 1 << (steps - 1).bit_length()
    product = recording.spectrum(size) * np.conj(np.fft.rfft(ours, size))
    whole = np.fft.irfft(product, size)
    lags = np.concatenate([whole[size - len(ours) + 1 :], whole[:length]])
    norm = float(np.sqrt((ours**2).sum() * recording.energy)) or 1.0
    return np.asarray(lags / norm, np.float64)


def judged(
    starts: NDArray[np.float64], ratio: float, lag_ms: int, value: float, recording: Recording
) -> Fit:
    """Return a shift that the correlation found, moved to the onsets nearby, with its evidence.

    Args:
        starts: of the stretched cues, in milliseconds.
        ratio: by which they are stretched.
        lag_ms: the shift.
        value: the correlation at it.
        recording: the speech.
    """
    offset_ms = refined(starts, lag_ms, recording)
    hits = hits_of(starts, offset_ms, recording)
    return Fit(ratio, offset_ms, hits, value + hits / len(starts))


def distances(
    starts: NDArray[np.float64], offset_ms: float, recording: Recording
) -> NDArray[np.float64]:
    """Return how far the nearest onset lies from each start, with its sign."""
    moved, onsets = starts + offset_ms, recording.onsets
    after = np.clip(np.searchsorted(onsets, moved), 0, len(onsets) - 1)
    before = np.maximum(after - 1, 0)
    ahead, behind = onsets[after] - moved, onsets[before] - moved
    return np.asarray(np.where(np.abs(ahead) < np.abs(behind), ahead, behind), np.float64)


def refined(starts: NDArray[np.float64], lag_ms: int, recording: Recording) -> int:
    """Return the shift near a given one at which most cues begin with an onset."""
    starts = starts[:: 1 + len(starts) // _REFINED_CUES]
    tries = np.arange(lag_ms - _NEAR_MS, lag_ms + _NEAR_MS + 1, GRID_MS)
    shifted = starts[None, :] + tries[:, None]
    weights = np.maximum(0, 1 - np.abs(distances(shifted, 0, recording)) / HIT_MS).sum(axis=1)
    # Of equally good ones the nearest: a file without pauses says nothing here.
    closeness = -np.abs(tries - lag_ms) / (1000 * _NEAR_MS)
    found = float(tries[int(np.argmax(weights + closeness))])
    near = distances(starts, found, recording)
    near = near[np.abs(near) <= HIT_MS]
    return round(found + (float(np.median(near)) if len(near) else 0.0))


def hits_of(starts: NDArray[np.float64], offset_ms: int, recording: Recording) -> int:
    """Return how many of the cues begin with an onset once they are shifted."""
    return int((np.abs(distances(starts, offset_ms, recording)) <= HIT_MS).sum())
