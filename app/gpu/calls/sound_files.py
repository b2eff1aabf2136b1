"""Samples as files that servers take."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.audio import Samples
from app.domain.time import SAMPLE_RATE_HZ

BYTES_PER_SAMPLE = 2
WAV_HEADER_BYTES = 44

_FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
"""20 ms: short against a pause, long against a period of a voice."""

_SEARCH_SHARE = 0.5
"""A piece is cut in its second half, so that there are at most twice as many as needed."""

_INAUDIBLE = 1e-4
"""Peak below which nothing can be heard: -80 dB of full scale."""


def to_pcm16(samples: Samples) -> bytes:
    """Return samples as 16-bit little-endian PCM."""
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def to_wav(samples: Samples) -> bytes:
    """Return samples as a WAV file, 16-bit mono at 16 kHz."""
    return pcm_to_wav(to_pcm16(samples))


def pcm_to_wav(pcm: bytes) -> bytes:
    """Return 16-bit mono PCM at 16 kHz as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(BYTES_PER_SAMPLE)
        writer.setframerate(SAMPLE_RATE_HZ)
        writer.writeframes(pcm)
    return file.getvalue()


def is_inaudible(samples: Samples) -> bool:
    """Whether there is nothing to be heard, so that no server need be asked."""
    return not len(samples) or float(np.abs(samples).max()) < _INAUDIBLE


def pieces(samples: Samples, most_samples: int) -> Iterator[tuple[int, Samples]]:
    """Cut samples in their quietest places into pieces that are short enough.

    Args:
        samples: shape ``(n,)``.
        most_samples: of a piece.

    Yields:
        The index of each piece's first sample, and the piece; together all samples, in order.
    """
    start = 0
    while len(samples) - start > most_samples:
        end = start + _quietest(samples[start : start + most_samples])
        yield start, samples[start:end]
        start = end
    yield start, samples[start:]


def _quietest(samples: Samples) -> int:
    """Return the middle of the quietest frame in the second half; the end where it is too short."""
    first = int(len(samples) * _SEARCH_SHARE)
    frames = (len(samples) - first) // _FRAME_SAMPLES
    if frames == 0:
        return len(samples)
    tail: NDArray[np.float32] = samples[first : first + frames * _FRAME_SAMPLES]
    energy = np.square(tail.reshape(frames, _FRAME_SAMPLES)).mean(axis=1)
    # Of a long silence the middle, so that neither side loses the edge of a sound.
    quiet = np.flatnonzero(energy <= energy.min() * 1.5 + 1e-10)
    frame = int(quiet[len(quiet) // 2])
    return first + frame * _FRAME_SAMPLES + _FRAME_SAMPLES // 2
