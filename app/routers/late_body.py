"""What all late answers have in common: filler while their client waits, and an error as the end.

Gateways cut a connection that stays silent (a RunPod pod's proxy after 100 s), so an answer that is
not there in time begins with filler. From then on its status is 200 whatever happens.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from app.routers.error_responses import shape_for
from app.routers.error_shapes import HttpError

KEEPALIVE_S = 10.0
"""Longest time between two spaces of a late JSON answer, which allows them before its value."""


def first_wait_s(patience_s: float, limit_s: float | None) -> float:
    """Return the time until an answer must begin.

    Args:
        patience_s: until a late one begins.
        limit_s: until there must be one at all; None for no limit.
    """
    return patience_s if limit_s is None else min(patience_s, limit_s)


def _go_on() -> None:
    """Find nothing that ends the answer."""


async def filled(
    work: asyncio.Future[Any], filler: bytes, repeat_s: float, check: Callable[[], None] = _go_on
) -> AsyncIterator[bytes]:
    """Yield filler until some work has ended.

    Args:
        work: that the answer waits for.
        filler: what means nothing, any number of times.
        repeat_s: longest time between two of them.
        check: called after each; raises where there will be no answer.
    """
    while not work.done():
        yield filler
        await asyncio.wait({work}, timeout=repeat_s)
        if not work.done():
            check()


def json_error(error: HttpError, path: str) -> bytes:
    """Return the body of an error in the shape of a route."""
    shape = shape_for(path)
    return json.dumps(shape.body(shape.shown(error))).encode()
