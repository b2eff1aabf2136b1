"""Log-mel spectrograms of Whisper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Samples
from app.domain.errors import EngineError
from app.domain.time import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from faster_whisper.feature_extractor import FeatureExtractor

WINDOW_SAMPLES = 30 * SAMPLE_RATE_HZ
"""Length of the encoder's input; shorter audio is padded with silence. Source: the Whisper paper,
section 2.2."""

FRAME_SAMPLES = 160
"""Samples per spectrogram frame, 10 ms. Source: the Whisper paper, section 2.2."""

WINDOW_FRAMES = WINDOW_SAMPLES // FRAME_SAMPLES

_TAIL_SAMPLES = 3 * SAMPLE_RATE_HZ // 2
"""Silence after a window inside a bucket shorter than 30 s: the decoder ends a text where it sees
its end, and with less silence it may repeat or invent a sentence. Only the longest bucket takes
windows that fill it."""

_EDGE_SAMPLES = 400
"""One transform's length; frames that begin later than that after the audio are silent."""

Features = NDArray[np.float32]
"""Log-mel spectrograms: of one window, shape ``(mels, frames)``, or of a batch, shape
``(windows, mels, frames)``."""


def bucket_of(samples: int, buckets_s: Sequence[int]) -> int:
    """Return the number of frames that a window is padded to.

    Args:
        samples: length of the window.
        buckets_s: lengths to choose from, ascending.

    Raises:
        EngineError: the window is longer than all of them; it is never truncated.
    """
    for length_s in buckets_s[:-1]:
        if samples + _TAIL_SAMPLES <= length_s * SAMPLE_RATE_HZ:
            return length_s * SAMPLE_RATE_HZ // FRAME_SAMPLES
    if samples > buckets_s[-1] * SAMPLE_RATE_HZ:
        raise EngineError("Whisper reads at most 30 s at a time")
    return buckets_s[-1] * SAMPLE_RATE_HZ // FRAME_SAMPLES


def log_mel(samples: Samples, mels: int, length: int) -> Features:
    """Return the spectrogram of one window, padded with silence.

    Only the audio itself is transformed: the padding gets the lowest value that there is.

    Args:
        samples: mono samples at 16 kHz, at most ``length`` frames of them.
        mels: mel bands of the checkpoint, 80 or 128.
        length: frames, silence included.
    """
    computed = min(length, frames(len(samples) + _EDGE_SAMPLES))
    own = np.require(samples, np.float32, ["C", "W"])
    padding = computed * FRAME_SAMPLES - len(samples)
    spectrogram = np.asarray(_extractor(mels)(own, padding=padding), np.float32)
    if computed == length:
        return spectrogram
    features = np.full((mels, length), _silence_value(spectrogram), np.float32)
    features[:, :computed] = spectrogram
    return features


@cache
def _extractor(mels: int) -> FeatureExtractor:
    """Return faster-whisper's transform, which needs NumPy alone; it is safe for threads."""
    from faster_whisper.feature_extractor import FeatureExtractor

    return FeatureExtractor(feature_size=mels)


def _silence_value(spectrogram: Features) -> float:
    """Return the value of silence: 8 decades under the loudest value, in Whisper's scale.

    Source: openai/whisper audio.py: ``max(log10, loudest - 8)``, then ``(x + 4) / 4``.
    """
    loudest = spectrogram.max() * 4 - 4
    return float((max(-10.0, loudest - 8.0) + 4.0) / 4.0)


def frames(samples: int) -> int:
    """Return how many spectrogram frames cover that many samples, rounded up."""
    return min(WINDOW_FRAMES, -(-samples // FRAME_SAMPLES))
