import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import MediaTooLongError
from app.services.media.pcm import BLOCK_SAMPLES, decode_audio, read_pcm


def pipe_of(data: bytes) -> asyncio.StreamReader:
    pipe = asyncio.StreamReader()
    pipe.feed_data(data)
    pipe.feed_eof()
    return pipe


async def decoded(data: bytes, max_duration_s: int = 60) -> list[Audio]:
    return [block async for block in decode_audio(read_pcm(pipe_of(data)), max_duration_s)]


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
        async for block in decode_audio(read_pcm(pipe_of(bytes(2 * 16000 * 4))), 2):
            blocks.append(block)
    assert blocks[-1].end_sample <= 3 * 16000


async def test_closing_closes_the_source() -> None:
    closed = False

    async def source() -> AsyncGenerator[bytes, None]:
        nonlocal closed
        try:
            yield bytes(16384)
            yield bytes(16384)
        finally:
            closed = True

    audio = decode_audio(source(), 60)
    await anext(audio)
    await audio.aclose()
    assert closed
