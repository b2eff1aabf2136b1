"""EBU STL (.stl): a general block and blocks of subtitles with time codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.domain import stl_codes
from app.domain.errors import InvalidCaptionsError
from app.domain.frame_clock import PAL, FrameClock, TimeCode
from app.domain.style import Placement, placed
from app.services.captions.caption_faults import FaultLog
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.caption_times import log_order, repaired_times
from app.services.captions.readers.programme_start import since_start, usual_start_ms
from app.services.captions.readers.stl_text import read_text_field
from app.services.captions.reading_notices import ReadingNotices

BINARY = "latin-1"
"""Encoding in which the bytes of a binary file pass for a text, one character each."""

_SIGNATURE = re.compile(r"STL[0-9]{2}\.[0-9]{2}")
_SIGNATURE_AT = 3
_TABLES = ("00", "01", "02", "03", "04")
_ROWS = 23
_MOST_ROWS = 99
_CUMULATIVE_NEXT, _CUMULATIVE_LAST = 2, 3
_LEFT, _RIGHT = 1, 3
_BOTTOM_FROM, _TOP_UNTIL = 0.8, 0.15
"""Shares of the rows from which, and up to which, a subtitle stands where they usually do."""


def looks_like_stl(head: str) -> bool:
    """Whether a text, of a byte a character, has the mark of EBU STL behind its code page."""
    return _SIGNATURE.match(head, _SIGNATURE_AT) is not None


@dataclass(frozen=True, slots=True)
class _General:
    """What the general block says.

    Attributes:
        clock: of its time codes.
        table: character code table.
        language: BCP 47 tag; empty where it names none.
        rows: of the picture.
        start: time code of the programme's start; None where it is none.
    """

    clock: FrameClock
    table: str
    language: str
    rows: int
    start: TimeCode | None


@dataclass(slots=True)
class _Subtitle:
    """A subtitle while its blocks are read."""

    number: int
    block: bytes
    field: bytearray


def read_stl(text: str) -> RawTrack:
    """Read EBU STL, as far as its blocks go; what precedes a break in the file is read.

    Source: EBU Tech 3264-E, "Specification of the EBU subtitling data exchange format".

    Args:
        text: the file's bytes as characters.

    Raises:
        InvalidCaptionsError: it ends within the general block.
    """
    data = text.encode(BINARY, "replace")
    if len(data) < stl_codes.GSI_BYTES:
        raise InvalidCaptionsError("The EBU STL file ends within its first block")
    notices, log = ReadingNotices(), FaultLog()
    general = _general(data, notices)
    found = [_caption(each, general, notices) for each in _subtitles(data, notices)]
    captions = _joined([each for each in found if each is not None])
    notices.require(captions)
    start_ms = usual_start_ms(captions, general.clock, (10,))
    if general.start is not None:
        start_ms = general.clock.ms_at(general.clock.frame_of(general.start)) or start_ms
    captions = repaired_times(since_start(captions, start_ms, notices), log)
    log_order(captions, log, frozenset())
    return RawTrack(tuple(captions), general.language, notices.notices(), log.summary())


def _general(data: bytes, notices: ReadingNotices) -> _General:
    head = data[: stl_codes.GSI_BYTES].decode("ascii", "replace")
    disk, table, language, rows = head[3:11], head[12:14], head[14:16], head[253:255]
    clock = stl_codes.CLOCKS.get(disk)
    if clock is None:
        notices.repaired("An unknown disk format, read as 25 frames a second", disk.strip())
    if table not in _TABLES:
        notices.repaired("An unknown character code table, read as Latin", table.strip())
    high = int(rows) if rows.isascii() and rows.isdigit() else _ROWS
    start = head[256:264]
    known = start.isascii() and start.isdigit()
    parts = [int(start[at : at + 2]) for at in range(0, 8, 2)] if known else []
    return _General(
        clock or PAL,
        table if table in _TABLES else stl_codes.LATIN,
        stl_codes.LANGUAGES.get(language.upper(), ""),
        high if 0 < high <= _MOST_ROWS else _ROWS,
        TimeCode(*parts) if parts else None,
    )


def _subtitles(data: bytes, notices: ReadingNotices) -> Iterator[_Subtitle]:
    """Yield the subtitles with the text of all their blocks."""
    size = stl_codes.TTI_BYTES
    opened: _Subtitle | None = None
    number = 0
    for at in range(stl_codes.GSI_BYTES, len(data), size):
        block = data[at : at + size]
        number += 1
        if len(block) < size:
            notices.repaired("The file breaks off within a block", f"block {number}")
            block = block.ljust(size, bytes([stl_codes.UNUSED]))
        if not block.strip(b"\x00\x1a \x8f"):
            continue  # the file is filled up
        extension, comment = block[3], block[15]
        if stl_codes.LAST_EXTENSION < extension < stl_codes.LAST_BLOCK:
            continue  # user data, and what is reserved
        if comment == 1:
            notices.left_out("Comments", f"block {number}")
            continue
        if opened is not None and opened.block[1:3] != block[1:3]:
            notices.repaired("A subtitle without its last block", f"block {number}")
            yield opened
            opened = None
        opened = opened or _Subtitle(number, block, bytearray())
        opened.field += block[16:].rstrip(bytes([stl_codes.UNUSED]))
        if extension == stl_codes.LAST_BLOCK:
            yield opened
            opened = None
    if opened is not None:
        notices.repaired("A subtitle without its last block", f"block {number}")
        yield opened


def _caption(
    subtitle: _Subtitle, general: _General, notices: ReadingNotices
) -> tuple[int, RawCaption] | None:
    """Return a subtitle's cumulative status and the caption; None where it has no time or text."""
    block, place = subtitle.block, f"block {subtitle.number}"
    lost: list[int] = []
    runs, lines = read_text_field(bytes(subtitle.field), general.table, lost)
    if lost:
        notices.repaired("Codes that the character table lacks, shown as U+FFFD", place, len(lost))
    if not any(run.text.strip() for run in runs):
        return None
    first, last = (_frame(block[at : at + 4], general.clock) for at in (5, 9))
    if first is None:
        notices.unusable("A time code that is none, so its text cannot be shown", place)
        return None
    if last is None:
        notices.repaired("A time code of an end that is none: shown until the next one", place)
    height = 2 if stl_codes.DOUBLE_HEIGHT in subtitle.field else 1
    clock = general.clock
    caption = RawCaption(
        clock.ms_at(first),
        None if last is None else clock.ms_at(last),
        runs,
        placement=_placement(block[13], block[14], lines * height, general.rows),
    )
    return block[4], caption


