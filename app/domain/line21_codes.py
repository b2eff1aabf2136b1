"""Codes of CEA-608 captions (line 21): characters, addresses of rows, commands.

Source: ANSI/CTA-608-E, sections 8 (character sets) and annex B (modes of captioning); 47 CFR
15.119, paragraphs (d) to (g).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROWS = 15
COLUMNS = 32

RESUME_LOADING, BACKSPACE, DELETE_TO_END = 0x1420, 0x1421, 0x1424
ROLL_UP_2, ROLL_UP_3, ROLL_UP_4 = 0x1425, 0x1426, 0x1427
RESUME_DIRECT, TEXT_RESTART, RESUME_TEXT = 0x1429, 0x142A, 0x142B
ERASE_DISPLAYED, CARRIAGE_RETURN = 0x142C, 0x142D
ERASE_NON_DISPLAYED, END_OF_CAPTION = 0x142E, 0x142F
TAB = 0x1720
"""With the number of columns, 1 to 3, added."""

_DIFFERENT = {
    0x2A: "á", 0x5C: "é", 0x5E: "í", 0x5F: "ó", 0x60: "ú", 0x7B: "ç", 0x7C: "÷",
    0x7D: "Ñ", 0x7E: "ñ", 0x7F: "█",
}  # fmt: skip
"""Where the basic set is not ASCII."""

_SPECIAL = "®°½¿™¢£♪à\u00a0èâêîôû"
"""11h 30h to 3Fh; the tenth is the transparent space."""

_EXTENDED_12 = "ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»"
_EXTENDED_13 = "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤¦ÅåØø┌┐└┘"
"""12h and 13h, from 20h on; each replaces the character before it."""

BASIC: Mapping[int, str] = {code: _DIFFERENT.get(code, chr(code)) for code in range(0x20, 0x80)}
SPECIAL: Mapping[int, str] = {0x1130 + place: char for place, char in enumerate(_SPECIAL)}
EXTENDED: Mapping[int, str] = {
    **{0x1220 + place: char for place, char in enumerate(_EXTENDED_12)},
    **{0x1320 + place: char for place, char in enumerate(_EXTENDED_13)},
}

COLOURS = ("#ffffff", "#00ff00", "#0000ff", "#00ffff", "#ff0000", "#ffff00", "#ff00ff")
"""By the number in preambles and mid-row codes. The eighth is white in italics."""

ITALICS = 7

_ROW_CODES = (
    0x1140, 0x1160, 0x1240, 0x1260, 0x1540, 0x1560, 0x1640, 0x1660,
    0x1740, 0x1760, 0x1040, 0x1340, 0x1360, 0x1440, 0x1460,
)  # fmt: skip
_INDENT_BIT = 0x10
_ROW_BITS = 0x7F60


@dataclass(frozen=True, slots=True)
class Preamble:
    """A preamble address code: where a row of text begins, and how it looks.

    Attributes:
        row: 1 to 15, from the top.
        column: 0 to 28 in steps of 4.
        colour: number in ``COLOURS``; 7 for italics in white.
    """

    row: int
    column: int = 0
    colour: int = 0
    underline: bool = False

    @property
    def code(self) -> int:
        """As two bytes without parity; an indented row is white."""
        looks = _INDENT_BIT | self.column // 4 << 1 if self.column else self.colour << 1
        return _ROW_CODES[self.row - 1] | looks | self.underline


def preamble_of(code: int) -> Preamble | None:
    """Return a code of channel 1 as a preamble; None where it is none."""
    if not 0x1040 <= code <= 0x177F or not code & 0x40:
        return None
    row_code = code & _ROW_BITS
    if code & 0x7F00 == 0x1000:
        row_code = 0x1040
    if row_code not in _ROW_CODES:
        return None
    row, looks, underline = _ROW_CODES.index(row_code) + 1, code >> 1 & 7, bool(code & 1)
    if code & _INDENT_BIT:
        return Preamble(row, 4 * looks, 0, underline)
    return Preamble(row, 0, looks, underline)


def mid_row(colour: int, *, underline: bool = False) -> int:
    """Return the code that changes colour or slant within a row; it takes one column."""
    return 0x1120 | colour << 1 | underline


def with_parity(code: int) -> int:
    """Return two bytes of seven bits with their odd parity."""
    return sum((byte | _parity_bit(byte)) << shift for byte, shift in _bytes_of(code))


def _bytes_of(code: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (code >> 8 & 0x7F, 8), (code & 0x7F, 0)


def _parity_bit(byte: int) -> int:
    return 0 if byte.bit_count() % 2 else 0x80


def has_parity(byte: int) -> bool:
    """Whether a byte has an odd number of bits."""
    return byte.bit_count() % 2 == 1
