"""Overlap between two stages of the line, bounded so that a slow stage slows its producer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


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


async def overlap(
    source: AsyncIterator[T], work: Callable[[T], Awaitable[U]], in_flight: int
) -> AsyncIterator[U]:
    """Work on items as they arrive, several at a time, and yield the results in order.

    Args:
        source: closed when the caller stops or any item fails.
        work: runs as one task for each item.
        in_flight: items that are worked on or wait to be taken, at most; at least 2.

    Raises:
        Whatever ``source`` or ``work`` raised, once everything before it was yielded.
    """
    queue: asyncio.Queue[asyncio.Task[U] | None] = asyncio.Queue(max(1, in_flight - 1))
    tasks: set[asyncio.Task[U]] = set()
    feeder = asyncio.create_task(_feed(source, work, queue, tasks))
    try:
        while (task := await queue.get()) is not None:
            yield await task
            tasks.discard(task)
        await feeder
    finally:
        feeder.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(feeder, *tasks, return_exceptions=True)


async def _feed(
    source: AsyncIterator[T],
    work: Callable[[T], Awaitable[U]],
    queue: asyncio.Queue[asyncio.Task[U] | None],
    tasks: set[asyncio.Task[U]],
) -> None:
    async def run(item: T) -> U:
        return await work(item)

    try:
        async for item in source:
            task = asyncio.create_task(run(item))
            tasks.add(task)
            await queue.put(task)
    except asyncio.CancelledError:
        raise
    except BaseException:
        await queue.put(None)
        raise
    else:
        await queue.put(None)
    finally:
        await close_stage(source)
