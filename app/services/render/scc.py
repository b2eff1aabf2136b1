"""Writer of Scenarist closed captions (.scc): CEA-608 pop-on captions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain import line21_codes as codes
from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.frame_clock import NTSC_DROP, FrameClock
from app.domain.profile import ReadingProfile
from app.domain.style import PLAIN, InlineStyle
from app.services.render.display_cues import NO_WORDS, WordTimes
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.replaced_characters import CharacterReplacer
from app.services.render.screens import (
    Row,
    Screen,
    ScreenLimits,
    first_row,
    nearest_colour,
    retimed_notice,
    screens_of,
)
from app.services.render.written_file import WrittenFile

SCC_HEAD = "Scenarist_SCC V1.0\n\n"

_MOST_ROWS = 4
"""Rows at one time. Source: 47 CFR 15.119(d): pop-on captions have four at most."""

_UNNOTICED_FRAMES = 2
"""Delay of a caption, 67 ms at most, that no viewer notices: less than a fifteenth of a second."""

_BASIC = {char: code for code, char in codes.BASIC.items()}
_SPECIAL = {char: code for code, char in codes.SPECIAL.items()}
_EXTENDED = {char: code for code, char in codes.EXTENDED.items() if char not in _BASIC}
_CARRIED = frozenset({*_BASIC, *_SPECIAL, *_EXTENDED} - {"\u00a0"})
_STAND_IN = CharacterReplacer(frozenset(_BASIC), "")
"""A decoder without the extended set shows the character before an extended one."""

_INDENT = 4

Unit = tuple[int, ...]
"""Words of two bytes, without parity, that nothing may come between."""


def write_scc(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> WrittenFile:
    """Return cues as pop-on captions of channel 1, in drop-frame time code unless asked otherwise.

    Each caption is sent ahead, two bytes a frame, so that it appears in the frame nearest to its
    time. Where the caption before leaves no time for that it comes later, which is told.

    Source: ANSI/CTA-608-E, sections 8 and 9 and annex B; the file format as McPoodle describes it,
    http://www.theneitherworld.com/mcpoodle/SCC_TOOLS/DOCS/SCC_FORMAT.HTML
    """
    del words
    clock = options.clock or NTSC_DROP
    replacer = CharacterReplacer(_CARRIED, "CEA-608")
    limits = ScreenLimits("SCC", codes.COLUMNS, _MOST_ROWS, clock)
    screens, notices = screens_of(cues, profile, language, options, limits, replacer)
    channel = _Channel()
    for screen in screens:
        channel.send(screen)
    channel.clear()
    if channel.late:
        notices.append(_late(channel.late, limits))
    notices += [found] if (found := replacer.notice()) else []
    lines = (_line(line, clock) for line in channel.lines)
    return WrittenFile(SCC_HEAD + "\n".join(lines), tuple(notices))


def _late(late: Sequence[tuple[int, int]], limits: ScreenLimits) -> Notice:
    most = max(frames for _, frames in late)
    what = f"come later than wanted, as two bytes a frame take their time, by {most} frames at most"
    return retimed_notice([frame for frame, _ in late], limits, what)


@dataclass(slots=True)
class _Line:
    """Words that are sent one a frame from a frame on."""

    frame: int
    words: list[int]


class _Channel:
    """What is sent, in order; one word of two bytes each frame.

    Attributes:
        lines: of the file.
        late: frames that captions were to appear in and did not, and how many later they do.
    """

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self.late: list[tuple[int, int]] = []
        self._free = 0
        self._gone: int | None = None

    def send(self, screen: Screen) -> None:
        """Load a screen ahead of its time and show it; take the one before away in between."""
        units = list(_load(screen))
        clear = self._gone
        # A screen that follows within two frames takes the place of the one before by itself.
        if clear is not None and max(clear, self._free) + 2 > screen.first:
            clear = None
        begin = screen.first - sum(map(len, units))
        if clear is not None and clear + 2 > begin:
            begin -= 2
        begin = max(begin, self._free)
        if clear is not None and max(clear, self._free) + 2 <= begin:
            self._erase(max(clear, self._free))
            clear = None
        line = _Line(begin, [])
        for unit in units:
            if clear is not None and begin + len(line.words) >= clear:
                line.words += _doubled(codes.ERASE_DISPLAYED)
                clear = None
            line.words += unit
        if clear is not None:
            line.words += _doubled(codes.ERASE_DISPLAYED)
        self._show(screen, line)

    def clear(self) -> None:
        """Take the last screen away."""
        if self._gone is not None:
            self._erase(max(self._gone, self._free))

    def _show(self, screen: Screen, line: _Line) -> None:
        shown = line.frame + len(line.words)
        if shown < screen.first:
            # The load was done early, as there was no room right before the caption's time.
            self.lines.append(line)
            line, shown = _Line(screen.first, []), screen.first
        if shown - screen.first > _UNNOTICED_FRAMES:
            self.late.append((screen.first, shown - screen.first))
        line.words += _doubled(codes.END_OF_CAPTION)
        self.lines.append(line)
        self._free = shown + 2
        self._gone = max(screen.last, self._free)

    def _erase(self, frame: int) -> None:
        self.lines.append(_Line(frame, list(_doubled(codes.ERASE_DISPLAYED))))
        self._free = frame + 2


def _load(screen: Screen) -> Iterator[Unit]:
    """Yield what loads a screen into the memory that is not displayed."""
    yield _doubled(codes.ERASE_NON_DISPLAYED)
    yield _doubled(codes.RESUME_LOADING)
    top = first_row(screen, 1, codes.ROWS)
    for number, row in enumerate(screen.rows, start=top):
        yield from _row(number, row, _column(screen, row))


def _column(screen: Screen, row: Row) -> int:
    """Return the column that a row's text begins in, from 0."""
    side = "center" if screen.placement is None else screen.placement.horizontal
    free = codes.COLUMNS - row.width
    return {"left": 0, "center": free // 2, "right": free}[side]


def _row(number: int, row: Row, column: int) -> Iterator[Unit]:
    """Yield a row: where it begins, its characters, and mid-row codes in place of spaces.

    An indented preamble is white, so other looks of the first word take the column before it.
    """
    look = _look(row.words[0][1])
    if column == 0:
        yield _doubled(codes.Preamble(number, 0, *look).code)
    else:
        start = column - (look != _look(PLAIN))
        indent, tab = divmod(start, _INDENT)
        yield _doubled(codes.Preamble(number, indent * _INDENT).code)
        if tab:
            yield _doubled(codes.TAB + tab)
        if look != _look(PLAIN):
            yield _doubled(_mid_row(look))
    text = _Text()
    for place, (word, style) in enumerate(row.words):
        if place and _look(style) != look:
            look = _look(style)
            yield from text.flushed()
            yield _doubled(_mid_row(look))
        elif place:
            yield from text.added(" ")
        for char in word:
            yield from text.added(char)
    yield from text.flushed()


def _look(style: InlineStyle) -> tuple[int, bool]:
    """Return a style as its number in preambles and mid-row codes, and whether it is underlined."""
    if style.italic:
        return codes.ITALICS, style.underline
    return nearest_colour(style, codes.COLOURS, 0), style.underline


def _mid_row(look: tuple[int, bool]) -> int:
    return codes.mid_row(look[0], underline=look[1])


class _Text:
    """Characters on their way into words: two basic ones make a word."""

    def __init__(self) -> None:
        self._half: int | None = None

    def added(self, char: str) -> Iterator[Unit]:
        """Take a character; yield the words that are complete."""
        if char in _BASIC:
            yield from self._basic(_BASIC[char])
        elif char in _SPECIAL:
            yield from self.flushed()
            yield _doubled(_SPECIAL[char])
        else:
            yield from self._basic(_BASIC[_STAND_IN.written(char)[0]])
            yield from self.flushed()
            yield _doubled(_EXTENDED[char])

    def flushed(self) -> Iterator[Unit]:
        """Yield the word that waits for a second character, if one does."""
        if self._half is not None:
            yield (self._half << 8,)
            self._half = None

    def _basic(self, code: int) -> Iterator[Unit]:
        if self._half is None:
            self._half = code
            return
        yield (self._half << 8 | code,)
        self._half = None


def _doubled(code: int) -> Unit:
    """Return a command as it is sent: twice. Source: ANSI/CTA-608-E, section 8.2."""
    return code, code


def _line(line: _Line, clock: FrameClock) -> str:
    code = clock.time_code(line.frame)
    separator = ";" if clock.drops else ":"
    time = f"{code.hours:02d}:{code.minutes:02d}:{code.seconds:02d}{separator}{code.frames:02d}"
    return f"{time}\t{' '.join(f'{codes.with_parity(word):04x}' for word in line.words)}\n"
