"""Places that each caller has for work that waits for others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import OverloadedError

_RETRY_AFTER_S = 10


class CallerPlaces:
    """Counts what callers do at a time, so that none of them holds all there is.

    Args:
        limit: places of one caller.
        refusal: what is said to one who holds all of his.
    """

    def __init__(
        self, limit: int, refusal: str = "Too many addresses of yours are looked up"
    ) -> None:
        self._limit = limit
        self._refusal = refusal
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Hold a place for as long as the block lasts.

        Args:
            caller: name of the caller; empty for the server itself, which has no limit.

        Raises:
            OverloadedError: the caller holds all of its places.
        """
        if caller and self._taken[caller] >= self._limit:
            raise OverloadedError(self._refusal, _RETRY_AFTER_S)
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]
