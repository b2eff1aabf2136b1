"""Places of encodes: one for each processor core, and one for each session of NVENC."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.settings import MediaSettings
from app.system.fair_places import FairPlaces

_THREADS_OF_TWO_CORES = 3
"""An encoder of frames side by side waits for lines of the frame before: with a thread more than
cores it has work meanwhile. Source: x264's own choice, ``x264_encoder_open`` and its manual."""

_MOST_WAITING = 1000
_CALLER_SHARE = 250


class EncodePlaces:
    """Who encodes when; whoever has waited longest goes first, one of each caller in turn.

    Args:
        settings: how many may encode at a time.
    """

    def __init__(self, settings: MediaSettings) -> None:
        self._cores = usable_cores()
        self._running = 0
        places = settings.media_jobs or self._cores
        self._processor = _places(places)
        self._nvenc = _places(settings.media_nvenc_sessions)

    @asynccontextmanager
    async def place(self, *, nvenc: bool = False) -> AsyncIterator[int]:
        """Hold a place.

        Yields:
            How many threads an encoder may have, so that those who encode share the cores.

        Raises:
            OverloadedError: too much waits.
        """
        places = self._nvenc if nvenc else self._processor
        async with places.place():
            self._running += 1
            try:
                yield max(1, self._cores * _THREADS_OF_TWO_CORES // 2 // self._running)
            finally:
                self._running -= 1


def _places(count: int) -> FairPlaces:
    return FairPlaces(count, _MOST_WAITING, _CALLER_SHARE, refusal="Too many encodes wait")


def usable_cores() -> int:
    """Return how many processor cores this process may use. Source: sched_getaffinity(2)."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except (AttributeError, OSError):
        return os.cpu_count() or 1
