"""Sounds in which nobody speaks, made by numpy: the same samples each time.

A transcriber that writes words for them invents them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.sample_clip import RATE_HZ, Samples

Signal = NDArray[np.floating[Any]]
"""Mono samples at 16 kHz, shape ``(n,)``."""

_SEED = 7
_LEVEL = 0.1
"""Root mean square of every sound but silence, -20 dB of full scale: as loud as speech."""

_HUM_HZ, _HARMONICS = 50, 12

_CHORDS = (
    (220.0, 261.6, 329.6),
    (174.6, 220.0, 261.6),
    (261.6, 329.6, 392.0),
    (196.0, 246.9, 293.7),
)
"""A minor, F, C, G in equal temperament, A = 440 Hz."""
_CHORD_S, _BEAT_S = 2.0, 0.5

_BREATH_S, _BREATH_HZ = 4.0, (300.0, 2500.0)
_LAUGH_S, _LAUGH_PITCH_HZ, _SYLLABLES_HZ = 4.0, 260.0, 5.0

_RING_HZ, _RING_S, _RING_EVERY_S = (440.0, 480.0), 2.0, 6.0
"""Ringing tone of North America. Source: ITU-T E.180."""

_ROWS_HZ, _COLUMNS_HZ = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
"""Tones of the keys of a telephone. Source: ITU-T Q.23."""
_KEY_S, _KEY_EVERY_S = 0.1, 0.25


def no_speech(name: str, seconds: float) -> Samples:
    """Return a sound.

    Args:
        name: one of `SOUNDS`.
        seconds: its length.
    """
    signal = SOUNDS[name](_times(seconds), np.random.default_rng(_SEED))
    loudness = float(np.sqrt(np.mean(signal**2)))
    return (signal * (_LEVEL / loudness) if loudness else signal).clip(-1, 1).astype(np.float32)


def _silence(at_s: Signal, _: np.random.Generator) -> Signal:
    return np.zeros_like(at_s)


def _white_noise(at_s: Signal, random: np.random.Generator) -> Signal:
    return random.normal(size=len(at_s))


def _pink_noise(at_s: Signal, random: np.random.Generator) -> Signal:
    """Noise whose power falls with the frequency."""
    return _shaped(random.normal(size=len(at_s)), lambda hz: 1 / np.sqrt(np.maximum(hz, 20)))


def _hum(at_s: Signal, _: np.random.Generator) -> Signal:
    """The mains' 50 Hz with harmonics."""
    tones = (np.sin(2 * np.pi * _HUM_HZ * n * at_s) / n for n in range(1, _HARMONICS + 1))
    summed: Signal = np.sum(list(tones), axis=0)
    return summed


def _music(at_s: Signal, random: np.random.Generator) -> Signal:
    """Plucked chords over a drum."""
    signal = np.zeros_like(at_s)
    place = (at_s // _CHORD_S).astype(int) % len(_CHORDS)
    for number, chord in enumerate(_CHORDS):
        for hz in chord:
            signal += (place == number) * np.sin(2 * np.pi * hz * at_s)
    beat_s = at_s % _BEAT_S
    drum = np.sin(2 * np.pi * 60 * beat_s) * 3 + random.normal(size=len(at_s))
    mixed: Signal = signal * np.exp(-1.5 * (at_s % _CHORD_S)) + drum * np.exp(-25 * beat_s)
    return mixed


def _breathing(at_s: Signal, random: np.random.Generator) -> Signal:
    """Bands of noise that swell twice in four seconds, in and out."""
    low_hz, high_hz = _BREATH_HZ
    noise = _shaped(
        random.normal(size=len(at_s)), lambda hz: ((hz > low_hz) & (hz < high_hz)).astype(float)
    )
    swelling: Signal = np.maximum(0, np.sin(4 * np.pi * at_s / _BREATH_S)) ** 2
    return noise * swelling


def _laughter(at_s: Signal, random: np.random.Generator) -> Signal:
    """Voiced bursts, five a second with falling pitch, then a pause."""
    within_s = at_s % _LAUGH_S
    pitch_hz = _LAUGH_PITCH_HZ * (1 - 0.1 * within_s)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    voiced = np.sum([np.sin(n * phase) / n for n in range(1, 12)], axis=0)
    bursts = np.maximum(0, np.sin(2 * np.pi * _SYLLABLES_HZ * at_s)) ** 2
    loud = bursts * np.exp(-within_s) * (within_s < _LAUGH_S / 2)
    laughed: Signal = (voiced + 0.5 * random.normal(size=len(at_s))) * loud
    return laughed


def _telephone(at_s: Signal, _: np.random.Generator) -> Signal:
    tones: Signal = np.sum([np.sin(2 * np.pi * hz * at_s) for hz in _RING_HZ], axis=0)
    return tones * (at_s % _RING_EVERY_S < _RING_S)


def _keys(at_s: Signal, random: np.random.Generator) -> Signal:
    """Keys of a telephone that somebody dials, four a second."""
    place = (at_s // _KEY_EVERY_S).astype(int)
    pressed = random.integers(0, 4, size=(2, place[-1] + 1))
    row_hz = np.asarray(_ROWS_HZ)[pressed[0]][place]
    column_hz = np.asarray(_COLUMNS_HZ)[pressed[1]][place]
    tones: Signal = np.sin(2 * np.pi * row_hz * at_s) + np.sin(2 * np.pi * column_hz * at_s)
    return tones * (at_s % _KEY_EVERY_S < _KEY_S)


SOUNDS: Mapping[str, Callable[[Signal, np.random.Generator], Signal]] = {
    "digital silence": _silence,
    "white noise": _white_noise,
    "pink noise": _pink_noise,
    "mains hum": _hum,
    "music": _music,
    "breathing": _breathing,
    "laughter": _laughter,
    "ringing telephone": _telephone,
    "DTMF": _keys,
}


def _times(seconds: float) -> Signal:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def _shaped(noise: Signal, gain: Callable[[Signal], Signal]) -> Signal:
    """Return noise whose spectrum is multiplied by a gain at each frequency in hertz."""
    spectrum = np.fft.rfft(noise)
    spectrum *= gain(np.fft.rfftfreq(len(noise), 1 / RATE_HZ))
    return np.fft.irfft(spectrum, len(noise))
