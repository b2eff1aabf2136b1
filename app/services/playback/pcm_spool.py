"""Decoded audio that waits on disk until its turn."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from app.domain.audio import Audio
from app.services.media.pcm import BYTES_PER_SAMPLE
from app.system.workdir import WorkDir, storage_errors

_FULL_SCALE = np.float32(2**15)


class PcmSpool:
    """Keeps stretches of one recording, each at its place; the file is made by the first of them.

    What was never kept takes no room: the file has holes there. Samples are kept as the 16 bits
    that a decoder gave, so what is read is bit for bit what was kept.

    Args:
        workdir: where the file is made.
        resources: removes it when it is closed.
    """

    def __init__(self, workdir: WorkDir, resources: AsyncExitStack) -> None:
        self._workdir = workdir
        self._resources = resources
        self._path: Path | None = None

    async def keep(self, audio: Audio) -> None:
        """Write a stretch.

        Raises:
            StorageError: the disk is full or not writable.
        """
        if self._path is None:
            self._path = self._workdir.new_file(".pcm")
            self._resources.callback(self._path.unlink, missing_ok=True)
        pcm = np.round(audio.samples * _FULL_SCALE).astype("<i2").tobytes()
        with storage_errors():
            await asyncio.to_thread(_write, self._path, pcm, audio.start_sample * BYTES_PER_SAMPLE)

    async def read(self, start_sample: int, end_sample: int) -> Audio:
        """Read what was kept between two places.

        Raises:
            StorageError: the disk does not give it back.
        """
        place, size = start_sample * BYTES_PER_SAMPLE, end_sample - start_sample
        with storage_errors():
            pcm = await asyncio.to_thread(_read, self._path, size * BYTES_PER_SAMPLE, place)
        return Audio(np.frombuffer(pcm, "<i2").astype(np.float32) / _FULL_SCALE, start_sample)


def _write(path: Path, data: bytes, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(data)


def _read(path: Path | None, size: int, place: int) -> bytes:
    if path is None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    with path.open("rb") as file:
        file.seek(place)
        data = file.read(size)
    if len(data) < size:
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return data
