"""Writer of EBU STL (.stl)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from app.domain import stl_codes
from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.frame_clock import NTSC_DROP, PAL, FrameClock
from app.domain.language import known_language
from app.domain.profile import ReadingProfile
from app.domain.style import InlineStyle
from app.services.render.display_cues import NO_WORDS, WordTimes
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.replaced_characters import CharacterReplacer
from app.services.render.screens import (
    Row,
    Screen,
    ScreenLimits,
    first_row,
    nearest_colour,
    screens_of,
)
from app.services.render.timecodes import clock_time
from app.services.render.written_file import NOT_WRITTEN, WrittenFile

_ROWS = 23
"""Rows of a teletext page below its header. Source: EBU Tech 3264, section 4."""

_PAGE_COLUMNS = 40
_ATTRIBUTE_COLUMNS = 4
"""Of a teletext row: double height, a colour, and the start of the box twice."""

_DOUBLE = 2
_MOST_BLOCKS = 99_999
"""The count of blocks has five digits."""

_NUMBERS = 2**16
_JUSTIFICATIONS = {"left": 1, "center": 2, "right": 3}
_TABLES = {
    stl_codes.LATIN: "Latin",
    stl_codes.CYRILLIC: "Latin/Cyrillic",
    stl_codes.ARABIC: "Latin/Arabic",
    stl_codes.GREEK: "Latin/Greek",
    stl_codes.HEBREW: "Latin/Hebrew",
}


def write_stl(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> WrittenFile:
    """Return cues as EBU STL: teletext in double height, or open subtitles.

    Times are those of the nearest frame, 25 a second unless the options say 30. The code table is
    the one that has most of the text's characters.

    Source: EBU Tech 3264-E, "Specification of the EBU subtitling data exchange format".
    """
    del words
    clock = options.clock or PAL
    table = _table(cues)
    carried = stl_codes.codes_of(table)
    replacer = CharacterReplacer(carried, f"EBU STL's {_TABLES[table]} table")
    columns = _PAGE_COLUMNS - (0 if options.open_captions else _ATTRIBUTE_COLUMNS)
    rows = _ROWS if options.open_captions else _ROWS // _DOUBLE
    limits = ScreenLimits("EBU STL", columns, rows, clock)
    screens, notices = screens_of(cues, profile, language, options, limits, replacer)
    text = _OpenText(carried) if options.open_captions else _TeletextText(carried)
    blocks: list[bytes] = []
    for number, screen in enumerate(screens):
        made = list(_blocks(number, screen, text, clock))
        if len(blocks) + len(made) > _MOST_BLOCKS:
            notices.append(_too_many(screens[number:], clock))
            screens = screens[:number]
            break
        blocks += made
    notices += [found] if (found := replacer.notice()) else []
    head = _general_block(table, language, screens, len(blocks), clock, options)
    return WrittenFile(head + b"".join(blocks), tuple(notices))


def _table(cues: Sequence[Cue]) -> str:
    """Return the code table that has most of the letters."""
    letters = [char for cue in cues for char in cue.shown if not char.isascii()]
    if not letters:
        return stl_codes.LATIN
    return max(_TABLES, key=lambda table: sum(map(stl_codes.codes_of(table).__contains__, letters)))


def _too_many(left: Sequence[Screen], clock: FrameClock) -> Notice:
    return Notice(
        NOT_WRITTEN,
        f"EBU STL holds {_MOST_BLOCKS} blocks, so {len(left)} captions are left out from "
        f"{clock_time(clock.ms_at(left[0].first))} on",
    )


class _TeletextText:
    """Text fields of teletext subtitles: boxed, in double height, coloured by word.

    Source: EBU Tech 3264, section 4 (text field); ETSI EN 300 706, section 12.2: a colour takes
    the place of a space, and each row begins in white.
    """

    height = _DOUBLE
    separator = bytes([stl_codes.NEW_LINE] * _DOUBLE)

    def __init__(self, codes: Mapping[str, bytes]) -> None:
        self._codes = codes

    def row(self, row: Row) -> bytes:
        """Return a row with its attributes."""
        current = self._colour(row.words[0][1])
        begin = [stl_codes.DOUBLE_HEIGHT, *([current] if current != stl_codes.WHITE else [])]
        found = bytearray([*begin, stl_codes.START_BOX, stl_codes.START_BOX])
        for place, (word, style) in enumerate(row.words):
            colour = self._colour(style)
            if place:
                found.append(colour if colour != current else ord(" "))
            found += b"".join(self._codes[char] for char in word)
            current = colour
        ends = min(2, _PAGE_COLUMNS - row.width - len(begin) - 2)
        return bytes(found + bytes([stl_codes.END_BOX] * ends))

    def _colour(self, style: InlineStyle) -> int:
        return nearest_colour(style, stl_codes.COLOURS, stl_codes.WHITE)


class _OpenText:
    """Text fields of open subtitles, with italics and underlining."""

    height = 1
    separator = bytes([stl_codes.NEW_LINE])

    def __init__(self, codes: Mapping[str, bytes]) -> None:
        self._codes = codes

    def row(self, row: Row) -> bytes:
        """Return a row; its attributes take no column."""
        found = bytearray()
        italic = underline = False
        for place, (word, style) in enumerate(row.words):
            after = bytearray()
            if style.italic != italic:
                code = stl_codes.ITALIC_ON if style.italic else stl_codes.ITALIC_OFF
                (after if style.italic else found).append(code)
            if style.underline != underline:
                code = stl_codes.UNDERLINE_ON if style.underline else stl_codes.UNDERLINE_OFF
                (after if style.underline else found).append(code)
            found += (b" " if place else b"") + after
            found += b"".join(self._codes[char] for char in word)
            italic, underline = style.italic, style.underline
        found += bytes([stl_codes.ITALIC_OFF] * italic + [stl_codes.UNDERLINE_OFF] * underline)
        return bytes(found)


def _blocks(
    number: int, screen: Screen, text: _TeletextText | _OpenText, clock: FrameClock
) -> Iterator[bytes]:
    """Yield the blocks of a subtitle; all but the last are extended by the next."""
    field = text.separator.join(text.row(row) for row in screen.rows)
    size = stl_codes.TEXT_BYTES
    parts = [field[at : at + size] for at in range(0, len(field), size)]
    group, own = divmod(number, _NUMBERS)
    times = bytes(_time_code(screen.first, clock) + _time_code(screen.last, clock))
    looks = bytes([first_row(screen, text.height, _ROWS), _justification(screen), 0])
    for place, part in enumerate(parts):
        extension = stl_codes.LAST_BLOCK if place == len(parts) - 1 else place
        head = bytes([group]) + own.to_bytes(2, "little") + bytes([extension, 0])
        yield head + times + looks + part.ljust(size, bytes([stl_codes.UNUSED]))


def _time_code(frame: int, clock: FrameClock) -> list[int]:
    code = clock.time_code(frame)
    return [code.hours, code.minutes, code.seconds, code.frames]


def _justification(screen: Screen) -> int:
    place = screen.placement
    return _JUSTIFICATIONS["center" if place is None else place.align or place.horizontal]


def _general_block(
    table: str,
    language: str,
    screens: Sequence[Screen],
    blocks: int,
    clock: FrameClock,
    options: FileOptions,
) -> bytes:
    """Return the general subtitle information. Source: EBU Tech 3264, section 3."""
    rate = 30 if clock == NTSC_DROP else 25
    today = datetime.now(UTC).strftime("%y%m%d")
    titles = " " * (6 * 32 + 16)
    first = "".join(f"{part:02d}" for part in _time_code(screens[0].first if screens else 0, clock))
    display = "0" if options.open_captions else "1"
    fields = (
        *("850", f"STL{rate}.01", display, table, _language_code(language), titles),
        *(today, today, "00", f"{blocks:05d}", f"{len(screens):05d}", "001"),
        *(f"{_PAGE_COLUMNS:02d}", f"{_ROWS:02d}", "1", "0" * 8, first, "1", "1"),
    )
    return "".join(fields).encode("ascii").ljust(stl_codes.GSI_BYTES)


def _language_code(tag: str) -> str:
    known = known_language(tag)
    base = known.base if known is not None else ""
    return next((code for code, each in stl_codes.LANGUAGES.items() if each == base), "00")
