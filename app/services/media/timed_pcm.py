"""Reader of PCM in packets with times, which counts the gaps between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from typing import NamedTuple

from app.domain.errors import InternalError
from app.domain.time import SAMPLE_RATE_HZ, samples_to_ms
from app.services.media.pcm import BLOCK_SAMPLES, BYTES_PER_SAMPLE, PcmBlock

_MAGIC = b"\x00\nSMJPEG"
_HEAD_BYTES = len(_MAGIC) + 8
_AUDIO, _END_OF_HEAD = b"sndD", b"HEND"
"""Source: SMJPEG's file format as libavformat/smjpegenc.c of ffmpeg 5.1 writes it: 8 bytes of
magic, version, length; header chunks of tag and size; then packets of tag, time, size and data."""

_CLOCK = 2**32
"""Times are counted modulo this many samples, 74 hours."""

_TOLERANCE_SAMPLES = SAMPLE_RATE_HZ // 10
"""Times that are off by less are taken for the inaccuracy of a container: many count in
milliseconds, or in frames. Source: swresample's ``min_hard_comp``, 0.1 s."""

_BLOCK_BYTES = BLOCK_SAMPLES * BYTES_PER_SAMPLE
_GAP = PcmBlock(bytes(_BLOCK_BYTES), gap=True)
_GAPS_AT_ONCE = 16
"""Blocks of a gap that are yielded before others get their turn: nothing has to be waited for."""


class _Packet(NamedTuple):
    start_sample: int
    data: bytes


class TimedPcm:
    """PCM of one recording: packets joined to blocks, with silence where time has passed.

    Args:
        pipe: the output of ``decode_command``.

    Attributes:
        gap_samples: samples in gaps so far, that before the first packet included.
    """

    def __init__(self, pipe: asyncio.StreamReader) -> None:
        self.gap_samples = 0
        self._pipe = pipe
        self._position = 0
        self._rest = bytearray()

    @property
    def gap_ms(self) -> int:
        """Time of the gaps so far."""
        return samples_to_ms(self.gap_samples)

    async def blocks(self) -> AsyncGenerator[PcmBlock, None]:
        """Yield whole blocks; only the last may be shorter, and is never empty.

        Raises:
            InternalError: the pipe holds something else.
        """
        begun = False
        async for packet in self._packets():
            missing = packet.start_sample - self._position
            data = packet.data
            if missing > (_TOLERANCE_SAMPLES if begun else 0):
                for count, block in enumerate(self._filled(missing)):
                    yield block
                    if count % _GAPS_AT_ONCE == 0:
                        await asyncio.sleep(0)
            elif missing < -_TOLERANCE_SAMPLES:  # sound of a time that has passed already
                data = data[-missing * BYTES_PER_SAMPLE :]
            begun = True
            for block in self._joined(data):
                yield block
        if self._rest:
            yield PcmBlock(bytes(self._rest))

    def _filled(self, samples: int) -> Iterator[PcmBlock]:
        """Yield blocks for a gap; what does not fill a block is joined to the sound beside it."""
        self.gap_samples += samples
        first = min(samples, -(len(self._rest) // BYTES_PER_SAMPLE) % BLOCK_SAMPLES)
        yield from self._joined(bytes(first * BYTES_PER_SAMPLE))
        whole, last = divmod(samples - first, BLOCK_SAMPLES)
        for _ in range(whole):
            self._position += BLOCK_SAMPLES
            yield _GAP
        yield from self._joined(bytes(last * BYTES_PER_SAMPLE))

    def _joined(self, data: bytes) -> Iterator[PcmBlock]:
        self._position += len(data) // BYTES_PER_SAMPLE
        self._rest += data
        while len(self._rest) >= _BLOCK_BYTES:
            block = PcmBlock(bytes(self._rest[:_BLOCK_BYTES]))
            del self._rest[:_BLOCK_BYTES]
            yield block

    async def _packets(self) -> AsyncGenerator[_Packet, None]:
        if not await self._skip_head():
            return
        clock = 0
        while await self._read(4) == _AUDIO:
            head = await self._read(8)
            if len(head) < 8:
                return
            clock += (int.from_bytes(head[:4], "big") - clock) % _CLOCK
            left, start = int.from_bytes(head[4:], "big"), clock
            while left:
                wanted = min(left, _BLOCK_BYTES)
                data = await self._read(wanted)
                left = left - wanted if len(data) == wanted else 0
                whole = len(data) // BYTES_PER_SAMPLE
                yield _Packet(start, data[: whole * BYTES_PER_SAMPLE])
                start += whole

    async def _skip_head(self) -> bool:
        """Read over the header; return whether anything follows it."""
        head = await self._read(_HEAD_BYTES)
        if not head:
            return False
        if not head.startswith(_MAGIC):
            raise InternalError("The decoder does not write what it was asked for")
        while (tag := await self._read(4)) != _END_OF_HEAD:
            size = await self._read(4)
            if len(tag) < 4 or len(size) < 4:
                return False
            await self._read(int.from_bytes(size, "big"))
        return True

    async def _read(self, count: int) -> bytes:
        """Read so many bytes; fewer only at the end."""
        try:
            return await self._pipe.readexactly(count)
        except asyncio.IncompleteReadError as end:
            return end.partial
