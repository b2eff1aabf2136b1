"""LinePlacement of spoken lines: when each begins, and how much faster than usual it is spoken.

A line begins with its cue and may last until the next line begins. It is sped up by at most
`MOST_SPEED_UP` for that. What is still too long makes the next line late, as little as possible and
never by more than `MOST_SHIFT_MS`: a line that would be further from its picture is left out as a
whole. So no line is cut, and no two lines are heard at once: where cues are shown at once, their
lines follow one another within the time of all of them.
"""

from __future__ import annotations

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
    """Return when the speech of each line has to end.

    It is the begin of the next line; where that one's cue is shown at once, the latest begin with
    which that one still fits.

    Args:
        lines: in order of their start.
        total_ms: length of the recording.
    """
    starts = [line.start_ms for line in lines]
    limits: list[int] = []
    for number in reversed(range(len(lines))):
        line = lines[number]
        after = bisect_left(starts, _shown_until(line))
        limit = max(line.end_ms, starts[after] - PAUSE_MS) if after < len(lines) else total_ms
        limit = min(limit, total_ms)
        if _is_shown_with_next(lines, number):
            limit = min(limit, _latest_begin_ms(lines[number + 1], limits[-1]))
        limits.append(limit)
    return limits[::-1]


def _shown_until(line: LineToPlace) -> int:
    return max(line.end_ms, line.start_ms + 1)


def _is_shown_with_next(lines: Sequence[LineToPlace], number: int) -> bool:
    return number + 1 < len(lines) and lines[number + 1].start_ms < _shown_until(lines[number])


def _latest_begin_ms(line: LineToPlace, limit_ms: int) -> int:
    fitting_ms = limit_ms - sped_length_ms(line.length_ms, MOST_SPEED_UP)
    return max(line.start_ms, min(line.start_ms + MOST_SHIFT_MS, fitting_ms))


def place_lines(lines: Sequence[LineToPlace], total_ms: int) -> list[LinePlacement]:
    """Return the placement of each line; they begin in the order of their cues.

    Args:
        lines: in order of their start, each with a length above 0.
        total_ms: length of the recording; no speech goes beyond it.
    """
    limits = time_limits(lines, total_ms)
    places: list[LinePlacement] = []
    free_ms = 0
    for number, (line, limit_ms) in enumerate(zip(lines, limits, strict=True)):
        # A line that is shown with the next one is hurried, so that the next one is less late.
        goal_ms = lines[number + 1].start_ms if _is_shown_with_next(lines, number) else limit_ms
        start_ms = max(line.start_ms, free_ms)
        speed_up = needed_speed(line.length_ms, min(goal_ms, limit_ms) - start_ms)
        length_ms = sped_length_ms(line.length_ms, speed_up)
        start_ms = min(start_ms, total_ms - length_ms)
        shift_ms = start_ms - line.start_ms
        if start_ms < free_ms or abs(shift_ms) > MOST_SHIFT_MS:
            places.append(LinePlacement(line.start_ms, length_ms, speed_up, is_spoken=False))
            continue
        free_ms = start_ms + length_ms
        over_ms = max(0, free_ms - limit_ms)
        places.append(LinePlacement(start_ms, length_ms, speed_up, shift_ms, over_ms))
    return places


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
