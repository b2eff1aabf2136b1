"""Operators for asynchronous iterators."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

from app.system.loop_turns import LoopSlice

T = TypeVar("T")


async def close_stage(source: AsyncIterator[T]) -> None:
    """Close a stage that will not be read to its end, so that it frees its resources now."""
    if isinstance(source, AsyncGenerator):
        await source.aclose()


async def tap(
    source: AsyncIterator[T],
    on_item: Callable[[T], None],
    on_end: Callable[[], None] | None = None,
) -> AsyncIterator[T]:
    """Yield every item of a stage after passing it to a function.

    Args:
        source: the stage; closed when the iterator is.
        on_item: called with each item before it is yielded.
        on_end: called once when the source has ended without an error.
    """
    try:
        turn = LoopSlice()
        async for item in source:
            on_item(item)
            yield item
            await turn.pause()  # a source may have all of its items at once
        if on_end is not None:
            on_end()
    finally:
        await close_stage(source)
