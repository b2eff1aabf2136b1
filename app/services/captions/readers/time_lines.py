"""Time line of a caption: its start and its end, however they are written."""

from __future__ import annotations

import re
from dataclasses import replace

from app.services.captions.caption_faults import FaultKind
from app.services.captions.readers.damaged_time_lines import damaged_time_line
from app.services.captions.readers.loose_clock import (
    LOOSE_CLOCK,
    loose_clock,
)
from app.services.captions.readers.plain_characters import is_guarded, plain_line
from app.services.captions.readers.time_line import KNOWN_SETTING, TimeLine, with_rest
from app.services.captions.readers.timestamps import CLOCK, INLINE_TIME, TIMING_LINE

_MAY_BE_TIME = re.compile(r"\d[^\w\s]? ?\S? ?[\doOlI]|[-=–—−→⇒＞>&]\S?\S?\S?[>;＞]|[→⇒➔➜➡⟶]|::|--")
"""Lines without any of these are text, as nearly all lines are."""

_BEGINS_WITH_STAMP = re.compile(rf"[^\w<]{{0,16}}+{INLINE_TIME.pattern}")
"""A line of words with times, which may begin with a dash or a music sign."""

_LONGEST = 1000
"""Characters of a time line with all its settings."""

_LOOSE = re.compile(
    rf"[^\w-]{{0,8}}+(-?{LOOSE_CLOCK})([^0-9]{{1,12}}+)({LOOSE_CLOCK})((?![0-9:]|[.,;][0-9]).*+)?"
)
_EXACT_PAIR = re.compile(rf"[^\w-]{{0,8}}+({CLOCK})( ?[,;|/] ?)({CLOCK})((?![0-9]).*+)?")
_INDEX = re.compile(r"\A#?[0-9]{1,6}(?:[.)\]]? |: | ?- |[.)\]]|[,;] ?)(?=[^\w-]{0,8}+-?[0-9])")
_NAME = re.compile(r"\A[^\W\d_]{1,10}:? (?=[0-9]{1,2}:[0-9]{1,2}:)")
"""What a start is called: ``From 00:00:01,000 to 00:00:03,000``."""

_FRAMES = re.compile(r"\{[0-9]{1,7}\}\{[0-9]{1,7}\}")
"""MicroDVD's times, which say nothing in a file that names no frame rate."""

_ALONE = re.compile(rf"[^\w-]{{0,8}}+(-?{LOOSE_CLOCK})([^\w]{{0,12}}+)")
_DIALOGUE = re.compile(rf"Dialogue:[^,]{{0,24}},({CLOCK}),({CLOCK}),(?:[^,]*,){{6}}(.*)")
_WHOLE_FRACTION = re.compile(r"[.,][0-9]{3}$")
_DASHES = frozenset("-~")
_AFTER_TIME = ' ])}>"*!|'
_ARROW_SIGNS = frozenset("-=~_.<>")


def read_time_line(line: str) -> TimeLine | None:
    """Return what a line says, if it is a time line or nearly one; None for a text.

    The exact forms are SubRip's and WebVTT's. Otherwise two times with an arrow, dashes, a comma
    or spaces between them count, in any script's digits, perhaps after the caption's number and
    in brackets; so does a line in which only one of the two can be read, and one that has the
    shape of a time line and no time that can be read. A line that is marked as text is none.
    """
    if "-->" in line and (match := TIMING_LINE.fullmatch(line)):
        start, end = loose_clock(match[1].strip()), loose_clock(match[2].strip())
        if start is not None and end is not None and start.exact and end.exact:
            return with_rest(TimeLine(start, end), match[3] or "", line)
    if is_guarded(line):
        return None
    if line.startswith("Dialogue:"):
        return _dialogue(line)
    if _FRAMES.match(line):
        return TimeLine(None, None, faults=(FaultKind.NO_TIME,))
    if len(line) > _LONGEST or not _MAY_BE_TIME.search(line) or _BEGINS_WITH_STAMP.match(line):
        return None
    plain = plain_line(line)
    spellings = dict.fromkeys((plain, _INDEX.sub("", plain), _NAME.sub("", plain)))
    for spelling in spellings:
        if found := _pair(spelling, line):
            return found
    nearly = [found for spelling in spellings if (found := damaged_time_line(spelling, line))]
    return max(nearly, key=lambda found: found.times, default=None) or _alone(plain)


def _pair(plain: str, line: str) -> TimeLine | None:
    """Return two times with anything between them that is no number."""
    if (exact := _EXACT_PAIR.fullmatch(plain)) and (found := _separated(exact, line)):
        return found
    match = _LOOSE.fullmatch(plain)
    if match is None:
        return None
    first, between, second, rest = match.groups()
    negative = between.endswith("-") and ">" in between[:-1]
    start, end = loose_clock(first), loose_clock("-" * negative + second)
    if start is None or end is None or not _ends(second, rest or ""):
        return None
    sign = between.strip()
    if "<" in sign and ">" not in sign:
        start, end = end, start
        found = TimeLine(start, end, faults=(FaultKind.SWAPPED,))
    else:
        found = TimeLine(start, end, faults=(FaultKind.SPELLING,))
    fields = min(start.fields, end.fields)
    if fields == 2 and ":" in first + second and set(sign) <= _DASHES:
        return with_rest(replace(found, in_place=True, weak=True), rest or "", line)
    trust = _certainty(sign, fields)
    return (
        None if trust is None else with_rest(replace(found, in_place=not trust), rest or "", line)
    )


def _dialogue(line: str) -> TimeLine | None:
    """Return a line of a SubStation script that stands in another file."""
    match = _DIALOGUE.fullmatch(line)
    if match is None:
        return None
    start, end = loose_clock(match[1]), loose_clock(match[2])
    text = match[3].replace("\\N", "\n").replace("\\n", "\n")
    return TimeLine(start, end, text=text, faults=(FaultKind.SPELLING,))


def _ends(clock: str, rest: str) -> bool:
    """Whether a time ends where it seems to: a letter that follows at once may belong to it."""
    if rest[:1] in _AFTER_TIME or KNOWN_SETTING.match(rest):
        return True
    if not any(char.isalnum() for char in rest):
        return True
    return _WHOLE_FRACTION.search(clock) is not None


def _separated(match: re.Match[str], line: str) -> TimeLine | None:
    start, end = loose_clock(match[1]), loose_clock(match[3])
    if start is None or end is None:
        return None
    spelling = () if match[2] == "," else (FaultKind.SPELLING,)
    found = TimeLine(start, end, faults=spelling, in_place=start.fields < 4, separated=True)
    return with_rest(found, match[4] or "", line)


def _certainty(sign: str, fields: int) -> bool | None:
    """Whether two times with a sign between them are a time line wherever they stand.

    False where they are one only in its place, None where they are none.
    """
    arrow = ">" in sign or "<" in sign
    if set(sign) <= _ARROW_SIGNS and arrow:
        return fields > 2 or "-" in sign or "=" in sign
    if arrow or fields == 4:
        return fields == 4 or (False if fields > 2 else None)
    return False if fields == 3 and not any(char.isalpha() for char in sign) else None


def _alone(plain: str) -> TimeLine | None:
    """Return a time that stands alone on its line, perhaps with the arrow that lost its end."""
    match = _ALONE.fullmatch(plain)
    if match is None:
        return None
    start = loose_clock(match[1])
    if start is None or start.fields < 2 or (start.fields == 2 and ":" not in plain):
        return None
    found = TimeLine(start, None, faults=(FaultKind.NO_END,), in_place=start.fields < 4)
    return replace(found, alone=not match[2].strip("])}>:. "))
