"""What was spoken already."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol


class StageStore(Protocol):
    """Keeps results by stage and key."""

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return what was kept; None when there is nothing."""

    async def put(self, stage: str, key: str, payload: bytes) -> object:
        """Keep a result."""


class MemoryStore:
    """Keeps what was used last, in memory.

    Args:
        limit_bytes: of all results together.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self.size_bytes = 0

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return what was kept; None when there is nothing."""
        payload = self._kept.get((stage, key))
        if payload is not None:
            self._kept.move_to_end((stage, key))
        return payload

    async def put(self, stage: str, key: str, payload: bytes) -> None:
        """Keep a result, and let go of those that were used longest ago."""
        self.size_bytes += len(payload) - len(self._kept.pop((stage, key), b""))
        self._kept[stage, key] = payload
        while self.size_bytes > self._limit_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.size_bytes -= len(oldest)
