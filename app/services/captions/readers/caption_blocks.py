"""Blocks of a caption file: a time line with the lines below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.services.captions.readers.plain_characters import is_guarded, plain_line
from app.services.captions.readers.time_line import TimeLine
from app.services.captions.readers.time_lines import read_time_line

_LINE_END = re.compile("\r\n?|[\n\v\f\x85\u2028\u2029]")
_NUMBER = re.compile(
    r"[*_`> ]*+(?:#|№|No\.? ?|(?:subtitle|caption|cue|line|title) )?([0-9]{1,7})"
    r"(?: ?(?:/|of) ?[0-9]{1,7})?[.):]?[*_` ]*+(?:<br ?/?>)?",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"(?:<br ?/?>|[> ])++|`{3,8}[a-z]{0,8}|[-=_]{3,}+", re.IGNORECASE)
"""A line of a page or a quoted mail that is blank but for its marks, or one that divides."""

_HEADER = re.compile(r"WEBVTT(?![^\s-])")
CLOCK_MAP = "X-TIMESTAMP-MAP"
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?!\S)")

LineRole = Literal["blank", "time", "header", "aside", "number", "text"]
"""What a line is: ``header`` belongs to the head of a WebVTT file or segment, ``aside`` to its
comments, styles and regions."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of a file.

    Attributes:
        number: from 1.
        text: as it is written.
        role: what it is.
        time: what a time line says.
        value: what a number is.
    """

    number: int
    text: str
    role: LineRole
    time: TimeLine | None = None
    value: int = -1


@dataclass(slots=True)
class Block:
    """A time line with the lines below it, up to what belongs to the next one.

    Attributes:
        line: the time line.
        time: what it says.
        body: the lines below it.
        segment: number of WebVTT headers above it.
        number: the caption's own number; None where it has none.
    """

    line: FileLine
    time: TimeLine
    body: list[FileLine] = field(default_factory=list)
    segment: int = 0
    number: int | None = None


def split_lines(text: str) -> list[str]:
    """Return a file's lines, whatever ends them."""
    return _LINE_END.split(text)


def number_of(line: str) -> int | None:
    """Return the number that a line consists of; None for any other line."""
    if len(line) > 40 or not any(char.isdecimal() for char in line):
        return None
    match = _NUMBER.fullmatch(plain_line(line))
    return int(match[1]) if match else None


def read_lines(lines: Sequence[str], *, webvtt: bool) -> Iterator[FileLine]:
    """Yield the lines of a file with what each is.

    Args:
        lines: of the file.
        webvtt: whether comments, styles and regions may occur ahead of the first header.
    """
    before: LineRole = "blank"
    arrows = _count_pairs(lines)
    for number, text in enumerate(lines, start=1):
        line = _role(number, text, before, webvtt=webvtt, arrows=arrows)
        webvtt = webvtt or line.role == "header"
        before = line.role
        yield line


_PAIRS_SEEN = 3


def _count_pairs(lines: Sequence[str]) -> bool:
    """Whether time lines with two times occur, so that a time alone is none of them."""
    found = 0
    for line in lines:
        time = read_time_line(line)
        found += time is not None and time.times == 2 and not time.weak
        if found == _PAIRS_SEEN:
            return True
    return found > 0


def _role(number: int, text: str, before: LineRole, *, webvtt: bool, arrows: bool) -> FileLine:
    if is_guarded(text):
        return FileLine(number, text, "text")
    plain = text.strip("\ufeff\0 \t\u200b")
    if not plain or (len(plain) < 100 and _EMPTY.fullmatch(plain)):
        return FileLine(number, text, "blank")
    if _HEADER.match(plain) and (before in ("blank", "header") or plain == "WEBVTT"):
        return FileLine(number, text, "header")
    if webvtt and plain.upper().startswith(CLOCK_MAP):
        return FileLine(number, text, "header")
    if webvtt and before == "blank" and _ASIDE.match(plain):
        return FileLine(number, text, "aside")
    time = read_time_line(text)
    if time is not None and _counts(time, before, arrows=arrows):
        return FileLine(number, text, "time", time)
    if before in ("header", "aside"):
        return FileLine(number, text, before)
    value = number_of(text)
    if value is not None:
        return FileLine(number, text, "number", value=value)
    return FileLine(number, text, "text")


def _counts(time: TimeLine, before: LineRole, *, arrows: bool) -> bool:
    """Whether what may be a time line is one where it stands."""
    if time.alone and not arrows:
        return True
    if time.weak and arrows:
        return False
    if time.alone and (time.start is None or time.start.fields < 4):
        return False
    return not time.in_place or before in ("blank", "number", "header")
