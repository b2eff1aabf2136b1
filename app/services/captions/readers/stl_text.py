"""Text fields of EBU STL: characters among teletext's and open subtitles' controls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.domain import stl_codes
from app.domain.style import PLAIN, InlineStyle
from app.services.captions.markup import literal_markup
from app.services.captions.raw_captions import TextRun

_FIRST_PRINTABLE, _LAST_ASCII, _FIRST_UPPER = 0x20, 0x7F, 0xA0
_MARKS = {
    stl_codes.ITALIC_ON: ("italic", True),
    stl_codes.ITALIC_OFF: ("italic", False),
    stl_codes.UNDERLINE_ON: ("underline", True),
    stl_codes.UNDERLINE_OFF: ("underline", False),
}
_REPLACEMENT = "\ufffd"


@dataclass(slots=True)
class _Field:
    """A text field while it is read."""

    table: str
    runs: list[TextRun]
    codes: bytearray
    style: InlineStyle = PLAIN
    lost: int = 0

    def flush(self) -> None:
        """Add the characters so far as a run of one style."""
        if self.codes:
            text = stl_codes.decode(bytes(self.codes), self.table)
            self.lost += text.count(_REPLACEMENT)
            self.runs.append(TextRun(literal_markup(text), style=self.style))
            self.codes.clear()

    def change(self, **marks: bool | str | None) -> None:
        """Go on in another style."""
        self.flush()
        self.style = replace(self.style, **marks)  # type: ignore[arg-type]

    def end_line(self) -> None:
        """Begin a line; teletext's colours hold for a row."""
        self.change(colour=None)
        self.runs.append(TextRun("\n"))


def read_text_field(data: bytes, table: str, lost: list[int]) -> tuple[tuple[TextRun, ...], int]:
    """Return the runs of a text field, and how many lines they are.

    A control of teletext takes the place of a space. Colours but white are styles, since white is
    what text has anyway.

    Args:
        data: of all blocks of a subtitle.
        table: character code table.
        lost: takes an item for each code that the table lacks.
    """
    field = _Field(table, [], bytearray())
    for code, follows_break in _codes(data):
        if code == stl_codes.NEW_LINE:
            if not follows_break:
                field.end_line()
        elif code in _MARKS:
            name, is_on = _MARKS[code]
            field.change(**{name: is_on})
        elif code < len(stl_codes.COLOURS):
            field.codes.append(_FIRST_PRINTABLE)
            field.change(colour=None if code == stl_codes.WHITE else stl_codes.COLOURS[code])
        elif code < _FIRST_PRINTABLE:
            field.codes.append(_FIRST_PRINTABLE)
        elif code <= _LAST_ASCII or code >= _FIRST_UPPER:
            field.codes.append(code)
    field.flush()
    lost += [1] * field.lost
    return tuple(field.runs), 1 + sum(run.text == "\n" for run in field.runs)


def _codes(data: bytes) -> Iterator[tuple[int, bool]]:
    """Yield the codes, and whether a line break alone precedes each."""
    before = -1
    for code in data.strip(bytes([stl_codes.UNUSED, stl_codes.NEW_LINE])):
        if code != stl_codes.UNUSED:
            yield code, before == stl_codes.NEW_LINE
            before = code
