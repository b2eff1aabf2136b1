"""Scenarist closed captions (.scc): CEA-608 byte pairs by time code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain import line21_codes as codes
from app.domain.frame_clock import NTSC_DROP, NTSC_NON_DROP, FrameClock, TimeCode
from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.raw_captions import RawCaption, RawTrack
from app.services.captions.readers.caption_blocks import split_lines
from app.services.captions.readers.caption_times import log_order, repaired_times
from app.services.captions.readers.line21_screen import Line21Screen
from app.services.captions.readers.programme_start import since_start, usual_start_ms
from app.services.captions.reading_notices import ReadingNotices

_HEAD = re.compile(r"Scenarist_SCC", re.IGNORECASE)
_LINE = re.compile(
    r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})([:;.,])([0-9]{1,2})[ \t]++(\S[^\r\n]*+)"
)
_SNIFFED = re.compile(
    r"[0-9]{2}:[0-9]{2}:[0-9]{2}[:;.,][0-9]{2}"
    r"[ \t]++[0-9A-Fa-f]{4}(?:[ \t]++[0-9A-Fa-f]{4})++[ \t]*+"
)
_WORD = re.compile(r"[0-9A-Fa-f]{4}")
_LINES_SNIFFED = 50
_FIRST_CONTROL, _LAST_CONTROL = 0x10, 0x1F
_CHANNEL_2 = 0x0800
_FIELD_2 = 0x0100
_COMMAND_OF_FIELD_2 = (0x1500, 0x152F)


def looks_like_scc(head: str) -> bool:
    """Whether a text begins like such a file, or has lines of a time code and words of hex."""
    lines = (line.strip() for line in split_lines(head)[:_LINES_SNIFFED])
    return _HEAD.match(head) is not None or any(map(_SNIFFED.fullmatch, lines))


@dataclass(frozen=True, slots=True)
class _Sent:
    """Words of two bytes that are sent one a frame.

    Attributes:
        frame: of the first.
        clock: of its time code.
        line: of the file.
        words: without parity.
    """

    frame: int
    clock: FrameClock
    line: int
    words: tuple[int, ...]


def read_scc(text: str) -> RawTrack:
    """Read pop-on, paint-on and roll-up captions of the first channel that has any.

    A word with the wrong parity is read all the same. Commands come twice and count once.

    Source: ANSI/CTA-608-E, sections 8 and 9 and annex B; the file format as McPoodle describes it,
    http://www.theneitherworld.com/mcpoodle/SCC_TOOLS/DOCS/SCC_FORMAT.HTML
    """
    notices, log = ReadingNotices(), FaultLog()
    screens = (Line21Screen(), Line21Screen())
    channel, before = 0, -1
    clock = NTSC_DROP
    for sent in _sent(text, notices, log):
        clock = sent.clock
        for place, word in enumerate(sent.words):
            at_ms = sent.clock.ms_at(sent.frame + place)
            if not word:
                continue
            if not _FIRST_CONTROL <= word >> 8 <= _LAST_CONTROL:
                screens[channel].text(word, at_ms, sent.line)
                before = -1
                continue
            if word == before:
                before = -1
                continue
            before = word
            channel = 1 if word & _CHANNEL_2 else 0
            screens[channel].control(_plain_command(word), at_ms, sent.line)
    captions = _of_one_channel(screens, notices)
    captions = since_start(captions, usual_start_ms(captions, clock), notices)
    captions = repaired_times(captions, log)
    log_order(captions, log, frozenset())
    return RawTrack(tuple(captions), notices=notices.notices(), faults=log.summary())


def _of_one_channel(
    screens: tuple[Line21Screen, Line21Screen], notices: ReadingNotices
) -> list[RawCaption]:
    """Return the captions of the first channel that has any."""
    first, second = (list(screen.captions()) for screen in screens)
    if first and second:
        notices.left_out("Captions of the second channel", count=len(second))
    return first or second


def _plain_command(word: int) -> int:
    """Return a command of any channel or field as one of channel 1."""
    word &= ~_CHANNEL_2
    low, high = _COMMAND_OF_FIELD_2
    return word - _FIELD_2 if low + 0x20 <= word <= high else word


def _sent(text: str, notices: ReadingNotices, log: FaultLog) -> Iterator[_Sent]:
    for number, line in enumerate(split_lines(text), start=1):
        bare = line.strip("\ufeff\0 \t\x1a")
        match = _LINE.fullmatch(bare)
        if match is None:
            if bare and not _HEAD.match(bare):
                log.add(FaultKind.NO_TIME, number, bare)
            continue
        hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
        clock = NTSC_NON_DROP if match[4] == ":" else NTSC_DROP
        if minutes >= 60 or seconds >= 60 or frames >= clock.nominal_hz:
            log.add(FaultKind.NO_TIME, number, bare)
            continue
        frame = clock.frame_of(TimeCode(hours, minutes, seconds, frames))
        yield _Sent(frame, clock, number, tuple(_words(match[6], number, notices)))


def _words(text: str, line: int, notices: ReadingNotices) -> Iterator[int]:
    for part in text.split():
        if not _WORD.fullmatch(part):
            notices.repaired("Words that are no four hexadecimal digits, left out", f"line {line}")
            yield 0
            continue
        word = int(part, 16)
        if not (codes.has_parity(word >> 8) and codes.has_parity(word & 0xFF)):
            notices.repaired("Words with the wrong parity, read all the same", f"line {line}")
        yield word & 0x7F7F
