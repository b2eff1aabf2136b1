"""The sound of one live stream between its arrival and its use, bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

import numpy as np

from app.domain.audio import Samples
from app.domain.errors import InvalidFieldError
from app.domain.time import SAMPLE_RATE_HZ

_BYTES_PER_SAMPLE = 2
_MAX_BYTES = 8 * SAMPLE_RATE_HZ * _BYTES_PER_SAMPLE
"""Eight seconds at once; clients send a quarter of a second."""

_FULL_SCALE = np.float32(1 / 32768)


def read_pcm(sent: object) -> Samples:
    """Read what a client sent: 16-bit little-endian mono at 16 kHz, or an object that holds it.

    Args:
        sent: bytes, or a mapping with bytes under ``audio``.

    Raises:
        InvalidFieldError: it is no such sound.
    """
    data = sent.get("audio") if isinstance(sent, dict) else sent
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidFieldError("audio must be binary")
    if len(data) % _BYTES_PER_SAMPLE:
        raise InvalidFieldError("audio must hold whole 16-bit samples")
    if len(data) > _MAX_BYTES:
        raise InvalidFieldError("audio is too long for one message")
    return np.frombuffer(data, "<i2").astype(np.float32) * _FULL_SCALE


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Samples, and whether some ahead of them were skipped."""

    samples: Samples
    after_gap: bool


class SoundQueue:
    """Sound that waits; when there is too much of it, the oldest goes.

    Args:
        max_s: sound that may wait.
    """

    def __init__(self, max_s: float) -> None:
        self._max_samples = int(max_s * SAMPLE_RATE_HZ)
        self._waiting: deque[Samples] = deque()
        self._samples = 0
        self._gap = False
        self._ended = False
        self._changed = asyncio.Event()

    @property
    def waiting_s(self) -> float:
        """Sound that waits."""
        return self._samples / SAMPLE_RATE_HZ

    def put(self, samples: Samples) -> None:
        """Add sound; empty sound and sound after the end are ignored."""
        if self._ended or not len(samples):
            return
        self._waiting.append(samples)
        self._samples += len(samples)
        while self._samples > self._max_samples and len(self._waiting) > 1:
            self._samples -= len(self._waiting.popleft())
            self._gap = True
        self._changed.set()

    def end(self) -> None:
        """No more will come; what waits is still taken."""
        self._ended = True
        self._changed.set()

    async def get(self) -> Sound | None:
        """Wait for sound and take it; None at the end."""
        while not self._waiting:
            if self._ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        samples = self._waiting.popleft()
        self._samples -= len(samples)
        sound = Sound(samples, self._gap)
        self._gap = False
        return sound
