"""Caption formats with a caption a line: MicroDVD, MPL2, TMPlayer, LRC."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.errors import InvalidCaptionsError
from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.caption_blocks import split_lines
from app.services.captions.readers.caption_times import log_order, repaired_times, with_ends
from app.services.captions.readers.loose_clock import loose_clock

_MICRODVD = re.compile(r"\{ ?([0-9]{1,9}) ?\}\{ ?([0-9]{0,9}) ?\}(.*)")
_MPL2 = re.compile(r"\[ ?([0-9]{1,9}) ?\]\[ ?([0-9]{0,9}) ?\](.*)")
_TMPLAYER = re.compile(
    r"[(\[]?((?:[0-9]{1,2}:)?[0-9]{1,2}:[0-9]{2}(?:[.,][0-9]{1,3})?)"
    r"(?:(?<=:[0-9]{2})[:=]|[)\]]? (?=[^\s0-9>-])|[)\]] ?)(.*)"
)
_LRC = re.compile(r"((?:\[[0-9]{1,3}:[0-9]{1,2}(?:[.:][0-9]{1,3}(?:\.0)?)?\] ?)++)(.*)")
_LRC_TIME = re.compile(r"\[([0-9:.]+)\]")
_LRC_THIRD = re.compile(r"\[[0-9]{1,3}:[0-9]{1,2}:([0-9]{1,3})\]")
_LRC_HOURS = re.compile(r"\[([0-9]{1,3}:[0-9]{1,2}:[0-9]{1,2})\]")
_LRC_WORD = re.compile(r"<([0-9]{1,3}:[0-9]{1,2}(?:[.:][0-9]{1,3})?)>")
_LRC_TAG = re.compile(r"\[([A-Za-z#]{1,10}):([^\[\]]*+)\]")
_FRAME_RATE = re.compile(r"\s*([0-9]{1,3}(?:[.,][0-9]{1,6})?)\s*")
_STYLE_OF_LINE = re.compile(r"\{[A-Za-z]:[^{}]*\}")
_SHARE = 2
"""A file is in a format where one of so many of its first lines is."""

_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class _Row:
    """A caption's line: its times in the format's unit, and its text."""

    line: int
    start: float
    end: float | None
    text: str
    runs: tuple[TextRun, ...] = ()


def looks_like_microdvd(head: str) -> bool:
    """Whether most lines begin with two frame numbers in braces."""
    return _share(head, _MICRODVD)


def looks_like_mpl2(head: str) -> bool:
    """Whether most lines begin with two numbers in brackets."""
    return _share(head, _MPL2)


def looks_like_tmplayer(head: str) -> bool:
    """Whether most lines begin with a time, in brackets or with a colon, and they are in order."""
    found = (_TMPLAYER.fullmatch(line.strip()) for line in split_lines(head))
    clocks = [clock.ms for match in found if match and (clock := loose_clock(match[1]))]
    return _share(head, _TMPLAYER) and clocks == sorted(clocks)


def looks_like_lrc(head: str) -> bool:
    """Whether most lines begin with times in brackets, or with a tag such as ``[ar:...]``."""
    return _share(head, _LRC, _LRC_TAG)


def read_microdvd(text: str) -> RawTrack:
    """Read MicroDVD, whose times count frames.

    Source: pysubs2's reader and VLC's: ``{1}{1}23.976`` on the first line names the frame rate.
    Nothing else in the file does, and a wrong rate makes every time wrong.

    Raises:
        InvalidCaptionsError: the file names no frame rate.
    """
    rows, log = _rows(text, _MICRODVD, _numbers)
    match = _FRAME_RATE.fullmatch(_STYLE_OF_LINE.sub("", rows[0].text)) if rows else None
    rate_hz = float(match[1].replace(",", ".")) if match else 0.0
    if rows and rate_hz <= 1:
        raise InvalidCaptionsError(
            "MicroDVD captions count frames and these name no frame rate; "
            "it belongs on the first line, such as {1}{1}23.976"
        )
    return _track(rows[1:], 1000 / rate_hz if rate_hz else 1, log)


def read_mpl2(text: str) -> RawTrack:
    """Read MPL2, whose times count tenths of a second; a line that begins with ``/`` is italic.

    Source: http://otsaloma.io/gaupol/doc/api/aeidon.files.mpl2_source.html
    """
    rows, log = _rows(text, _MPL2, _numbers)
    return _track([replace(row, text=_italic(row.text)) for row in rows], 100, log)


def read_tmplayer(text: str) -> RawTrack:
    """Read TMPlayer: ``hh:mm:ss:text``, without ends."""
    rows, log = _rows(text, _TMPLAYER, _start_alone)
    return _track(rows, 1, log, without_ends=True)


def read_lrc(text: str) -> RawTrack:
    """Read LRC: ``[mm:ss.xx]text``, without ends; a text may have several times.

    Source: the format's description at https://en.wikipedia.org/wiki/LRC_(file_format): the tag
    ``offset`` is subtracted, in ms; ``<mm:ss.xx>`` within a text times the words after it. A third
    number after a colon counts seconds, unless one of them is too large for that.
    """
    fractions = any(int(last) >= 60 for last in _LRC_THIRD.findall(text))
    if not fractions:
        text = _LRC_HOURS.sub(r"[\1.0]", text)
    rows, log = _rows(text, _LRC, _repeated, ignored=_LRC_TAG)
    offset_ms = _lrc_offset_ms(text)
    shifted = [
        replace(row, start=max(0, row.start - offset_ms), runs=tuple(_sung(row.text, offset_ms)))
        for row in rows
    ]
    return _track(sorted(shifted, key=lambda row: row.start), 1, log, without_ends=True)


def _share(head: str, pattern: re.Pattern[str], beside: re.Pattern[str] | None = None) -> bool:
    """Whether a file's first lines are in a format.

    Args:
        head: of the file.
        pattern: of a caption.
        beside: of lines that are no captions.
    """
    lines = [line.strip() for line in split_lines(head) if line.strip()][:_MOST_LINES]
    captions = sum(pattern.fullmatch(line) is not None for line in lines)
    others = sum(beside.fullmatch(line) is not None for line in lines) if beside else 0
    return captions > 0 and (captions + others) * _SHARE >= len(lines)


def _rows(
    text: str,
    pattern: re.Pattern[str],
    read: Callable[[re.Match[str], int], Iterator[_Row]],
    ignored: re.Pattern[str] | None = None,
) -> tuple[list[_Row], FaultLog]:
    """Return the captions of a file.

    A line without a time goes on with the caption right above it, as paragraphs of transcripts do;
    elsewhere it belongs to none and is logged.
    """
    log = FaultLog()
    rows: list[_Row] = []
    above: list[_Row] = []
    for number, line in enumerate(split_lines(text), start=1):
        bare = line.strip("\ufeff\0 \t\x1a")
        match = pattern.fullmatch(bare)
        if match is not None:
            above = list(read(match, number))
            rows += above
        elif not bare or (ignored is not None and ignored.fullmatch(bare)):
            above = []
        elif above:
            above = [replace(row, text=f"{row.text}\n{bare}") for row in above]
            rows[-len(above) :] = above
            log.add(FaultKind.CONTINUED, number, bare)
        else:
            log.add(FaultKind.NO_TIME, number, bare)
    return rows, log


def _numbers(match: re.Match[str], number: int) -> Iterator[_Row]:
    yield _Row(number, int(match[1]), int(match[2]) if match[2] else None, match[3])


def _start_alone(match: re.Match[str], number: int) -> Iterator[_Row]:
    clock = loose_clock(match[1])
    if clock is not None:
        yield _Row(number, clock.ms, None, match[2])


def _repeated(match: re.Match[str], number: int) -> Iterator[_Row]:
    for stamp in _LRC_TIME.findall(match[1]):
        clock = loose_clock(_decimal(stamp))
        if clock is not None:
            yield _Row(number, clock.ms, None, match[2])


def _decimal(stamp: str) -> str:
    """Return ``mm:ss:xx`` as ``mm:ss.xx``."""
    head, colon, fraction = stamp.rpartition(":")
    return f"{head}.{fraction}" if colon and ":" in head else stamp


def _lrc_offset_ms(text: str) -> int:
    for line in split_lines(text)[:_MOST_LINES]:
        match = _LRC_TAG.fullmatch(line.strip())
        if match and match[1].lower() == "offset":
            value = match[2].strip().lstrip("+")
            return int(value) if value.lstrip("-").isdecimal() and len(value) < 9 else 0
    return 0


def _track(
    rows: Sequence[_Row], unit_ms: float, log: FaultLog, *, without_ends: bool = False
) -> RawTrack:
    captions = [
        RawCaption(
            round(row.start * unit_ms),
            None if row.end is None else round(row.end * unit_ms),
            row.runs or (TextRun(row.text.replace("|", "\n")),),
            line=row.line,
        )
        for row in rows
    ]
    if without_ends:
        captions = with_ends(captions, log)
    captions = repaired_times(captions, log)
    log_order(captions, log, frozenset())
    return RawTrack(tuple(captions), faults=log.summary())


def _sung(text: str, offset_ms: int) -> Iterator[TextRun]:
    """Yield an LRC text by the times within it."""
    first, *others = _LRC_WORD.split(text)
    yield TextRun(first)
    for stamp, words in zip(others[::2], others[1::2], strict=True):
        clock = loose_clock(_decimal(stamp))
        yield TextRun(words, None if clock is None else max(0, clock.ms - offset_ms))


def _italic(text: str) -> str:
    """Return an MPL2 text with tags around the lines that begin with a slash."""
    lines = (line.strip() for line in text.split("|"))
    return "|".join(f"<i>{line[1:].strip()}</i>" if line[:1] == "/" else line for line in lines)
