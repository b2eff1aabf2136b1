import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import InternalError, MediaTooLongError
from app.services.media.decoded_packets import DecodedPackets
from app.services.media.pcm import BLOCK_SAMPLES, PcmBlock, decode_audio
from app.services.media.timed_pcm import TimedPcm

HEAD = b"\x00\nSMJPEG" + bytes(8) + b"_SND" + (8).to_bytes(4, "big") + bytes(8) + b"HEND"


def packet(start_sample: int, data: bytes) -> bytes:
    place = start_sample % 2**32
    return b"sndD" + place.to_bytes(4, "big") + len(data).to_bytes(4, "big") + data


class Timed:
    """The timeline of packets that a decoder wrote."""

    def __init__(self, *packets: bytes) -> None:
        self.pcm = TimedPcm()
        pipe = asyncio.StreamReader()
        pipe.feed_data(HEAD + b"".join(packets) + b"DONE")
        pipe.feed_eof()
        self._packets = DecodedPackets(pipe)

    @property
    def gap_samples(self) -> int:
        return self.pcm.gap_samples

    async def blocks(self) -> AsyncGenerator[PcmBlock, None]:
        async for block in self.pcm.blocks(self._packets.packets()):
            yield block
        if (rest := self.pcm.rest()) is not None:
            yield rest


def timed(*packets: bytes) -> Timed:
    return Timed(*packets)


async def decoded(data: bytes, max_duration_s: int = 60) -> list[Audio]:
    pcm = timed(packet(0, data)).blocks()
    return [block async for block in decode_audio(pcm, max_duration_s)]


async def test_blocks_are_contiguous_and_only_the_last_is_short() -> None:
    samples = np.arange(-9000, 9000, dtype="<i2")
    blocks = await decoded(samples.tobytes())
    assert [len(block.samples) for block in blocks] == [8192, 8192, 1616]
    assert [block.start_sample for block in blocks] == [0, 8192, 16384]
    assert BLOCK_SAMPLES % 512 == 0
    together = np.concatenate([block.samples for block in blocks])
    assert together.dtype == np.float32
    assert np.array_equal(together * 32768, samples)


async def test_full_scale_is_one() -> None:
    (block,) = await decoded(np.array([-32768, 32767, 0], "<i2").tobytes())
    assert block.samples[0] == -1
    assert 0.9999 < block.samples[1] < 1


async def test_half_a_sample_at_the_end_is_dropped() -> None:
    (block,) = await decoded(b"\x00\x40\x01")
    assert block.samples.tolist() == [0.5]


async def test_no_bytes_make_no_blocks() -> None:
    assert await decoded(b"") == []
    assert await decoded(b"\x01") == []


async def test_length_is_limited_by_samples_with_a_second_of_grace() -> None:
    assert len(await decoded(bytes(2 * 16000 * 3), max_duration_s=2)) == 6
    blocks: list[Audio] = []
    with pytest.raises(MediaTooLongError, match="longer than the 2 s"):
        async for block in decode_audio(timed(packet(0, bytes(2 * 16000 * 4))).blocks(), 2):
            blocks.append(block)
    assert blocks[-1].end_sample <= 3 * 16000


async def test_closing_closes_the_source() -> None:
    closed = False

    async def source() -> AsyncGenerator[PcmBlock, None]:
        nonlocal closed
        try:
            yield PcmBlock(bytes(16384))
            yield PcmBlock(bytes(16384))
        finally:
            closed = True

    audio = decode_audio(source(), 60)
    await anext(audio)
    await audio.aclose()
    assert closed


def sound(samples: int) -> bytes:
    return (b"\x01\x10") * samples


async def test_a_gap_becomes_marked_blocks_and_true_times() -> None:
    pcm = timed(packet(0, sound(100)), packet(100 + 50_000, sound(9000)))
    blocks = [block async for block in decode_audio(pcm.blocks(), 60)]
    assert pcm.gap_samples == 50_000
    assert [block.gap for block in blocks] == [False, *[True] * 5, False, False]
    assert [len(block.samples) for block in blocks[:-1]] == [BLOCK_SAMPLES] * 7
    together = np.concatenate([block.samples for block in blocks])
    assert together.nonzero()[0].tolist() == [*range(100), *range(50_100, 59_100)]


async def test_a_late_start_is_exact_and_small_inaccuracies_are_ignored() -> None:
    pcm = timed(packet(7, sound(1000)), packet(7 + 1000 + 1600, sound(1000)))
    blocks = [block async for block in decode_audio(pcm.blocks(), 60)]
    assert np.concatenate([block.samples for block in blocks]).nonzero()[0].tolist() == [
        *range(7, 2007)
    ]
    assert pcm.gap_samples == 7


async def test_sound_of_a_time_that_has_passed_is_dropped() -> None:
    pcm = timed(packet(0, sound(20_000)), packet(10_000, sound(5000)), packet(15_000, sound(6000)))
    blocks = [block async for block in decode_audio(pcm.blocks(), 60)]
    assert blocks[-1].end_sample == 21_000


async def test_times_go_on_where_their_counter_starts_again() -> None:
    start = 2**32 - 500
    pcm = timed(packet(start, sound(1000)), packet(start + 1000, sound(1000)))
    count = 0
    async for block in pcm.blocks():
        count += len(block.data) // 2
        assert block.gap or count > start
    assert count == start + 2000


async def test_a_gap_without_end_is_a_recording_that_is_too_long() -> None:
    pcm = timed(packet(2**31, sound(10)))
    count = 0
    with pytest.raises(MediaTooLongError):
        async for block in decode_audio(pcm.blocks(), 60):
            count += len(block.samples)
    assert count <= 61 * 16000


@pytest.mark.parametrize("cut", [4, 12, 20, len(HEAD), len(HEAD) + 4, len(HEAD) + 9])
async def test_output_that_breaks_off_has_no_blocks(cut: int) -> None:
    pipe = asyncio.StreamReader()
    pipe.feed_data((HEAD + packet(0, b"ab"))[:cut])
    pipe.feed_eof()
    if cut < 8:
        with pytest.raises(InternalError):
            await anext(DecodedPackets(pipe).packets())
    else:
        assert [packet async for packet in DecodedPackets(pipe).packets()] == []
