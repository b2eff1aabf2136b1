"""Line breaks of caption files that a program has doubled, escaped or lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.readers.caption_blocks import CLOCK_MAP, split_lines
from app.services.captions.readers.timestamps import CLOCK

_PAIR = re.compile(rf"(?<![0-9:,-]){CLOCK} ?--> ?{CLOCK}(?![0-9:])")
_ENDS_IN_TIMES = re.compile(
    r"[^\W\d_]\S?[^\W\d_].?[0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{3} ?--> ?"
    r"[0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{3}"
)
"""A time line in its exact form that a text ran into."""

_LAST_NUMBER = re.compile(r"\s([0-9]{1,6})\s*\Z")
_ESCAPED = ("\\r\\n", "\\n", "\\r")
_DOUBLED_FROM = 8
"""Lines of a file from which on a blank one after each other one is no chance."""


def file_lines(text: str, log: FaultLog) -> list[str]:
    """Return the lines of a caption file.

    A file without any break that has backslashes and letters in their place gets them; one that
    has several time lines in one line is broken around each.

    Args:
        text: of the file.
        log: takes what was repaired.
    """
    lines = split_lines(text)
    if len(lines) == 1 and "\\n" in text:
        for written in _ESCAPED:
            text = text.replace(written, "\n")
        lines = split_lines(text)
        log.add(FaultKind.UNBROKEN, 1)
    if any(line.startswith(CLOCK_MAP) for line in lines):
        lines = list(_with_headers(lines, log))
    if _is_quoted(lines):
        lines = [line.lstrip().removeprefix(">").removeprefix(" ") for line in lines]
    if any(_holds_more(line) for line in lines):
        lines = list(_broken(lines, log))
    return lines


def _with_headers(lines: Sequence[str], log: FaultLog) -> Iterator[str]:
    """Yield lines; the first line of a segment that stands behind a text gets its own."""
    for number, (line, below) in enumerate(pairwise([*lines, ""]), start=1):
        text = line.removesuffix("WEBVTT")
        if text.strip("\ufeff ") and text != line and below.startswith(CLOCK_MAP):
            log.add(FaultKind.UNBROKEN, number)
            yield from (text, "", "WEBVTT")
        else:
            yield line


def _is_quoted(lines: Sequence[str]) -> bool:
    """Whether every line is quoted as mail quotes."""
    used = [line for line in lines if line.strip()]
    return len(used) > 1 and all(line.lstrip().startswith(">") for line in used)


def is_double_spaced(lines: Sequence[str]) -> bool:
    """Whether every other line of a file is blank, as after a second conversion of its breaks."""
    used = [line.strip("\ufeff\0 \t") for line in lines]
    while used and not used[-1]:
        used.pop()
    if len(used) < _DOUBLED_FROM:
        return False
    return not any(used[1::2]) and sum(1 for line in used[::2] if line) * 2 > len(used[::2])


def _broken(lines: Sequence[str], log: FaultLog) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if not _holds_more(line):
            yield line
            continue
        pieces = list(_pieces(line))
        if len(pieces) > 1:
            log.add(FaultKind.UNBROKEN, number)
        yield from pieces


def _holds_more(line: str) -> bool:
    """Whether a line holds several time lines, or words and then one."""
    arrows = line.count("-->")
    if arrows > 1:
        return sum(1 for _ in _PAIR.finditer(line)) > 1
    if not arrows:
        return False
    match = _ENDS_IN_TIMES.search(line)
    return match is not None and " " in line[: match.start()].strip()


def _pieces(line: str) -> Iterator[str]:
    """Yield the time lines in a line, each with what is before it on lines of their own."""
    begin = 0
    for match in _PAIR.finditer(line):
        yield from _before(line[begin : match.start()])
        yield match[0]
        begin = match.end()
    if begin < len(line):
        yield line[begin:].strip()


def _before(text: str) -> Iterator[str]:
    """Yield a text; a number at its end is that of the caption below."""
    text = text.strip()
    number = _LAST_NUMBER.search(text[-8:])
    if number is None:
        yield from [text] if text else []
        return
    yield text[: -len(number[0])] if len(number[0]) else text
    yield ""
    yield number[1]
