from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.domain.errors import EmptyMediaError, SourceError, StorageError, TruncatedMediaError
from app.services.media.byte_stream import ByteStream, spool
from app.services.media.mp4_index import StreamLayout
from tests.services.conftest import Make


async def pieces(data: bytes, size: int = 1000) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def breaking() -> AsyncGenerator[bytes, None]:
    yield b"x" * 100
    raise SourceError("The download broke off")


async def test_looking_at_the_head_loses_nothing(make_media: Make) -> None:
    data = make_media("head.mp4", "-f", "lavfi", "-i", "sine=duration=2").read_bytes()
    stream = await ByteStream(pieces(data)).peek()
    assert stream.layout is StreamLayout.INDEX_LAST
    assert 1000 <= len(stream.head) < 3000
    assert b"".join([chunk async for chunk in stream.all_bytes()]) == data


async def test_an_empty_stream() -> None:
    with pytest.raises(EmptyMediaError):
        await ByteStream(pieces(b"")).peek()


async def test_a_head_that_never_tells_is_held_back_no_further_than_a_limit() -> None:
    taken = 0

    async def boxes() -> AsyncGenerator[bytes, None]:
        nonlocal taken
        while True:
            taken += 1
            yield (2**16).to_bytes(4, "big") + b"free" + bytes(2**16 - 8)

    stream = await ByteStream(boxes()).peek()
    assert stream.layout is StreamLayout.INDEX_LAST
    assert taken <= 17


async def test_fewer_bytes_than_the_structure_promises(make_media: Make) -> None:
    data = make_media("promise.wav", "-f", "lavfi", "-i", "sine=duration=2").read_bytes()
    assert len([chunk async for chunk in ByteStream(pieces(data)).all_bytes()]) > 1
    with pytest.raises(TruncatedMediaError):
        async for _ in ByteStream(pieces(data[:-20_000])).all_bytes():
            pass


async def test_spooling(tmp_path: Path) -> None:
    path = tmp_path / "spooled"
    await spool(pieces(bytes(range(256)) * 20_000), path)
    assert path.read_bytes() == bytes(range(256)) * 20_000


async def test_a_full_disk() -> None:
    with pytest.raises(StorageError, match="No space left on device"):
        await spool(pieces(bytes(5_000_000)), Path("/dev/full"))


async def test_what_breaks_the_stream_breaks_the_spooling(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        await spool(breaking(), tmp_path / "spooled")
