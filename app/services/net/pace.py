"""Watch over the pace of a download: its sender must not hold a place as long as it likes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from app.domain.errors import SourceTooSlowError
from app.settings import SourceSettings


class TransferPace:
    """Measures a download while its bytes are waited for, and ends one that is too slow.

    Time in which the receiver is busy with earlier bytes does not count, so a download that is
    read slowly is not a slow one.

    Args:
        settings: least pace, longest wait; a pace that the owner limits is not too slow.
        silence_s: longest time without any byte; None where the connection limits it.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        settings: SourceSettings,
        silence_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._least_bytes = settings.fetch_min_bytes_per_s * settings.fetch_read_s
        self._window_s = settings.fetch_read_s
        self._limit_s = settings.fetch_limit_s
        self._silence_s = silence_s
        self._clock = clock
        self._waited_s = 0.0
        self._window_waited_s = 0.0
        self._window_bytes = 0

    async def wait(self, reading: Awaitable[bytes]) -> bytes:
        """Wait for the next bytes.

        Raises:
            SourceTooSlowError: too few came within a window of ``FETCH_READ_S``, or the download
                was waited for longer than ``FETCH_LIMIT_S`` in all.
        """
        started = self._clock()
        try:
            async with asyncio.timeout(self._silence_s):
                data = await reading
        except TimeoutError:
            raise SourceTooSlowError("The media's server stopped sending") from None
        if data:  # what has ended was not too slow
            self._count(len(data), self._clock() - started)
        return data

    def _count(self, size: int, waited_s: float) -> None:
        self._waited_s += waited_s
        self._window_waited_s += waited_s
        self._window_bytes += size
        if self._waited_s > self._limit_s:
            raise SourceTooSlowError("The download takes too long")
        if self._window_waited_s >= self._window_s:
            if self._window_bytes < self._least_bytes:
                raise SourceTooSlowError("The media's server sends too slowly")
            self._window_waited_s, self._window_bytes = 0.0, 0
