"""Downmix of a recording's channels to mono, by what they hold."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass

import numpy as np

from app.services.media.channel_layout import ChannelLayout
from app.services.media.channel_measure import (
    BlockMeasure,
    ChannelSummary,
    Floats,
    measure,
    summary,
)
from app.services.media.channel_weights import best_channel, mix_weights
from app.services.media.decoded_packets import Packet
from app.services.media.pcm import BLOCK_SAMPLES
from app.services.media.two_programmes import TwoProgrammes

_AHEAD, _BEHIND = 8, 16
"""Blocks ahead of a moment and behind it that decide its weights, 4 s and 8 s: speech pauses more
often than that, and a first window of speech is longer."""

_FADE_SAMPLES = 1024
"""Time in which new weights replace old ones, 64 ms, so that nothing clicks."""

_JOINED_SAMPLES = 320
"""Packets whose times are off by less, 20 ms, are joined to one block."""


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    number: int
    start_sample: int
    samples: Floats
    measure: BlockMeasure


class Downmix:
    """Mixes the packets of one input to mono, some seconds behind its reading.

    Args:
        channels: in each packet, two at least.
        layout: of the channels.
        preferred: channel to hear where two hold different programmes.

    Attributes:
        two_programmes: tells whether they do.
    """

    def __init__(self, channels: int, layout: ChannelLayout, preferred: int = 0) -> None:
        self.two_programmes = TwoProgrammes()
        self._channels = channels
        self._layout = layout
        self._preferred = preferred
        self._behind: deque[BlockMeasure] = deque(maxlen=_BEHIND)
        self._waiting: deque[_Block] = deque()
        self._weights: Floats | None = None
        self._best: int | None = None
        self._taken = 0
        self._counted = 0

    async def mono(self, packets: AsyncIterator[Packet]) -> AsyncGenerator[Packet, None]:
        """Yield mono packets with the same times."""
        joined = _Joined(self._channels)
        async for packet in packets:
            for start, samples in joined.add(packet):
                self._take(start, samples)
                if len(self._waiting) > _AHEAD:
                    yield self._mixed()
        for start, samples in joined.rest():
            self._take(start, samples)
        while self._waiting:
            yield self._mixed()

    def _take(self, start_sample: int, samples: Floats) -> None:
        self._waiting.append(_Block(self._taken, start_sample, samples, measure(samples)))
        self._taken += 1

    def _mixed(self) -> Packet:
        block = self._waiting[0]
        weights = self._next_weights()
        mono = block.samples @ weights
        if self._weights is not None and not np.array_equal(weights, self._weights):
            fade = min(_FADE_SAMPLES, len(mono))
            share = np.linspace(0, 1, fade, dtype=np.float32)
            mono[:fade] = share * mono[:fade] + (1 - share) * (block.samples[:fade] @ self._weights)
        self._weights = weights
        self._behind.append(block.measure)
        self._waiting.popleft()
        pcm = np.clip(np.rint(mono * 2**15), -(2**15), 2**15 - 1).astype("<i2")
        return Packet(block.start_sample, pcm.tobytes())

    def _holds_two_programmes(self, heard: ChannelSummary) -> bool:
        found = False
        for each in self._waiting:
            if each.number >= self._counted:
                self._counted = each.number + 1
                found = self.two_programmes.add(each.measure, heard)
        return found or self.two_programmes.now

    def _next_weights(self) -> Floats:
        heard = summary([*self._behind, *(each.measure for each in self._waiting)])
        if self._channels == 2 and self._holds_two_programmes(heard):
            weights = np.zeros(2, np.float32)
            weights[self._preferred] = 1
            return weights
        self._best = best_channel(heard, np.ones(self._channels, np.bool_), self._best)
        return mix_weights(heard, self._layout, self._best)


class _Joined:
    """Joins packets that follow one another to blocks of ``BLOCK_SAMPLES``."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._start = 0
        self._parts: list[Floats] = []
        self._length = 0

    def add(self, packet: Packet) -> Iterator[tuple[int, Floats]]:
        """Take a packet; yield blocks that are complete."""
        pcm = np.frombuffer(packet.data, "<i2").reshape(-1, self._channels)
        if abs(packet.start_sample - self._start - self._length) > _JOINED_SAMPLES:
            yield from self.rest()
        if not self._length:
            self._start = packet.start_sample
        self._parts.append(pcm.astype(np.float32) / np.float32(2**15))
        self._length += len(pcm)
        while self._length >= BLOCK_SAMPLES:
            whole = np.concatenate(self._parts)
            yield self._start, whole[:BLOCK_SAMPLES]
            self._parts = [whole[BLOCK_SAMPLES:]]
            self._start += BLOCK_SAMPLES
            self._length -= BLOCK_SAMPLES

    def rest(self) -> Iterator[tuple[int, Floats]]:
        """Yield what has not filled a block."""
        if self._length:
            yield self._start, np.concatenate(self._parts)
        self._parts, self._length = [], 0
