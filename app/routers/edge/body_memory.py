"""The memory that request bodies share."""

from __future__ import annotations

from collections import Counter

from app.domain.errors import OverloadedError

FREE_BYTES = 2**16
"""Of every body, counted for nobody: what an ordinary request has."""

_CAPACITY_BYTES = 64 * 2**20
_SHARE_BYTES = _CAPACITY_BYTES // 2
_RETRY_AFTER_S = 5


class BodyMemory:
    """Bytes of all bodies that are held in memory, by caller; no caller gets more than half."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @property
    def held_bytes(self) -> int:
        """Bytes that are held now."""
        return self._held.total()

    def take(self, caller: str, count: int) -> None:
        """Count bytes that a caller's body adds.

        Raises:
            OverloadedError: too many bytes are held already, of this caller or of all.
        """
        of_caller, of_all = self._held[caller] + count, self.held_bytes + count
        if of_caller > _SHARE_BYTES or of_all > _CAPACITY_BYTES:
            raise OverloadedError("Too many large bodies at the same time", _RETRY_AFTER_S)
        self._held[caller] = of_caller

    def give_back(self, caller: str, count: int) -> None:
        """Forget bytes that were taken."""
        self._held[caller] -= count
        if self._held[caller] <= 0:
            del self._held[caller]
