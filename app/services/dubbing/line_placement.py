"""LinePlacement of spoken lines: when each begins, and how much faster than usual it is spoken.

A line begins with its cue and may last until the next line begins. It is sped up by at most
`MOST_SPEED_UP` for that. What is still too long makes the next line late, as little as possible and
never by more than `MOST_SHIFT_MS`: a line that would be further from its picture is left out as a
whole. So no line is cut, and two lines are heard at once only where their cues are shown at once.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

MOST_SPEED_UP = 1.25
"""Speech that is faster than the voice's own by more sounds hurried. Source: the limit that the
product promises; time-scaled speech stays as easy to understand up to about 1.3."""

PAUSE_MS = 80
"""What is left free ahead of the next line where the gap between the cues has it: about the
shortest pause that is heard as one."""

TEMPO_SLACK_MS = 20
"""What a sound that is sped up may take beside its share. Measured: ffmpeg's atempo ends up to 19
ms late, whatever the length and the tempo."""

MOST_SHIFT_MS = 2000
"""Most time between a cue and its line. Source: our own choice; guides for voice-over let speech
lag by one to two seconds, and behind that it is heard with another picture."""


@dataclass(frozen=True, slots=True)
class LineToPlace:
    """A line to be placed.

    Attributes:
        start_ms: of its cue.
        end_ms: of its cue, after the start.
        length_ms: that its speech takes at the voice's own speed.
    """

    start_ms: int
    end_ms: int
    length_ms: int


@dataclass(frozen=True, slots=True)
class LinePlacement:
    """Where a line is spoken.

    Attributes:
        start_ms: begin of its speech.
        length_ms: that its speech may take; all of it at ``speed_up``.
        speed_up: 1 to `MOST_SPEED_UP`.
        shift_ms: how much later than its cue it begins; negative where the end of the recording
            makes it begin earlier.
        over_ms: how far it goes beyond the time that it has; the next line is later for it.
        is_spoken: whether there is room for it at all.
    """

    start_ms: int
    length_ms: int
    speed_up: float = 1.0
    shift_ms: int = 0
    over_ms: int = 0
    is_spoken: bool = True

    @property
    def end_ms(self) -> int:
        """End of its speech."""
        return self.start_ms + self.length_ms

    @property
    def fits(self) -> bool:
        """Whether it begins with its cue and ends within its time."""
        return self.is_spoken and not self.shift_ms and not self.over_ms


def time_limits(lines: Sequence[LineToPlace], total_ms: int) -> list[int]:
    """Return when the speech of each line has to end: before the next one that is not at once.

    Args:
        lines: in order of their start.
        total_ms: length of the recording.
    """
    starts = [line.start_ms for line in lines]
    limits = []
    for line in lines:
        after = bisect_left(starts, max(line.end_ms, line.start_ms + 1))
        limit = max(line.end_ms, starts[after] - PAUSE_MS) if after < len(lines) else total_ms
        limits.append(min(limit, total_ms))
    return limits


def place_lines(lines: Sequence[LineToPlace], total_ms: int) -> list[LinePlacement]:
    """Return the placement of each line.

    Lines whose cues overlap may be heard at once, each with the other. Lines begin in the order of
    their cues.

    Args:
        lines: in order of their start, each with a length above 0.
        total_ms: length of the recording; no speech goes beyond it.
    """
    placer = _Placer(total_ms)
    limits = time_limits(lines, total_ms)
    return [placer.place(line, limit) for line, limit in zip(lines, limits, strict=True)]


class _Placer:
    """Places lines one after the other.

    Attributes:
        free_ms: end of the speech of all lines whose cues end before the present one.
        begun_ms: begin of the last line.
    """

    def __init__(self, total_ms: int) -> None:
        self._total_ms = total_ms
        self._free_ms = 0
        self._begun_ms = 0
        self._shown: list[tuple[int, int]] = []
        """Ends of cues that may still be shown, each with the end of its speech."""

    def place(self, line: LineToPlace, limit_ms: int) -> LinePlacement:
        """Return the placement of the next line, which has to end by a limit if it can."""
        while self._shown and self._shown[0][0] <= line.start_ms:
            self._free_ms = max(self._free_ms, heapq.heappop(self._shown)[1])
        earliest_ms = max(self._free_ms, self._begun_ms)
        start_ms = max(line.start_ms, earliest_ms)
        speed_up = needed_speed(line.length_ms, limit_ms - start_ms)
        length_ms = sped_length_ms(line.length_ms, speed_up)
        start_ms = min(start_ms, self._total_ms - length_ms)
        shift_ms = start_ms - line.start_ms
        if start_ms < earliest_ms or abs(shift_ms) > MOST_SHIFT_MS:
            return LinePlacement(line.start_ms, length_ms, speed_up, is_spoken=False)
        self._begun_ms = start_ms
        heapq.heappush(self._shown, (max(line.end_ms, line.start_ms + 1), start_ms + length_ms))
        over_ms = max(0, start_ms + length_ms - limit_ms)
        return LinePlacement(start_ms, length_ms, speed_up, shift_ms, over_ms)


def needed_speed(length_ms: int, room_ms: int) -> float:
    """Return how much faster a sound has to be for a room, `MOST_SPEED_UP` at most."""
    if length_ms <= room_ms:
        return 1.0
    spare_ms = room_ms - TEMPO_SLACK_MS
    if spare_ms <= 0:
        return MOST_SPEED_UP
    return max(1.0, min(MOST_SPEED_UP, length_ms / spare_ms))


def sped_length_ms(length_ms: int, speed_up: float) -> int:
    """Return what a sound takes at most that is sped up."""
    if speed_up == 1.0:
        return length_ms
    return min(length_ms, math.ceil(round(length_ms / speed_up, 6)) + TEMPO_SLACK_MS)