def _frame(code: bytes, clock: FrameClock) -> int | None:
    """Return the frame of a time code; None where it is none."""
    hours, minutes, seconds, frames = code
    if hours >= 24 or minutes >= 60 or seconds >= 60 or frames >= clock.nominal_hz:
        return None
    return clock.frame_of(TimeCode(hours, minutes, seconds, frames))


def _placement(
    first_row: int, justification: int, rows: int, rows_of_picture: int
) -> Placement | None:
    top = (max(1, first_row) - 1) / rows_of_picture
    bottom = top + rows / rows_of_picture
    column = {_LEFT: 1, _RIGHT: 3}.get(justification, 2)
    if bottom >= _BOTTOM_FROM:
        return placed(Placement(column))
    if top <= _TOP_UNTIL:
        return Placement(column + 6)
    return Placement(column + 6, y=round(top, 4))


def _joined(found: list[tuple[int, RawCaption]]) -> list[RawCaption]:
    """Return captions, of a cumulative set one with a time for each of its parts."""
    captions: list[RawCaption] = []
    for status, caption in found:
        if status not in (_CUMULATIVE_NEXT, _CUMULATIVE_LAST) or not captions:
            captions.append(caption)
            continue
        before = captions[-1]
        runs = tuple(replace(run, start_ms=caption.start_ms) for run in caption.runs)
        captions[-1] = replace(
            before,
            end_ms=caption.end_ms,
            runs=(*before.runs, TextRun("\n"), *runs),
        )
    return captions
