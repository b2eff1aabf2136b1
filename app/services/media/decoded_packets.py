"""Reader of the packets of PCM with times that ``decode_command`` lets ffmpeg write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import NamedTuple

from app.domain.errors import InternalError
from app.services.media.pcm import BLOCK_SAMPLES, BYTES_PER_SAMPLE

_MAGIC = b"\x00\nSMJPEG"
_HEAD_BYTES = len(_MAGIC) + 8
_FORMAT, _AUDIO, _END_OF_HEAD = b"_SND", b"sndD", b"HEND"
"""Source: SMJPEG's file format as libavformat/smjpegenc.c of ffmpeg 5.1 writes it: 8 bytes of
magic, version, length; header chunks of tag and size, of which the sound's holds rate, bits and
channels; then packets of tag, time, size and data."""

_CHANNELS_AT = 3
_CLOCK = 2**32
"""Times are counted modulo this many samples, 74 hours."""


class Packet(NamedTuple):
    """Whole frames of 16-bit PCM at 16 kHz, a sample for each channel interleaved.

    Attributes:
        start_sample: place of the first frame on the clock of its input.
        data: at most ``BLOCK_SAMPLES`` frames.
    """

    start_sample: int
    data: bytes


class DecodedPackets:
    """The output of one ffmpeg.

    Args:
        pipe: the output of ``decode_command``.

    Attributes:
        channels: of its sound; known once a packet came.
    """

    def __init__(self, pipe: asyncio.StreamReader) -> None:
        self.channels = 1
        self._pipe = pipe

    async def packets(self) -> AsyncGenerator[Packet, None]:
        """Yield packets, each with one whole frame at least.

        Raises:
            InternalError: the pipe holds something else.
        """
        if not await self._read_head():
            return
        frame_bytes = self.channels * BYTES_PER_SAMPLE
        clock = 0
        while await self._read(4) == _AUDIO:
            head = await self._read(8)
            if len(head) < 8:
                return
            clock += (int.from_bytes(head[:4], "big") - clock) % _CLOCK
            left, start = int.from_bytes(head[4:], "big"), clock
            while left:
                wanted = min(left, BLOCK_SAMPLES * frame_bytes)
                data = await self._read(wanted)
                left = left - wanted if len(data) == wanted else 0
                frames = len(data) // frame_bytes
                if frames:
                    yield Packet(start, data[: frames * frame_bytes])
                start += frames

    async def _read_head(self) -> bool:
        """Read the header; return whether anything follows it."""
        head = await self._read(_HEAD_BYTES)
        if not head:
            return False
        if not head.startswith(_MAGIC):
            raise InternalError("The decoder does not write what it was asked for")
        while (tag := await self._read(4)) != _END_OF_HEAD:
            size = await self._read(4)
            if len(tag) < 4 or len(size) < 4:
                return False
            body = await self._read(int.from_bytes(size, "big"))
            if tag == _FORMAT and len(body) > _CHANNELS_AT:
                self.channels = max(1, body[_CHANNELS_AT])
        return True

    async def _read(self, count: int) -> bytes:
        """Read so many bytes; fewer only at the end."""
        try:
            return await self._pipe.readexactly(count)
        except asyncio.IncompleteReadError as end:
            return end.partial
