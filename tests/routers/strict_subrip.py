"""A reader of SubRip that takes nothing but what strict readers take."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})"
_SPAN = re.compile(f"{_TIME} --> {_TIME}")


@dataclass(frozen=True, slots=True)
class StrictCue:
    """One cue, with its times in ms."""

    start_ms: int
    end_ms: int
    text: str


def read_strictly(text: str) -> list[StrictCue]:
    """Return the cues of a file; spaces ahead of it are passed over, and alone they are no cues.

    Raises:
        ValueError: it is empty, a number is missing or out of order, a time is written in another
            way or runs backwards, or a cue has no text or a blank line in it.
    """
    if not text:
        raise ValueError("nothing")
    body = text.strip(" \n")
    return [_cue(n, block) for n, block in enumerate(body.split("\n\n"), 1)] if body else []


def _cue(number: int, block: str) -> StrictCue:
    first, span, *lines = [*block.split("\n"), "", ""][: max(2, block.count("\n") + 1)]
    times = _SPAN.fullmatch(span)
    if first != str(number) or times is None:
        raise ValueError(f"no cue {number}: {block[:100]!r}")
    start, end = (_ms(times.groups()[place : place + 4]) for place in (0, 4))
    if end <= start or not lines or not all(line.strip() for line in lines):
        raise ValueError(f"cue {number} has no text, or no time: {block[:100]!r}")
    return StrictCue(start, end, "\n".join(lines))


def _ms(parts: tuple[str, ...]) -> int:
    hours, minutes, seconds, ms = map(int, parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms
