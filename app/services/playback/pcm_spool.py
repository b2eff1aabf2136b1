"""Spool file for decoded audio that is needed later."""

from __future__ import annotations

import errno
import os
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np

from app.domain.audio import Audio
from app.services.media.pcm import BYTES_PER_SAMPLE
from app.system.thread_groups import DISK
from app.system.workdir import WorkDir, storage_errors

_FULL_SCALE = np.float32(2**15)


class PcmSpool:
    """Stores ranges of one recording in a sparse file, each at its own offset.

    The first write creates the file. Samples are stored as the 16 bits that a decoder gave, so
    they are read back bit for bit.

    Args:
        workdir: where the file is created.
        resources: removes the file when it is closed.
    """

    def __init__(self, workdir: WorkDir, resources: AsyncExitStack) -> None:
        self._workdir = workdir
        self._resources = resources
        self._path: Path | None = None

    async def write(self, audio: Audio) -> None:
        """Write a range of samples.

        Raises:
            StorageError: the disk is full or not writable.
        """
        if self._path is None:
            self._path = self._workdir.new_file(".pcm")
            self._resources.callback(self._path.unlink, missing_ok=True)
        pcm = np.round(audio.samples * _FULL_SCALE).astype("<i2").tobytes()
        with storage_errors():
            await DISK.run(_write, self._path, pcm, audio.start_sample * BYTES_PER_SAMPLE)

    async def read(self, start_sample: int, end_sample: int) -> Audio:
        """Read a range that was written.

        Args:
            start_sample: first sample.
            end_sample: one after the last sample.

        Raises:
            StorageError: the range cannot be read.
        """
        place, size = start_sample * BYTES_PER_SAMPLE, end_sample - start_sample
        with storage_errors():
            pcm = await DISK.run(_read, self._path, size * BYTES_PER_SAMPLE, place)
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
