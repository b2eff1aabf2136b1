"""Screen of a CEA-608 decoder, and the captions that it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from app.domain import line21_codes as codes
from app.domain.style import PLAIN, InlineStyle, Placement, placed
from app.services.captions.markup import literal_markup
from app.services.captions.raw_captions import RawCaption, TextRun

Mode = Literal["pop-on", "roll-up", "paint-on", "text"]

_MODES: dict[int, Mode] = {
    codes.RESUME_LOADING: "pop-on",
    codes.ROLL_UP_2: "roll-up",
    codes.ROLL_UP_3: "roll-up",
    codes.ROLL_UP_4: "roll-up",
    codes.RESUME_DIRECT: "paint-on",
    codes.TEXT_RESTART: "text",
    codes.RESUME_TEXT: "text",
}
_MID_ROW = range(0x1120, 0x1130)
_TABS = range(codes.TAB + 1, codes.TAB + 4)
_BOTTOM_FROM, _TOP_UNTIL = 12, 4
"""Rows from which, and up to which, captions stand where they usually do."""

_MIDDLE = 4
"""Columns by which a row's middle may miss the picture's and be centred all the same."""


@dataclass(frozen=True, slots=True)
class _Cell:
    char: str
    style: InlineStyle


@dataclass(slots=True)
class _Memory:
    """Rows of cells by column."""

    rows: dict[int, dict[int, _Cell]] = field(default_factory=dict)

    def put(self, row: int, column: int, cell: _Cell) -> None:
        self.rows.setdefault(row, {})[min(column, codes.COLUMNS - 1)] = cell

    def has_text(self) -> bool:
        return any(cell.char.strip() for row in self.rows.values() for cell in row.values())


class Line21Screen:
    """Follows the commands of one channel.

    Roll-up captions become one caption a row, so that no text comes twice.

    Source: ANSI/CTA-608-E, annex B; 47 CFR 15.119(f).
    """

    def __init__(self) -> None:
        self._mode: Mode = "pop-on"
        self._hidden, self._shown = _Memory(), _Memory()
        self._row, self._column, self._style = codes.ROWS, 0, PLAIN
        self._since: tuple[int, int] | None = None
        self._found: list[RawCaption] = []

    def captions(self) -> Iterator[RawCaption]:
        """Yield what was shown; the last has no end where nothing takes it away."""
        self._end(None)
        yield from self._found

    def text(self, word: int, at_ms: int, line: int) -> None:
        """Show two characters of the basic set; a zero is none."""
        for code in (word >> 8, word & 0xFF):
            if code in codes.BASIC:
                self._put(codes.BASIC[code], at_ms, line)

    def control(self, word: int, at_ms: int, line: int) -> None:
        """Follow a command, an address or a character beyond the basic set."""
        if word in codes.SPECIAL:
            self._put(codes.SPECIAL[word].replace("\u00a0", " "), at_ms, line)
        elif word in codes.EXTENDED:
            self._backspace()
            self._put(codes.EXTENDED[word], at_ms, line)
        elif word in _MID_ROW:
            self._style = _style(word >> 1 & 7, underline=bool(word & 1), before=self._style)
            self._put(" ", at_ms, line)
        elif word in _TABS:
            self._column = min(self._column + word - codes.TAB, codes.COLUMNS - 1)
        elif (preamble := codes.preamble_of(word)) is not None:
            self._address(preamble, at_ms)
        else:
            self._command(word, at_ms, line)

    def _command(self, word: int, at_ms: int, line: int) -> None:
        if word in _MODES:
            self._enter(_MODES[word], at_ms)
        elif word == codes.BACKSPACE:
            self._backspace()
        elif word == codes.DELETE_TO_END:
            row = self._memory.rows.get(self._row, {})
            for column in [each for each in row if each >= self._column]:
                del row[column]
        elif word == codes.ERASE_DISPLAYED:
            self._end(at_ms)
            self._shown = _Memory()
        elif word == codes.ERASE_NON_DISPLAYED:
            self._hidden = _Memory()
        elif word == codes.END_OF_CAPTION:
            self._end(at_ms)
            self._shown, self._hidden = self._hidden, self._shown
            self._mode = "pop-on"
            self._since = (at_ms, line)
        elif word == codes.CARRIAGE_RETURN and self._mode == "roll-up":
            self._end(at_ms)
            self._shown = _Memory()
            self._column, self._style = 0, PLAIN

    def _enter(self, mode: Mode, at_ms: int) -> None:
        if mode == "roll-up" and self._mode != "roll-up":
            self._end(at_ms)
            self._shown = _Memory()
            self._row = codes.ROWS
        self._mode = mode

    @property
    def _memory(self) -> _Memory:
        return self._hidden if self._mode == "pop-on" else self._shown

    def _address(self, preamble: codes.Preamble, at_ms: int) -> None:
        if self._mode == "roll-up" and preamble.row != self._row and self._shown.has_text():
            self._end(at_ms)
            self._shown = _Memory()
        self._row, self._column = preamble.row, preamble.column
        self._style = _style(preamble.colour, underline=preamble.underline)

    def _put(self, char: str, at_ms: int, line: int) -> None:
        if self._mode == "text":
            return
        if self._mode != "pop-on" and self._since is None:
            self._since = (at_ms, line)
        self._memory.put(self._row, self._column, _Cell(char, self._style))
        self._column = min(self._column + 1, codes.COLUMNS)

    def _backspace(self) -> None:
        self._column = max(0, self._column - 1)
        self._memory.rows.get(self._row, {}).pop(self._column, None)

    def _end(self, at_ms: int | None) -> None:
        """Take what is shown as a caption that ends now."""
        if self._since is not None and self._shown.has_text():
            start_ms, line = self._since
            self._found.append(_caption(self._shown, start_ms, at_ms, line))
        self._since = None


def _style(colour: int, *, underline: bool, before: InlineStyle = PLAIN) -> InlineStyle:
    """Return the style of a preamble or a mid-row code; italics keep the colour so far."""
    if colour == codes.ITALICS:
        return InlineStyle(italic=True, underline=underline, colour=before.colour)
    named = codes.COLOURS[colour] if colour else None
    return InlineStyle(underline=underline, colour=named)


def _caption(memory: _Memory, start_ms: int, end_ms: int | None, line: int) -> RawCaption:
    rows = {
        number: row
        for number, row in sorted(memory.rows.items())
        if any(cell.char.strip() for cell in row.values())
    }
    runs: list[TextRun] = []
    for row in rows.values():
        runs += [TextRun("\n")] if runs else []
        runs += _runs(row)
    placement = _placement(list(rows.items()))
    return RawCaption(start_ms, end_ms, tuple(runs), line=line, placement=placement)


def _runs(row: dict[int, _Cell]) -> Iterator[TextRun]:
    text, style = "", PLAIN
    for column in range(min(row), max(row) + 1):
        cell = row.get(column, _Cell(" ", style))
        if cell.style != style and cell.char != " ":
            if text:
                yield TextRun(literal_markup(text), style=style)
            text, style = "", cell.style
        text += cell.char
    yield TextRun(literal_markup(text), style=style)


def _placement(rows: list[tuple[int, dict[int, _Cell]]]) -> Placement | None:
    first, last = rows[0][0], rows[-1][0]
    spans = [_ink_span(row) for _, row in rows]
    lefts, rights = {left for left, _ in spans}, {right for _, right in spans}
    middle = all(abs(left + right - codes.COLUMNS + 1) <= _MIDDLE for left, right in spans)
    column = 2
    if not middle and lefts == {0}:
        column = 1
    elif not middle and rights == {codes.COLUMNS - 1}:
        column = 3
    if last >= _BOTTOM_FROM:
        return placed(Placement(column))
    if first <= _TOP_UNTIL:
        return Placement(column + 6)
    return Placement(column + 6, y=round((first - 1) / codes.ROWS, 4))


def _ink_span(row: dict[int, _Cell]) -> tuple[int, int]:
    ink = [column for column, cell in row.items() if cell.char.strip()]
    return min(ink), max(ink)
