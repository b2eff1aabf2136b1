"""Windows of speech to segments, several windows at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from app.domain.transcript import Segment
from app.services.playback.position import Viewer
from app.services.stages.in_flight import Flight
from app.services.stages.vad import SpeechWindow
from app.services.stages.window_transcriber import WindowEar

_LEAST_IN_FLIGHT = 4
_MOST_IN_FLIGHT = 24
"""Windows of one part of a job that wait or are being decoded: enough to fill a batch and have
the next one ready, but a window of 30 s is 2 MB of samples."""


async def transcribe(
    windows: AsyncIterator[SpeechWindow], ear: WindowEar, viewer: Viewer
) -> AsyncIterator[Segment]:
    """Yield the segments of each window.

    Yields:
        Segments in order within each stretch of ``viewer.stretches``. Where a viewer jumps, the
        segments of several stretches may alternate.

    Raises:
        EngineError: the engine failed on a window.
    """
    share = min(max(_LEAST_IN_FLIGHT, 2 * ear.capacity), _MOST_IN_FLIGHT)
    flight = Flight(ear, viewer, share)
    feeder = asyncio.create_task(flight.feed(windows))
    stop = viewer.listen(flight.turn)
    try:
        while (segments := await flight.next()) is not None:
            for segment in segments:
                yield segment
        await feeder
    finally:
        stop()
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)
        await flight.give_up()
