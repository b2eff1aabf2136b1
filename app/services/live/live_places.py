"""Places of live streams, of which one caller gets a share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from app.domain.errors import OverloadedError

Farewell = Callable[[], Awaitable[None]]
"""Ends a stream because the server leaves."""

_RETRY_AFTER_S = 15

_SHARE = 2
"""A caller gets one of so many places."""


class LivePlaces:
    """Counts the live streams of one worker, by whichever door they came.

    Args:
        limit: streams at a time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._callers: Counter[str] = Counter()
        self._farewells: dict[object, Farewell] = {}

    @property
    def taken(self) -> int:
        """Streams that are open."""
        return self._callers.total()

    def take(self, caller: str) -> None:
        """Count one more stream of a caller.

        Raises:
            OverloadedError: every place is taken, or the caller's share of them.
        """
        if self.taken >= self._limit:
            raise OverloadedError(f"All {self._limit} live places are taken", _RETRY_AFTER_S)
        share = max(1, self._limit // _SHARE)
        if self._callers[caller] >= share:
            raise OverloadedError(f"All {share} live places of a caller are taken", _RETRY_AFTER_S)
        self._callers[caller] += 1

    def free(self, caller: str) -> None:
        """Count one stream of a caller less."""
        self._callers[caller] -= 1
        if not self._callers[caller]:
            del self._callers[caller]

    def enter(self, connection: object, farewell: Farewell) -> None:
        """Remember how a connection is to be ended."""
        self._farewells[connection] = farewell

    def exit(self, connection: object) -> None:
        """Forget a connection that has ended."""
        self._farewells.pop(connection, None)

    async def leave(self) -> None:
        """End every connection because the server shuts down."""
        farewells, self._farewells = list(self._farewells.values()), {}
        await asyncio.gather(*(end() for end in farewells), return_exceptions=True)
