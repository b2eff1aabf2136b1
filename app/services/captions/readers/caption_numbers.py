"""Numbers and identifiers of captions, which stand above their time lines."""

from __future__ import annotations

import re

from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.readers.caption_blocks import Block, FileLine
from app.services.captions.readers.plain_characters import plain_line

_BEGUN_TIME = re.compile(
    r"(?:[\[(\"<* ]{1,3}+|#?[0-9]{1,6}[.)]? )?(?:--?>? ?[0-9:.,]{0,12}"
    r"|[0-9]{1,2}:(?:[0-9]{1,2}(?::(?:[0-9]{1,2}[,.]?[0-9]{0,3} ?-{0,2})?)?)?)"
)
"""A time line of which the end is missing."""
_COLONS_OF_TIME = 2


def take_number(
    body: list[FileLine],
    block: Block,
    last: int,
    *,
    numbered: bool,
    first: bool,
    log: FaultLog,
) -> None:
    """Move the number or identifier at the end of a body to the block below it."""
    end = len(body)
    while end and body[end - 1].role == "blank":
        end -= 1
    if not end:
        return
    line, touches = body[end - 1], end == len(body)
    after_blank = end == 1 or body[end - 2].role == "blank"
    own = first or any(each.role != "blank" for each in body[: end - 1])
    if line.role == "number":
        continues = line.value in (last, last + 1) and bool(last or line.value == 1 or first)
        taken = continues or (touches and own and (numbered or after_blank))
        if not touches:
            taken = continues and after_blank and own
        if not taken:
            return
        if not continues and not first and not (numbered and after_blank):
            log.add(FaultKind.NUMBER, line.number, line.text.strip())
        block.number = line.value
        del body[end - 1 :]
        _drop_doubled(body, line, log)
    elif touches and after_blank and own and line.role == "text":
        _take_identifier(body, block, line, numbered=numbered, log=log)


def _drop_doubled(body: list[FileLine], line: FileLine, log: FaultLog) -> None:
    """Drop the same number once more above, where it stands apart from the text."""
    while body and body[-1].role == "number" and body[-1].value == line.value:
        if len(body) > 1 and body[-2].role not in ("blank", "number"):
            return
        log.add(FaultKind.NUMBER, body[-1].number, body[-1].text.strip())
        del body[-1]


def _take_identifier(
    body: list[FileLine], block: Block, line: FileLine, *, numbered: bool, log: FaultLog
) -> None:
    """Drop an identifier of WebVTT, or a number of SubRip that is damaged."""
    text = plain_line(line.text)
    if block.segment:
        if " " in text:
            log.add(FaultKind.IDENTIFIER, line.number, line.text.strip())
        del body[-1]
    elif numbered and len(text) <= 8 and _digits(text) * 2 >= len(text):
        log.add(FaultKind.NUMBER, line.number, line.text.strip())
        del body[-1]


def drop_cut_caption(body: list[FileLine], number: int, *, numbered: bool, log: FaultLog) -> None:
    """Drop what the end of the file left of one more caption: its number, part of its times."""
    end = len(body)
    while end and body[end - 1].role == "blank":
        end -= 1
    if not end:
        return
    begin, last = end - 1, plain_line(body[end - 1].text)
    is_time = _BEGUN_TIME.fullmatch(last) is not None
    if is_time:
        begin -= begin > 0 and body[begin - 1].role == "number"
    elif body[begin].role != "number" or not numbered:
        return
    apart = not begin or body[begin - 1].role == "blank" or body[begin].value == number
    if not apart and not (is_time and last.count(":") >= _COLONS_OF_TIME):
        return
    if not begin and not body[0].text.lstrip().startswith("-"):
        return
    kind = FaultKind.CUT if end == len(body) or begin < end - 1 else FaultKind.NUMBER
    log.add(kind, body[begin].number, body[begin].text.strip(), last=body[end - 1].number)
    del body[begin:]


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)
