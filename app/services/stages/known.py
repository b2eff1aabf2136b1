"""What is there already, in the order in which its viewer needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.transcript import Segment
from app.services.joints import close_stage


async def known_segments(segments: Sequence[Segment], position_ms: int) -> AsyncIterator[Segment]:
    """Yield what was heard earlier: first what a viewer is about to see.

    Args:
        segments: in order of start.
        position_ms: where the viewer is; 0 for the beginning.
    """
    turn = _first_seen([segment.span.end_ms for segment in segments], position_ms)
    for segment in (*segments[turn:], *segments[:turn]):
        yield segment


async def known_cues(cues: AsyncIterator[Cue], position_ms: int) -> AsyncIterator[Cue]:
    """Yield finished cues: first what a viewer is about to see, numbered as they come.

    Args:
        cues: all of them can be had without work; in order of start.
        position_ms: where the viewer is; 0 for the beginning.
    """
    try:
        known = [cue async for cue in cues]
    finally:
        await close_stage(cues)
    turn = _first_seen([cue.span.end_ms for cue in known], position_ms)
    for number, cue in enumerate((*known[turn:], *known[:turn])):
        yield replace(cue, id=number)


def _first_seen(ends_ms: Sequence[int], position_ms: int) -> int:
    return next((place for place, end_ms in enumerate(ends_ms) if end_ms > position_ms), 0)
