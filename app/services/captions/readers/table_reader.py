"""Captions in a table: tab-separated (.tsv) or comma-separated values (.csv)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from app.domain.errors import InvalidCaptionsError
from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.markup import literal_markup
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.caption_times import log_order, repaired_times, with_ends
from app.services.captions.readers.loose_clock import loose_clock
from app.services.captions.readers.timestamps import number_ms
from app.services.captions.reading_notices import ReadingNotices

_DELIMITERS = "\t,;"
_NAMES: Mapping[str, frozenset[str]] = {
    "start": frozenset({"start", "begin", "from", "in", "start time", "time in", "tc in"}),
    "end": frozenset({"end", "stop", "to", "out", "end time", "time out", "tc out"}),
    "text": frozenset({"text", "subtitle", "caption", "content", "transcript", "sentence"}),
    "speaker": frozenset({"speaker", "name", "actor", "character"}),
    "translation": frozenset({"translation", "translated text"}),
}
_PLAIN_HEADS = frozenset({"start\tend\ttext", "start_ms,end_ms,speaker,text,translation"})
"""Of Whisper's tables and this server's. Those that people export from subtitle editors have their
markup."""

_UNIT = re.compile(r"[ (\[]*(ms|milliseconds|msec|s|sec|seconds)[)\]]*", re.IGNORECASE)
_BARE_ROW = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?\t[0-9]{1,9}(?:\.[0-9]{1,6})?\t[^\t\n]++")
_SECOND_MS = 1000
_ROWS_SNIFFED = 20


class _PlainTabs(csv.excel_tab):
    quoting = csv.QUOTE_NONE


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a table has what.

    Attributes:
        places: of the columns, by what they hold.
        unit_ms: milliseconds of a number.
        named_unit: whether the head names the unit.
        is_plain: whether texts have no markup, as in the tables that transcribers write.
    """

    places: Mapping[str, int]
    unit_ms: int = 1
    named_unit: bool = False
    is_plain: bool = False


def looks_like_table(head: str) -> bool:
    """Whether a text's first line names columns of captions, or its rows are of two times each."""
    head = _with_line_feeds(head)
    if _columns(head.partition("\n")[0]) is not None:
        return True
    lines = [line for line in head.split("\n") if line.strip()][:_ROWS_SNIFFED]
    return bool(lines) and all(map(_BARE_ROW.fullmatch, lines[:-1] or lines))


def read_table(text: str) -> RawTrack:
    """Read a table with a head, or the rows of Audacity's labels: start, end, text.

    Times are clocks, seconds with a fraction, or whole milliseconds as Whisper writes them, unless
    the head names a unit.

    Source: RFC 4180, section 2; OpenAI's Whisper, ``whisper/utils.py`` (``WriteTSV``).

    Raises:
        InvalidCaptionsError: a field is longer than any caption.
    """
    log, notices = FaultLog(), ReadingNotices()
    text = _with_line_feeds(text).lstrip("\ufeff \t\n\0")
    first = text.partition("\n")[0]
    head = _columns(first)
    delimiter = "\t" if head is None else _delimiter(first)
    columns = head or _Columns({"start": 0, "end": 1, "text": 2})
    # Tab-separated values have no quotes. Source: IANA, text/tab-separated-values.
    dialect = _PlainTabs if delimiter == "\t" else csv.excel
    try:
        rows = list(csv.reader(StringIO(text), dialect, delimiter=delimiter))
    except csv.Error as error:
        raise InvalidCaptionsError(f"The table cannot be read: {error}") from None
    rows = rows[1:] if head else rows
    captions = list(_captions(rows, _with_unit(columns, rows), log, notices))
    if captions and all(caption.end_ms is None for caption in captions):
        captions = with_ends(captions, log)
    captions = repaired_times(captions, log)
    log_order(captions, log, frozenset())
    return RawTrack(tuple(captions), notices=notices.notices(), faults=log.summary())


def _with_line_feeds(text: str) -> str:
    """Return a text whose lines end in line feeds, whatever ended them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(first: str) -> str:
    return max(_DELIMITERS, key=first.count)


def _columns(first: str) -> _Columns | None:
    """Return the columns that a table's first line names; None where it is no head."""
    delimiter = _delimiter(first)
    if delimiter not in first:
        return None
    places: dict[str, int] = {}
    unit_ms, named = 1, False
    for place, cell in enumerate(first.split(delimiter)):
        name, unit = _named(cell)
        kind = next((kind for kind, names in _NAMES.items() if name in names), None)
        if kind is not None and kind not in places:
            places[kind] = place
            if kind == "start" and unit:
                unit_ms, named = 1 if unit.startswith("m") else _SECOND_MS, True
    plain = first.rstrip() in _PLAIN_HEADS
    return _Columns(places, unit_ms, named, plain) if {"start", "text"} <= places.keys() else None


def _named(cell: str) -> tuple[str, str]:
    """Return a column's name without its unit, and the unit."""
    words = cell.strip(' \r"').lower().replace("_", " ").replace("(", " ").replace("[", " ").split()
    if len(words) > 1 and (match := _UNIT.fullmatch(words[-1])):
        return " ".join(words[:-1]), match[1].lower()
    return " ".join(words), ""


def _with_unit(columns: _Columns, rows: Sequence[Sequence[str]]) -> _Columns:
    """Return columns whose numbers count seconds where one has a fraction and no unit is named."""
    places = [columns.places[kind] for kind in ("start", "end") if kind in columns.places]
    cells = (row[place] for row in rows for place in places if place < len(row))
    has_fraction = any(":" not in cell and ("." in cell or "," in cell) for cell in cells)
    in_seconds = has_fraction and not columns.named_unit
    return replace(columns, unit_ms=_SECOND_MS) if in_seconds else columns


def _captions(
    rows: Sequence[Sequence[str]], columns: _Columns, log: FaultLog, notices: ReadingNotices
) -> Iterator[RawCaption]:
    for number, row in enumerate(rows, start=1):
        cells = {kind: row[at].strip() for kind, at in columns.places.items() if at < len(row)}
        text = cells.get("text", "")
        start_ms = _time_ms(cells.get("start", ""), columns)
        if start_ms is None:
            if any(cell.strip() for cell in row):
                log.add_at(FaultKind.NO_FIELDS, f"row {number}", text)
            continue
        if cells.get("translation"):
            notices.left_out("Translations beside the text, which is read", f"row {number}")
        end_ms = _time_ms(cells.get("end", ""), columns)
        runs = (TextRun(literal_markup(text) if columns.is_plain else text),)
        yield RawCaption(start_ms, end_ms, runs, speaker=cells.get("speaker") or None)


def _time_ms(cell: str, columns: _Columns) -> int | None:
    if ":" in cell:
        clock = loose_clock(cell)
        return None if clock is None else clock.ms
    return number_ms(cell.replace(",", "."), columns.unit_ms) if cell else None
