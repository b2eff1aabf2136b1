"""Results that exist already, in the order of playback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.time import Span
from app.domain.transcript import Segment
from app.services.playback.playback import Playback
from app.system.async_iterators import close_stage


async def known_segments(segments: Sequence[Segment], playback: Playback) -> AsyncIterator[Segment]:
    """Yield cached segments: first those that the viewer is about to see.

    Args:
        segments: in order of start.
        playback: position of the viewer; the range that starts there is marked in it.
    """
    turn = _first_seen([segment.span for segment in segments], playback)
    for segment in (*segments[turn:], *segments[:turn]):
        yield segment


async def known_cues(
    cues: AsyncIterator[Cue], playback: Playback, counted: Callable[[int], None]
) -> AsyncIterator[Cue]:
    """Yield finished cues: first what a viewer is about to see, numbered as they come.

    Args:
        cues: all of them can be had without work; in order of start.
        playback: position of the viewer; the range that starts there is marked in it.
        counted: called with their number before the first one is yielded.
    """
    try:
        known = [cue async for cue in cues]
    finally:
        await close_stage(cues)
    counted(len(known))
    turn = _first_seen([cue.span for cue in known], playback)
    for number, cue in enumerate((*known[turn:], *known[:turn])):
        yield replace(cue, id=number)


def _first_seen(spans: Sequence[Span], playback: Playback) -> int:
    ahead = (place for place, span in enumerate(spans) if span.end_ms > playback.position_ms)
    turn = next(ahead, 0)
    if turn:
        playback.ranges.begin(spans[turn].start_ms)
    return turn
