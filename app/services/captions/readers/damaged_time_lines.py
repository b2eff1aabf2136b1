"""Time lines of which at most one time is as it should be."""

from __future__ import annotations

import re

from app.services.captions.caption_faults import FaultKind
from app.services.captions.readers.loose_clock import LOOSE_CLOCK, damaged_clock
from app.services.captions.readers.plain_characters import with_digits
from app.services.captions.readers.time_line import TimeLine, with_rest

_ARROWS = ("-->", "->", ">", "--")
_SPACED_TIME = re.compile(rf" ?-?{LOOSE_CLOCK}(?![^\s\])}}\"*])")
_PLACEHOLDER = re.compile(r"[0-9A-Za-z?#*_]{1,3}(?:[:.,;][0-9A-Za-z?#*_]{1,3}){2,3}")
"""What stands in the place of a time: ``xx:xx:xx,xxx``, ``??:??:??``."""


def damaged_time_line(plain: str, line: str) -> TimeLine | None:
    """Return a line with an arrow of which at most one side is a time as it should be."""
    head, arrow, tail = _at_arrow(plain)
    if not arrow:
        return None
    first, (second, rest) = head.strip(), _first_token(tail)
    start, end = damaged_clock(first), damaged_clock(second)
    if start is None and end is None:
        return _shapeless(first, second, arrow)
    known = start or end
    if known and known.fields < 3 and (start is None or end is None) and "-" not in arrow:
        return None
    faults = [FaultKind.CHARACTERS] if (start and start.damaged) or (end and end.damaged) else []
    # Text may have run into the time line; no text has an arrow and a whole time behind it.
    whole_end = "-->" in arrow and end is not None and end.fields > 2
    if start is None and not whole_end and not _like_clock(first):
        return None
    if end is None and not _like_clock(second):
        if len(second) > 1 and start is not None and start.fields < 4:
            return None
        second, rest = "", tail.strip()
    faults += [FaultKind.NO_START] if start is None else []
    faults += [FaultKind.NO_END] if end is None else []
    found = TimeLine(start, end, faults=tuple(faults or [FaultKind.SPELLING]))
    return with_rest(found, rest, line)


def _at_arrow(plain: str) -> tuple[str, str, str]:
    """Divide a line at its first arrow; ``--`` counts as one between or beside times."""
    places = (plain.find(arrow) for arrow in _ARROWS)
    place = next((place for place in places if place >= 0), -1)
    if place < 0:
        return plain, "", ""
    begin = end = place
    while begin and plain[begin - 1] in "-=~_ .<":
        begin -= 1
    while end < len(plain) and plain[end] in "->= ":
        end += 1
    return plain[:begin], plain[begin:end].strip(), plain[end:]


def _first_token(tail: str) -> tuple[str, str]:
    """Return a side's time with the spaces in it, and what follows."""
    match = _SPACED_TIME.match(tail)
    if match:
        return match[0], tail[match.end() :]
    token, _, rest = tail.strip().partition(" ")
    return token, rest


def _like_clock(text: str) -> bool:
    """Whether a text stands in the place of a time: nothing, or mostly digits and separators."""
    if len(text) > 16:
        return False
    signs = sum(char in "0123456789:.,;?xX " for char in with_digits(text))
    return signs * 10 >= len(text) * 7


def _shapeless(first: str, second: str, arrow: str) -> TimeLine | None:
    """Return a line that has the shape of a time line and no time in it."""
    dashed = "-" in arrow or "=" in arrow
    if not (dashed and _like_clock(first) and _like_clock(second)):
        places = _PLACEHOLDER.fullmatch(first), _PLACEHOLDER.fullmatch(second)
        if not all(places):
            return None
    digits = sum(char.isdigit() for char in first + second)
    signs = sum(char in ":.,;" for char in first + second)
    if digits + signs < 3 and not (arrow.endswith("-->") and not first and not second):
        return None
    return TimeLine(None, None, faults=(FaultKind.NO_TIME,), in_place="--" not in arrow)
