"""Reader of the packets of PCM with times that ``decode_command`` lets ffmpeg write."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, Iterable, Iterator
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

_PACKET_HEAD = struct.Struct(">4sII")

_READ_BYTES = 2**16
_JOINED_SAMPLES = 16
"""Packets are joined where one begins so near to the end of the one before, 1 ms: a resampler
rounds."""


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

    A decoder writes dozens of packets a second, and each costs as much work as a long one. So
    those that were read at once are joined where one follows another.

    Args:
        pipe: the output of ``decode_command``.

    Attributes:
        channels: of its sound; known once a packet came.
    """

    def __init__(self, pipe: asyncio.StreamReader) -> None:
        self.channels = 1
        self._pipe = pipe
        self._unread = bytearray()
        self._clock = 0
        self._next_start = 0
        self._left = 0
        self._ended = False

    async def packets(self) -> AsyncGenerator[Packet, None]:
        """Yield packets, each with one whole frame at least.

        Raises:
            InternalError: the pipe holds something else.
        """
        if not await self._read_head():
            return
        while not self._ended:
            data = await self._pipe.read(_READ_BYTES)
            self._unread += data
            self._ended = not data
            for packet in self._joined(self._read_packets()):
                yield packet

    def _read_packets(self) -> Iterator[Packet]:
        """Yield what was read of packets; pieces of at most ``BLOCK_SAMPLES`` of long ones."""
        frame_bytes = self.channels * BYTES_PER_SAMPLE
        unread = self._unread
        while self._left or self._begin_packet():
            wanted = min(self._left, BLOCK_SAMPLES * frame_bytes)
            if len(unread) < wanted and not self._ended:
                return
            data = bytes(unread[:wanted])
            del unread[:wanted]
            self._left = self._left - wanted if len(data) == wanted else 0
            frames = len(data) // frame_bytes
            if frames:
                yield Packet(self._next_start, data[: frames * frame_bytes])
            self._next_start += frames

    def _begin_packet(self) -> bool:
        """Read the head of the next packet that has data; return whether there is one."""
        while not self._left:
            if len(self._unread) < _PACKET_HEAD.size:
                return False
            tag, place, size = _PACKET_HEAD.unpack_from(self._unread)
            if tag != _AUDIO:
                self._ended = True
                return False
            del self._unread[: _PACKET_HEAD.size]
            self._clock += (place - self._clock) % _CLOCK
            self._next_start, self._left = self._clock, size
        return True

    def _joined(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """Join packets that follow one another to packets of at most ``BLOCK_SAMPLES``."""
        frame_bytes = self.channels * BYTES_PER_SAMPLE
        start, data = 0, bytearray()
        for packet in packets:
            end = start + len(data) // frame_bytes
            frames = end - start + len(packet.data) // frame_bytes
            is_next = abs(packet.start_sample - end) <= _JOINED_SAMPLES
            if data and not (is_next and frames <= BLOCK_SAMPLES):
                yield Packet(start, bytes(data))
                data.clear()
            if not data:
                start = packet.start_sample
            data += packet.data
        if data:
            yield Packet(start, bytes(data))

    async def _read_head(self) -> bool:
        """Read the header; return whether it is whole."""
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
