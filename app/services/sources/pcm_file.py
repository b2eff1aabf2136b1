"""Samples on disk: written at the end while they pass, read from anywhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from app.domain.audio import Samples
from app.services.stages.decode import BYTES_PER_SAMPLE
from app.services.workdir import storage_errors

_FULL_SCALE = np.float32(2**15)


class PcmFile:
    """16-bit samples, 32 KB for each second; what ffmpeg decoded comes back bit for bit.

    Attributes:
        length: samples that are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.length = 0

    async def append(self, samples: Samples) -> None:
        """Keep the next samples.

        Raises:
            StorageError: the disk is full or not writable.
        """
        pcm = np.round(samples * _FULL_SCALE).astype("<i2").tobytes()
        with storage_errors():
            await asyncio.to_thread(self._write, pcm)
        self.length += len(samples)

    async def read(self, start: int, count: int) -> Samples:
        """Return samples from a place on; fewer where fewer are kept.

        Raises:
            StorageError: the disk is not readable.
        """
        with storage_errors():
            data = await asyncio.to_thread(self._read, start, min(count, self.length - start))
        return np.frombuffer(data, "<i2").astype(np.float32) / _FULL_SCALE

    def _write(self, pcm: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(pcm)

    def _read(self, start: int, count: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(start * BYTES_PER_SAMPLE)
            return file.read(max(0, count) * BYTES_PER_SAMPLE)
