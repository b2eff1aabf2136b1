"""Clips in turn until a time is filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidFieldError

_MOST_SEGMENTS = 20_000


@dataclass(frozen=True, slots=True)
class ClipCycle:
    """Clips in turn, the last one cut where the time ends.

    Attributes:
        segments: index of each clip that is shown whole.
        last: index of a clip that is cut, and its frames; None where the time ends with a clip.
        full_cycles: how often all clips are shown whole.
    """

    segments: tuple[int, ...]
    last: tuple[int, int] | None
    full_cycles: int

    @property
    def total(self) -> int:
        """How many segments there are."""
        return len(self.segments) + (self.last is not None)

    @property
    def is_partial(self) -> bool:
        """Whether the last cycle is not complete."""
        return self.last is not None


def clip_cycle(clip_frames: Sequence[int], frames: int) -> ClipCycle:
    """Return the clips that fill a number of frames exactly.

    Args:
        clip_frames: of each clip as it is after it was made uniform; one at least of each.
        frames: to fill.

    Raises:
        InvalidFieldError: a clip has none, or they are too short for so long a time.
    """
    if min(clip_frames) < 1:
        raise InvalidFieldError("video_urls: a clip has no length")
    cycles = frames // sum(clip_frames)
    if (cycles + 1) * len(clip_frames) > _MOST_SEGMENTS:
        raise InvalidFieldError("video_urls: the clips are too short for so long an audio")
    segments = [*range(len(clip_frames))] * cycles
    left, last = frames - cycles * sum(clip_frames), None
    for index, count in enumerate(clip_frames):
        if left < count:
            last = (index, left) if left else None
            break
        segments.append(index)
        left -= count
    return ClipCycle(tuple(segments), last, cycles)
