"""Overlap keeps order, bounds what is in flight and cleans up."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.services.joints import close_stage, overlap


class Source:
    def __init__(self, count: int, fail_at: int | None = None) -> None:
        self.given = 0
        self.closed = False
        self._count = count
        self._fail_at = fail_at

    async def __call__(self) -> AsyncIterator[int]:
        try:
            for number in range(self._count):
                if number == self._fail_at:
                    raise ValueError("source broke")
                self.given = number + 1
                yield number
        finally:
            self.closed = True


async def test_results_come_in_order_whatever_finishes_first() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0.02 if number % 2 else 0)
        return number * 10

    source = Source(9)
    assert [r async for r in overlap(source(), work, 4)] == [n * 10 for n in range(9)]
    assert source.closed


async def test_a_slow_reader_slows_the_source() -> None:
    async def work(number: int) -> int:
        return number

    source = Source(100)
    results = overlap(source(), work, 3)
    await anext(results)
    await asyncio.sleep(0.05)
    assert source.given <= 5
    await close_stage(results)
    assert source.closed


async def test_what_came_before_a_broken_source_is_delivered_first() -> None:
    async def work(number: int) -> int:
        return number

    seen = []
    with pytest.raises(ValueError, match="source broke"):
        async for result in overlap(Source(5, fail_at=3)(), work, 2):
            seen.append(result)
    assert seen == [0, 1, 2]


async def test_a_failing_item_stops_its_neighbours_and_the_source() -> None:
    stopped = []

    async def work(number: int) -> int:
        if number == 0:
            raise KeyError(number)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append(number)
            raise
        return number

    source = Source(50)
    with pytest.raises(KeyError):
        async for _ in overlap(source(), work, 4):
            pass
    assert source.closed
    assert source.given < 10
    assert all(number > 0 for number in stopped)
