"""Requests on connections that are kept for further ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

import httpx
import httpx2

T = TypeVar("T")

_CLOSED = (
    *(httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError),
    *(httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError),
)


async def resent_unanswered(send: Callable[[], Awaitable[T]]) -> T:
    """Send a request, and a second time at once where its connection ended before any answer.

    A server may close a kept connection just as the next request is on its way. A busy llama.cpp
    server does that to every seventh request that follows an answer at once. Nothing is wrong with
    such a server, so the request counts as none. Source: RFC 9112, section 9.3.1.

    Args:
        send: sends it and returns once the head of the answer is here; raises httpx's errors, or
            one that they are the cause of.
    """
    try:
        return await send()
    except Exception as error:
        if not isinstance(error, _CLOSED) and not isinstance(error.__cause__, _CLOSED):
            raise
    return await send()


@asynccontextmanager
async def answered(request: Callable[[], AbstractAsyncContextManager[T]]) -> AsyncIterator[T]:
    """Send a request as `resent_unanswered` does, and close its answer at the end of the block.

    Args:
        request: returns a context of the client that sends it when it is entered.
    """
    async with AsyncExitStack() as opened:
        yield await resent_unanswered(lambda: opened.enter_async_context(request()))
