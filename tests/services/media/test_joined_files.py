"""Files that were joined byte by byte."""

import asyncio
import io
from collections.abc import AsyncGenerator

import pytest

from app.services.media.joined_files import MOST_PARTS, split, starts_in
from app.services.media.media_part import stream_parts
from tests.services.conftest import Make

TONE = ("-f", "lavfi", "-i", "sine=440:duration=1")
FORMATS = {
    "part.webm": ("-c:a", "libopus", "-live", "1"),
    "part.mkv": (),
    "part.wav": (),
    "part.aiff": (),
    "part.flac": (),
    "part.ogg": (),
    "part.opus": (),
    "part.mp3": (),
    "part.m4a": (),
    "part.flv": ("-c:a", "aac"),
    "part.caf": (),
    "part.wma": (),
    "part.avi": (),
}


def starts_of(data: bytes) -> list[int]:
    return starts_in(io.BytesIO(data), len(data))


async def parts_of(data: bytes, step: int) -> list[bytes]:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for start in range(0, len(data), step):
            yield data[start : start + step]

    return [b"".join([chunk async for chunk in part]) async for part in split(chunks())]


@pytest.mark.parametrize("name", FORMATS)
async def test_case_8_every_part_is_found(make_media: Make, name: str) -> None:
    one = make_media(name, *TONE, *FORMATS[name]).read_bytes()
    assert starts_of(one) == [0]
    assert starts_of(one * 3) == [0, len(one), 2 * len(one)]
    for step in (7, 1000, 2**20):
        assert await parts_of(one * 3, step) == [one] * 3
        assert await parts_of(one, step) == [one]


async def test_transport_streams_and_unknown_bytes_stay_whole(make_media: Make) -> None:
    stream = make_media("part.ts", *TONE).read_bytes()
    assert starts_of(stream * 2) == [0]
    assert await parts_of(b"nothing" * 1000, 500) == [b"nothing" * 1000]


async def test_two_tags_ahead_of_one_file_are_no_file(make_media: Make) -> None:
    data = make_media("tags.mp3", *TONE, "-id3v2_version", "3").read_bytes()
    tag = b"ID3\x03\x00\x00\x00\x00\x10\x00" + b"TIT2" + bytes(2044)
    assert starts_of(tag + data) == [0]


async def test_parts_without_end_are_bounded(make_media: Make) -> None:
    one = make_media("many.flac", *TONE).read_bytes()
    joined = one * (MOST_PARTS + 5)
    assert len(starts_of(joined)) == MOST_PARTS
    parts = await parts_of(joined, 2**20)
    assert len(parts) == MOST_PARTS
    assert b"".join(parts) == joined


async def test_a_stream_is_closed_with_its_parts() -> None:
    closed = []

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            yield bytes(2**20)
        finally:
            await asyncio.sleep(0)  # as a connection takes a moment to close
            closed.append(True)

    parts = stream_parts(chunks(), None)
    assert (await anext(parts)).head
    await parts.aclose()
    assert closed == [True]
