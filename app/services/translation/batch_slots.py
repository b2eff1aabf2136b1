"""Places of the batches that one job has in flight."""

from __future__ import annotations

import asyncio

from app.services.translation.translator import Translator


class BatchSlots:
    """Places of the batches that one job has in flight, as many as its translator takes by now.

    Args:
        translator: its concurrency may change while batches are in flight.
    """

    def __init__(self, translator: Translator) -> None:
        self._translator = translator
        self._taken = 0
        self._freed = asyncio.Event()

    async def acquire(self) -> None:
        """Wait for a place and take it."""
        while self._taken >= self._translator.concurrency:
            self._freed.clear()
            await self._freed.wait()
        self._taken += 1

    def release(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._freed.set()

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        self.release()
