"""A tap passes items on unchanged, and closing it closes its source."""

from collections.abc import AsyncIterator

import pytest

from app.system.async_iterators import close_stage, tap


class Source:
    """Counts to ten, and records whether it was closed."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.fail_at = fail_at
        self.closed = False

    async def __call__(self) -> AsyncIterator[int]:
        try:
            for number in range(10):
                if number == self.fail_at:
                    raise OSError("broken")
                yield number
        finally:
            self.closed = True


async def test_every_item_is_passed_on_and_the_end_is_reported_once() -> None:
    source, seen, ends = Source(), list[int](), list[bool]()
    passed = [n async for n in tap(source(), seen.append, lambda: ends.append(source.closed))]
    assert passed == seen == list(range(10))
    assert ends == [True]


async def test_a_broken_source_has_no_end() -> None:
    source, seen, ends = Source(fail_at=3), list[int](), list[None]()
    with pytest.raises(OSError, match="broken"):
        async for _ in tap(source(), seen.append, lambda: ends.append(None)):
            pass
    assert (seen, ends) == ([0, 1, 2], [])


async def test_a_reader_that_stops_early_closes_the_source() -> None:
    source, ends = Source(), list[None]()
    tapped = tap(source(), lambda _: None, lambda: ends.append(None))
    assert await anext(tapped) == 0
    await close_stage(tapped)
    assert (source.closed, ends) == (True, [])
