"""Time line of a caption: its start and its end, however they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from app.services.captions.caption_faults import FaultKind
from app.services.captions.readers.loose_clock import (
    LOOSE_CLOCK,
    LooseClock,
    damaged_clock,
    loose_clock,
)
from app.services.captions.readers.plain_characters import plain_line, with_digits
from app.services.captions.readers.timestamps import CLOCK, INLINE_TIME, TIMING_LINE

_MAY_BE_TIME = re.compile(r"\d[^\w\s]? ?\S? ?[\doOlI]|[-=–—−→⇒＞>&]\S?\S?\S?[>;＞]|[→⇒➔➜➡⟶]|::|--")
"""Lines without any of these are text, as nearly all lines are."""

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
_COORDINATES = re.compile(r"(?:[XY][12]: ?-?[0-9]{1,6} ?)+", re.IGNORECASE)
_SETTING = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,15}[:=]\S+")
_KNOWN_SETTING = re.compile(
    r"(?:align|position|line|size|vertical|region|[xy][12]|[xywh]|snap)[:=]\S*", re.IGNORECASE
)
_DIALOGUE = re.compile(rf"Dialogue:[^,]{{0,24}},({CLOCK}),({CLOCK}),(?:[^,]*,){{6}}(.*)")
_SPACED_SETTING = re.compile(r"(align|position|line|size|vertical|region): ", re.IGNORECASE)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_HALF_OF_DAY = re.compile(r"\A[AaPp]\.?[Mm]\b\.?")
_WHOLE_FRACTION = re.compile(r"[.,][0-9]{3}$")
_DASHES = frozenset("-~")
_AFTER_TIME = ' ])}>"*!|'
_ARROW_SIGNS = frozenset("-=~_.<>")
_PLACEHOLDER = re.compile(r"[0-9A-Za-z?#*_]{1,3}(?:[:.,;][0-9A-Za-z?#*_]{1,3}){2,3}")
"""What stands in the place of a time: ``xx:xx:xx,xxx``, ``??:??:??``."""


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


def read_time_line(line: str) -> TimeLine | None:
    """Return what a line says, if it is a time line or nearly one; None for a text.

    The exact forms are SubRip's and WebVTT's. Otherwise two times with an arrow, dashes, a comma
    or spaces between them count, in any script's digits, perhaps after the caption's number and
    in brackets; so does a line in which only one of the two can be read, and one that has the
    shape of a time line and no time that can be read.
    """
    if "-->" in line and (match := TIMING_LINE.fullmatch(line)):
        start, end = loose_clock(match[1].strip()), loose_clock(match[2].strip())
        if start is not None and end is not None and start.exact and end.exact:
            return _with_rest(TimeLine(start, end), match[3] or "", line)
    if line.startswith("Dialogue:"):
        return _dialogue(line)
    if _FRAMES.match(line):
        return TimeLine(None, None, faults=(FaultKind.NO_TIME,))
    if len(line) > _LONGEST or not _MAY_BE_TIME.search(line) or INLINE_TIME.match(line.lstrip()):
        return None
    plain = plain_line(line)
    spellings = dict.fromkeys((plain, _INDEX.sub("", plain), _NAME.sub("", plain)))
    for spelling in spellings:
        if found := _pair(spelling, line):
            return found
    nearly = [found for spelling in spellings if (found := _arrowed(spelling, line))]
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
        return _with_rest(replace(found, in_place=True, weak=True), rest or "", line)
    trust = _trust(sign, fields)
    return (
        None if trust is None else _with_rest(replace(found, in_place=not trust), rest or "", line)
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
    if rest[:1] in _AFTER_TIME or _KNOWN_SETTING.match(rest):
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
    return _with_rest(found, match[4] or "", line)


def _trust(sign: str, fields: int) -> bool | None:
    """Whether two times with a sign between them are a time line wherever they stand.

    False where they are one only in its place, None where they are none.
    """
    arrow = ">" in sign or "<" in sign
    if set(sign) <= _ARROW_SIGNS and arrow:
        return fields > 2 or "-" in sign or "=" in sign
    if arrow or fields == 4:
        return fields == 4 or (False if fields > 2 else None)
    return False if fields == 3 and not any(char.isalpha() for char in sign) else None


def _arrowed(plain: str, line: str) -> TimeLine | None:
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
    if start is None and not _like_clock(first):
        return None
    if end is None and not _like_clock(second):
        if len(second) > 1 and start is not None and start.fields < 4:
            return None
        second, rest = "", tail.strip()
    faults += [FaultKind.NO_START] if start is None else []
    faults += [FaultKind.NO_END] if end is None else []
    found = TimeLine(start, end, faults=tuple(faults or [FaultKind.SPELLING]))
    return _with_rest(found, rest, line)


def _at_arrow(plain: str) -> tuple[str, str, str]:
    """Divide a line at its first arrow; ``--`` counts as one between or beside times."""
    place = plain.find(">")
    if place < 0:
        place = plain.find("--")
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


_SPACED_TIME = re.compile(rf" ?-?{LOOSE_CLOCK}(?![^\s\])}}\"*])")


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


def _with_rest(found: TimeLine, rest: str, line: str) -> TimeLine:
    """Add what stands behind the times: settings, coordinates, or a text."""
    rest = _SPACED_SETTING.sub(r"\1:", _BREAK.sub("", _HALF_OF_DAY.sub("", rest.strip())).strip())
    if not rest:
        return found
    tokens = rest.split()
    if _COORDINATES.fullmatch(rest) or all(_SETTING.fullmatch(token) for token in tokens):
        return replace(found, settings=rest)
    known = 0
    while known < len(tokens) and _KNOWN_SETTING.fullmatch(tokens[known]):
        known += 1
    settings = " ".join(tokens[:known])
    text = " ".join(tokens[known:]).lstrip("])}>-|,;\t ")
    if not any(char.isalnum() or char == "♪" for char in text):
        return replace(found, settings=settings, faults=(*found.faults, FaultKind.CHARACTERS))
    words = line.split()[-len(text.split()) :]
    written = " ".join(words) if plain_line(" ".join(words)) == plain_line(text) else text
    faults = (*found.faults, FaultKind.ON_TIME_LINE)
    return replace(found, settings=settings, text=written, faults=faults)
