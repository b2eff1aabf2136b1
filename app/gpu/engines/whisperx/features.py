"""Log-mel spectrograms, as Whisper reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Samples
from app.domain.errors import EngineError
from app.domain.time import SAMPLE_RATE_HZ

WINDOW_SAMPLES = 30 * SAMPLE_RATE_HZ
"""What one encoding covers; shorter audio is padded with silence. Source: the Whisper paper,
section 2.2."""

FRAME_SAMPLES = 160
"""Samples per spectrogram frame, 10 ms. Source: the Whisper paper, section 2.2."""

WINDOW_FRAMES = WINDOW_SAMPLES // FRAME_SAMPLES

Features = NDArray[np.float32]
"""Log-mel spectrograms of a batch, shape ``(windows, mels, 3000)``."""


def log_mels(batch: Sequence[Samples], mels: int) -> Features:
    """Return the spectrograms of a batch.

    Each window is scaled by its own loudest value, so they are computed one by one.

    Args:
        batch: mono samples at 16 kHz, each at most 30 s.
        mels: mel bands that the checkpoint reads, 80 or 128.

    Raises:
        EngineError: a window is longer than 30 s; nothing is ever cut off.
    """
    from whisperx.audio import log_mel_spectrogram

    features = np.empty((len(batch), mels, WINDOW_FRAMES), np.float32)
    for row, samples in enumerate(batch):
        missing = WINDOW_SAMPLES - len(samples)
        if missing < 0:
            raise EngineError("Whisper reads at most 30 s at a time")
        own = np.require(samples, np.float32, ["C", "W"])
        features[row] = log_mel_spectrogram(own, mels, padding=missing).numpy()
    return features


def frames(samples: int) -> int:
    """Return how many spectrogram frames hold that many samples, the last one rounded up."""
    return min(WINDOW_FRAMES, -(-samples // FRAME_SAMPLES))
