"""What joins two stages of the line."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

T = TypeVar("T")


async def close_stage(source: AsyncIterator[T]) -> None:
    """Close a stage that will not be read to its end, so that its children go now."""
    if isinstance(source, AsyncGenerator):
        await source.aclose()


async def tap(
    source: AsyncIterator[T], see: Callable[[T], None], end: Callable[[], None] | None = None
) -> AsyncIterator[T]:
    """Pass everything on and show it to a function on its way."""
    try:
        async for item in source:
            see(item)
            yield item
        if end is not None:
            end()
    finally:
        await close_stage(source)
