"""What a time line of a caption says."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from app.services.captions.caption_faults import FaultKind
from app.services.captions.readers.loose_clock import LooseClock
from app.services.captions.readers.plain_characters import plain_line

_COORDINATES = re.compile(r"(?:[XY][12]: ?-?[0-9]{1,6} ?)+", re.IGNORECASE)
_SETTING = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,15}[:=]\S+")
KNOWN_SETTING = re.compile(
    r"(?:align|position|line|size|vertical|region|[xy][12]|[xywh]|snap)[:=]\S*", re.IGNORECASE
)
_SPACED_SETTING = re.compile(r"(align|position|line|size|vertical|region): ", re.IGNORECASE)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_HALF_OF_DAY = re.compile(r"\A[AaPp]\.?[Mm]\b\.?")


@dataclass(frozen=True, slots=True)
class TimeLine:
    """What a time line says.

    Attributes:
        start: None where it cannot be read.
        end: None where it cannot be read, or there is none.
        settings: of WebVTT, or the coordinates of SubRip.
        text: what stands behind the times and is no setting.
        faults: what was repaired.
        in_place: whether it counts only where a time line is expected, since a text may look so.
        separated: whether a comma alone stands between the times, as SubViewer has it.
        weak: whether it counts only where no better time line is in the file.
        alone: whether there is a start and nothing that says that an end should follow.
    """

    start: LooseClock | None
    end: LooseClock | None
    settings: str = ""
    text: str = ""
    faults: tuple[FaultKind, ...] = ()
    in_place: bool = False
    separated: bool = False
    alone: bool = False
    weak: bool = False

    @property
    def times(self) -> int:
        """How many of its two times were read."""
        return (self.start is not None) + (self.end is not None)


def with_rest(found: TimeLine, rest: str, line: str) -> TimeLine:
    """Add what stands behind the times: settings, coordinates, or a text."""
    rest = _SPACED_SETTING.sub(r"\1:", _BREAK.sub("", _HALF_OF_DAY.sub("", rest.strip())).strip())
    if not rest:
        return found
    tokens = rest.split()
    if _COORDINATES.fullmatch(rest) or all(_SETTING.fullmatch(token) for token in tokens):
        return replace(found, settings=rest)
    known = 0
    while known < len(tokens) and KNOWN_SETTING.fullmatch(tokens[known]):
        known += 1
    settings = " ".join(tokens[:known])
    text = " ".join(tokens[known:]).lstrip("])}>-|,;\t ")
    if not any(char.isalnum() or char == "♪" for char in text):
        return replace(found, settings=settings, faults=(*found.faults, FaultKind.CHARACTERS))
    words = line.split()[-len(text.split()) :]
    written = " ".join(words) if plain_line(" ".join(words)) == plain_line(text) else text
    faults = (*found.faults, FaultKind.ON_TIME_LINE)
    return replace(found, settings=settings, text=written, faults=faults)
