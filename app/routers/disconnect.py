"""Clients that leave, and giving up what they had asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from app.domain.errors import JobCancelledError

T = TypeVar("T")


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Wait for work as long as somebody waits for its answer.

    Args:
        request: its body must have been read.
        work: cancelled when the client leaves.

    Raises:
        JobCancelledError: the client left.
    """
    working = asyncio.create_task(work)
    gone = asyncio.create_task(disconnected(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise JobCancelledError("The client left")
        return working.result()
    finally:
        gone.cancel()
        working.cancel()
        # The work may have children of its own to end.
        await asyncio.gather(working, return_exceptions=True)


async def disconnected(request: Request) -> None:
    """Wait until the client has left; the request's body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
