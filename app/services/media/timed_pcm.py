"""Timeline of a recording: packets of PCM joined to blocks, with silence where time has passed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from app.domain.time import SAMPLE_RATE_HZ, Span, samples_to_ms
from app.services.media.decoded_packets import Packet
from app.services.media.pcm import BLOCK_SAMPLES, BYTES_PER_SAMPLE, PcmBlock

_TOLERANCE_SAMPLES = SAMPLE_RATE_HZ // 10
"""Times that are off by less are taken for the inaccuracy of a container at first: many count in
milliseconds, or in frames. Source: swresample's ``min_hard_comp``, 0.1 s."""

_EXACT_SAMPLES = SAMPLE_RATE_HZ // 50
"""The same for transport streams, whose times count 90 kHz."""

_DRIFT_SAMPLES = SAMPLE_RATE_HZ // 50
"""Where every packet is off by so much, 20 ms, for ``_DRIFT_LASTS``, that is no inaccuracy."""

_DRIFT_LASTS = SAMPLE_RATE_HZ

_MOST_GAPS = 1000
"""Gaps that are remembered one by one; later ones are summed alone."""

_BLOCK_BYTES = BLOCK_SAMPLES * BYTES_PER_SAMPLE
_GAP = PcmBlock(bytes(_BLOCK_BYTES), gap=True)
_GAPS_AT_ONCE = 16
"""Blocks of a gap that are yielded before others get their turn: nothing has to be waited for."""


class TimedPcm:
    """Mono PCM of one recording, which may consist of parts with a clock each.

    A part begins where the one before it ended.

    Attributes:
        gap_samples: samples in gaps so far, that before the first packet included.
        position: samples so far, those in gaps included.
    """

    def __init__(self) -> None:
        self.gap_samples = 0
        self.position = 0
        self._gaps: list[tuple[int, int]] = []
        self._rest = bytearray()

    @property
    def gap_ms(self) -> int:
        """Time of the gaps so far."""
        return samples_to_ms(self.gap_samples)

    def gaps_since(self, start_sample: int) -> list[Span]:
        """Return gaps between sounds that begin after a sample."""
        return [
            Span(samples_to_ms(start), samples_to_ms(end))
            for start, end in self._gaps
            if start > start_sample
        ]

    async def blocks(
        self, packets: AsyncIterator[Packet], *, exact: bool = False
    ) -> AsyncIterator[PcmBlock]:
        """Yield whole blocks of the next part; what does not fill one is left for later.

        Args:
            packets: mono, on the clock of the part.
            exact: whether the container's times are exact.
        """
        origin, begun = self.position, False
        drift = _Drift(_EXACT_SAMPLES if exact else _TOLERANCE_SAMPLES)
        async for packet in packets:
            missing = origin + packet.start_sample - self.position
            data = packet.data
            missing = missing if not begun else drift.corrected(missing, len(data))
            if missing > 0:
                for count, block in enumerate(self._filled(missing)):
                    yield block
                    if count % _GAPS_AT_ONCE == 0:
                        await asyncio.sleep(0)
            elif begun and missing < 0:  # sound of a time that has passed already
                data = data[-missing * BYTES_PER_SAMPLE :]
            begun = True
            for block in self._joined(data):
                yield block

    def rest(self) -> PcmBlock | None:
        """Return what is left at the end of the recording, shorter than a block."""
        return PcmBlock(bytes(self._rest)) if self._rest else None

    def _filled(self, samples: int) -> Iterator[PcmBlock]:
        """Yield blocks for a gap; what does not fill a block is joined to the sound beside it."""
        self.gap_samples += samples
        if len(self._gaps) < _MOST_GAPS:
            self._gaps.append((self.position, self.position + samples))
        first = min(samples, -(len(self._rest) // BYTES_PER_SAMPLE) % BLOCK_SAMPLES)
        yield from self._joined(bytes(first * BYTES_PER_SAMPLE))
        whole, last = divmod(samples - first, BLOCK_SAMPLES)
        for _ in range(whole):
            self.position += BLOCK_SAMPLES
            yield _GAP
        yield from self._joined(bytes(last * BYTES_PER_SAMPLE))

    def _joined(self, data: bytes) -> Iterator[PcmBlock]:
        self.position += len(data) // BYTES_PER_SAMPLE
        self._rest += data
        while len(self._rest) >= _BLOCK_BYTES:
            block = PcmBlock(bytes(self._rest[:_BLOCK_BYTES]))
            del self._rest[:_BLOCK_BYTES]
            yield block


class _Drift:
    """Tells a gap from the inaccuracy of times: that one is large, or it lasts."""

    def __init__(self, tolerance: int) -> None:
        self._tolerance = tolerance
        self._least = 0
        self._lasted = 0

    def corrected(self, missing: int, data_bytes: int) -> int:
        """Return how many samples are to be filled, or left out where negative; 0 for none.

        Args:
            missing: by how much a packet begins too late, or too early where negative.
            data_bytes: length of the packet.
        """
        if abs(missing) > self._tolerance:
            self._lasted = 0
            return missing
        if abs(missing) < _DRIFT_SAMPLES or (self._lasted and (missing > 0) != (self._least > 0)):
            self._lasted = 0
            return 0
        if not self._lasted or abs(missing) < abs(self._least):
            self._least = missing
        self._lasted += data_bytes // BYTES_PER_SAMPLE
        if self._lasted < _DRIFT_LASTS:
            return 0
        self._lasted = 0
        return self._least
