"""Windows of speech to segments, several windows at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from app.domain.transcript import Segment
from app.services.joints import overlap
from app.services.stages.ear import WindowEar
from app.services.stages.speech import SpeechWindow

_LEAST_IN_FLIGHT = 4
_MOST_IN_FLIGHT = 24
"""Windows of one job that wait or are being decoded: enough to fill a batch and have the next
one ready, but a window of 30 s is 2 MB of samples."""


async def transcribe(
    windows: AsyncIterator[SpeechWindow], ear: WindowEar
) -> AsyncIterator[Segment]:
    """Yield the segments of each window, in order.

    Raises:
        EngineError: the engine failed on a window.
    """
    in_flight = min(max(_LEAST_IN_FLIGHT, 2 * ear.capacity), _MOST_IN_FLIGHT)
    async for segments in overlap(windows, ear.hear, in_flight):
        for segment in segments:
            yield segment
