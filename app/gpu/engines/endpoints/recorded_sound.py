"""A recording on its way to a worker: spooled to the disk, sent in the best form that fits."""

from __future__ import annotations

import asyncio
import tempfile
from typing import IO

from app.domain.audio import Samples
from app.domain.errors import RemoteEngineError, StorageError
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.calls.sound_files import BYTES_PER_SAMPLE, WAV_HEADER_BYTES, pcm_to_wav, to_pcm16
from app.system.subprocesses import Subprocess, running

_BEST_BITS = 32_000
_LEAST_BITS = 8_000
"""Opus codes wideband speech well from 16 kbit/s on, and understandably from 8. Source: RFC 6716,
section 2.1.1, and the recommendations of Opus's authors."""

_OVERHEAD = 1.06
"""Ogg pages, and what a variable bit rate may take above its mean."""

_BLOCK_BYTES = 2**16


class RecordedSound:
    """Sound of one recording as it arrives.

    It lies in a file without a name, which is gone with the last one who holds it.
    """

    def __init__(self) -> None:
        try:
            self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with its owner
        except OSError:
            raise StorageError("The disk is full or not writable") from None
        self._bytes = 0

    @property
    def duration_ms(self) -> int:
        """Length so far."""
        return self._bytes * 1000 // (BYTES_PER_SAMPLE * SAMPLE_RATE_HZ)

    def add(self, samples: Samples) -> None:
        """Append samples.

        Raises:
            StorageError: the disk is full.
        """
        data = to_pcm16(samples)
        try:
            self._file.write(data)
        except OSError:
            raise StorageError("The disk is full or not writable") from None
        self._bytes += len(data)

    async def encoded(self, most_bytes: int) -> tuple[bytes, str]:
        """Return the sound as a file, and the ending of its format.

        Without loss where that fits, else as Opus of the bit rate that does.

        Raises:
            RemoteEngineError: it is too long for any.
        """
        if self._bytes + WAV_HEADER_BYTES <= most_bytes:
            return pcm_to_wav(await asyncio.to_thread(self._read, 0, self._bytes)), "wav"
        bits = int(most_bytes * 8000 / _OVERHEAD / max(1, self.duration_ms))
        too_long = RemoteEngineError(
            f"A recording of {self.duration_ms // 60_000} minutes does not fit into one request to "
            "the diarization worker (ENDPOINT_MAX_REQUEST_MB)"
        )
        if bits < _LEAST_BITS:
            raise too_long
        return await self._opus(min(bits, _BEST_BITS), most_bytes, too_long), "ogg"

    async def _opus(self, bits: int, most_bytes: int, too_long: RemoteEngineError) -> bytes:
        command = [
            *("ffmpeg", "-v", "error", "-nostdin", "-f", "s16le", "-ac", "1"),
            *("-ar", str(SAMPLE_RATE_HZ), "-i", "-", "-c:a", "libopus", "-application", "voip"),
            *("-b:a", str(bits), "-vbr", "constrained", "-f", "ogg", "-"),
        ]
        async with running(command, stdin=True) as child:
            feeding = asyncio.create_task(self._feed(child))
            try:
                output = await _all_of(child, most_bytes, too_long)
                await feeding
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
            status = await child.wait()
            child.check_limits("Compressing the recording")
        if status != 0 or not output:
            raise RemoteEngineError("ffmpeg cannot write Opus, which long recordings are sent as")
        return output

    async def _feed(self, child: Subprocess) -> None:
        place = 0
        while place < self._bytes:
            data = await asyncio.to_thread(self._read, place, _BLOCK_BYTES)
            place += len(data)
            if not data or not await child.write(data):
                break
        child.close_stdin()

    def _read(self, place: int, size: int) -> bytes:
        try:
            self._file.flush()
            self._file.seek(place)
            return self._file.read(size)
        except OSError:
            raise StorageError("The recording cannot be read again") from None


async def _all_of(child: Subprocess, most_bytes: int, excess: Exception) -> bytes:
    output = bytearray()
    while data := await child.stdout.read(_BLOCK_BYTES):
        output += data
        if len(output) > most_bytes:
            raise excess
    return bytes(output)
