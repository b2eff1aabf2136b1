"""Bounded queue of the received audio of one live stream."""

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
"""Eight seconds in one message; clients send a quarter of a second."""

_FULL_SCALE = np.float32(1 / 32768)


def read_pcm(message: object) -> Samples:
    """Decode a client's message: 16-bit little-endian mono PCM at 16 kHz, bare or in an object.

    Args:
        message: bytes, or a mapping with bytes under ``audio``.

    Raises:
        InvalidFieldError: it is no such audio.
    """
    data = message.get("audio") if isinstance(message, dict) else message
    if not isinstance(data, bytes | bytearray | memoryview):
        raise InvalidFieldError("audio must be binary")
    if len(data) % _BYTES_PER_SAMPLE:
        raise InvalidFieldError("audio must hold whole 16-bit samples")
    if len(data) > _MAX_BYTES:
        raise InvalidFieldError("audio is too long for one message")
    return np.frombuffer(data, "<i2").astype(np.float32) * _FULL_SCALE


@dataclass(frozen=True, slots=True, eq=False)
class QueuedAudio:
    """Samples, with a mark where some ahead of them were skipped."""

    samples: Samples
    after_gap: bool


class AudioQueue:
    """Queue of samples that drops the oldest when it is full.

    Args:
        max_s: capacity in seconds.
    """

    def __init__(self, max_s: float) -> None:
        self._max_samples = int(max_s * SAMPLE_RATE_HZ)
        self._blocks: deque[Samples] = deque()
        self._samples = 0
        self._has_gap = False
        self._ended = False
        self._change = asyncio.Event()

    @property
    def waiting_s(self) -> float:
        """Queued audio in seconds."""
        return self._samples / SAMPLE_RATE_HZ

    def put(self, samples: Samples) -> None:
        """Add samples; empty blocks and those after the end are ignored."""
        if self._ended or not len(samples):
            return
        self._blocks.append(samples)
        self._samples += len(samples)
        while self._samples > self._max_samples and len(self._blocks) > 1:
            self._samples -= len(self._blocks.popleft())
            self._has_gap = True
        self._change.set()

    def end(self) -> None:
        """Close the queue for input; queued samples can still be taken."""
        self._ended = True
        self._change.set()

    async def get(self) -> QueuedAudio | None:
        """Wait for samples and take them; None at the end."""
        while not self._blocks:
            if self._ended:
                return None
            self._change.clear()
            await self._change.wait()
        samples = self._blocks.popleft()
        self._samples -= len(samples)
        queued = QueuedAudio(samples, self._has_gap)
        self._has_gap = False
        return queued
