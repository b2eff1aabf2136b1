"""Places of encodes: one for each core, one for each session of NVENC, threads shared."""

from __future__ import annotations

import asyncio

import pytest

from app.services.media import encode_places
from app.services.media.encode_places import EncodePlaces
from app.settings import MediaSettings


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode_places, "usable_cores", lambda: 4)


async def most_at_a_time(places: EncodePlaces, count: int, *, nvenc: bool = False) -> int:
    """Hold places for many at once; return how many had one at a time."""
    running = most = 0

    async def work() -> None:
        nonlocal running, most
        async with places.place(nvenc=nvenc):
            running, most = running + 1, max(most, running + 1)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(work() for _ in range(count)))
    return most


@pytest.mark.parametrize(("jobs", "most"), [(None, 4), (2, 2)])
async def test_each_core_has_one_encode_at_a_time(jobs: int | None, most: int) -> None:
    assert await most_at_a_time(EncodePlaces(MediaSettings(media_jobs=jobs)), 9) == most


async def test_sessions_of_nvenc_are_places_of_their_own() -> None:
    places = EncodePlaces(MediaSettings(media_nvenc_sessions=2, media_jobs=1))
    assert await most_at_a_time(places, 5, nvenc=True) == 2
    async with places.place(), places.place(nvenc=True), places.place(nvenc=True):
        pass  # none of them waits for another


async def test_an_encode_alone_has_the_threads_of_x264_and_several_share_them() -> None:
    places = EncodePlaces(MediaSettings())
    async with places.place() as alone, places.place() as second, places.place() as third:
        assert (alone, second, third) == (6, 3, 2)
        async with places.place() as fourth:
            assert fourth == 1
    async with places.place() as again:
        assert again == 6
