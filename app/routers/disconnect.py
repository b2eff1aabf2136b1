"""Disconnects of clients while their request is worked on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from app.domain.errors import JobCancelledError

T = TypeVar("T")


async def cancel_on_disconnect(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Wait for work, and cancel it when the client disconnects.

    Args:
        request: its body must have been read.
        work: whose result the client waits for.

    Raises:
        JobCancelledError: the client disconnected.
    """
    working = asyncio.create_task(work)
    disconnect = asyncio.create_task(disconnected(request))
    try:
        await asyncio.wait({working, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise JobCancelledError("The client left")
        return working.result()
    finally:
        disconnect.cancel()
        working.cancel()
        # The work may have children of its own to end.
        await asyncio.gather(working, return_exceptions=True)


async def disconnected(request: Request) -> None:
    """Wait until the client has disconnected; the request's body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
