"""A SubStation script that shows lines of words and highlights each word while it is spoken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.errors import TooMuchWorkError
from app.services.captions.bounded_decoding import text_pieces
from app.services.layout.tokens import space_between
from app.services.operations.burn_fonts import font_of, font_size_percent, font_switch, main_font
from app.services.operations.highlight_lines import (
    Line,
    TimedWord,
    base_direction,
    lines_of,
    screen_order,
)
from app.services.operations.highlight_style import HighlightStyle
from app.services.operations.script_styles import STYLE_FIELDS
from app.services.render.timecodes import centisecond_time
from app.system.bounded_work import work_on

_ROOM = 12
"""Between the text and the edge of its box."""
_MOST_CHARS = 32 * 2**20
"""Of a script. One of a film, four words to a line and two lines, has some 5 MB."""
_CODE_CHARS = 30
"""Of the overrides around a word."""

_HIDDEN, _SHOWN = "{\\alpha&HFF&}", "{\\r}"
_CUT = "{\\1a&H01&}"
"""Changes nothing that is seen, and ends a part all the same."""
_WORD_JOINER = "\u2060"
_ESCAPES = str.maketrans({"\\": f"\\{_WORD_JOINER}", "{": "\\{", "}": "\\}", "\n": " ", "\r": " "})


async def highlight_script_bounded(
    words: Sequence[TimedWord],
    style: HighlightStyle,
    language: str,
    canvas: tuple[int, int] = (1920, 1080),
) -> str:
    """Return the script where writing it delays nothing else; see `highlight_script`.

    Raises:
        TooMuchWorkError: it is too large, or takes more memory or time than it may.
    """
    at_once = min(len(words), style.words_per_line * style.max_lines)
    chars = sum(len(word.text) + _CODE_CHARS for word in words) * at_once
    return "".join(await work_on(_written, words, style, language, canvas, chars=chars))


def _written(
    words: list[TimedWord], style: HighlightStyle, language: str, canvas: tuple[int, int]
) -> Iterator[str]:
    yield from text_pieces(highlight_script(words, style, language, canvas))


def highlight_script(
    words: Sequence[TimedWord],
    style: HighlightStyle,
    language: str,
    canvas: tuple[int, int] = (1920, 1080),
) -> str:
    """Return the script.

    Args:
        words: in order of their start.
        style: look of the text.
        language: BCP 47 tag.
        canvas: what the style's lengths are measured on.

    Raises:
        TooMuchWorkError: it is too large: each word is an event with all that is shown with it.
    """
    rtl = base_direction(words, language)
    lines = lines_of(words, style.words_per_line)
    groups = [tuple(lines[n : n + style.max_lines]) for n in range(0, len(lines), style.max_lines)]
    fonts = _Fonts(main_font([word.text for word in words], language), language, style.fonte)
    head = _head(style, fonts, canvas)
    events: list[str] = []
    size = 0
    for group in _with_ends(groups):
        for event in _events(*group, style, fonts, rtl=rtl):
            size += len(event)
            if size > _MOST_CHARS:
                raise TooMuchWorkError("Too many words are shown at a time")
            events.append(event)
    return "\n".join([*head, *events, ""])


def _with_ends(groups: Sequence[tuple[Line, ...]]) -> Iterator[tuple[tuple[Line, ...], int]]:
    """Yield what is shown at a time with its end, which is not after the next one's begin."""
    for group, following in pairwise([*groups, ()]):
        end_ms = max(word.end_ms for line in group for word in line)
        if following:
            end_ms = min(end_ms, max(following[0][0].start_ms, group[0][0].start_ms + 10))
        yield group, end_ms


def _events(
    group: tuple[Line, ...], end_ms: int, style: HighlightStyle, fonts: _Fonts, *, rtl: bool
) -> Iterator[str]:
    """Yield the text of a group, and above it one event for each of its words."""
    pieces = _pieces(group, style, fonts, rtl=rtl)
    start_ms = group[0][0].start_ms
    yield _event(0, start_ms, end_ms, "Base", _text(pieces, None))
    words = [word for line in group for word in line]
    ends = [min(a.end_ms, max(b.start_ms, a.start_ms + 10)) for a, b in pairwise(words)]
    for word, word_end_ms in zip(words, [*ends, end_ms], strict=True):
        last_ms = max(word_end_ms, word.start_ms + 10)
        yield _event(2, word.start_ms, last_ms, "Highlight", _text(pieces, word))


def _event(layer: int, start_ms: int, end_ms: int, style: str, text: str) -> str:
    times = f"{centisecond_time(start_ms)},{centisecond_time(end_ms)}"
    return f"Dialogue: {layer},{times},{style},,0,0,0,,{text}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word on the screen.

    Attributes:
        word: as it was spoken.
        gap: between it and the one to the left of it.
        text: of the word, in its font.
        set_own: override behind it that sets the style's own font again.
    """

    word: TimedWord
    gap: str
    text: str
    set_own: str

    def written(self, shown: TimedWord | None) -> str:
        """Return it visible if it is the shown word or all are (None), invisible otherwise."""
        before, after = (_SHOWN, _HIDDEN) if self.word is shown else (_HIDDEN, _HIDDEN)
        if shown is None:
            before, after = _SHOWN, _CUT
        return f"{self.gap}{before}{self.text}{after}{self.set_own}"


def _pieces(
    group: tuple[Line, ...], style: HighlightStyle, fonts: _Fonts, *, rtl: bool
) -> list[list[_Piece]]:
    """Return the words of each line from left to right.

    libass sets parts between overrides from left to right, so the words of a line come in the order
    of the screen.
    """
    lines: list[list[_Piece]] = []
    for line in group:
        pieces: list[_Piece] = []
        before = ""
        for word in screen_order(line, rtl=rtl):
            gap = space_between(before, word.text) if before else ""
            text = word.text.upper() if style.uppercase else word.text
            set_font, set_own = fonts.around(text)
            pieces.append(_Piece(word, gap, f"{set_font}{text.translate(_ESCAPES)}", set_own))
            before = word.text
        lines.append(pieces)
    return lines


def _text(lines: Sequence[Sequence[_Piece]], shown: TimedWord | None) -> str:
    """Return the lines with one word visible, or all of them.

    All events of a group are cut alike: their words stand at the same places.
    """
    return "\\N".join("".join(piece.written(shown) for piece in line) for line in lines)


@dataclass(frozen=True, slots=True)
class _Fonts:
    """Fonts of a script.

    Attributes:
        family: that has most of its letters.
        language: BCP 47 tag.
        wanted: font that is asked for; empty for none.
    """

    family: str
    language: str
    wanted: str

    @property
    def own(self) -> str:
        """The font of its styles: the one that is asked for, where it may have the letters."""
        return self.wanted if font_size_percent(self.family) == 100 and self.wanted else self.family

    def around(self, text: str) -> tuple[str, str]:
        """Return overrides ahead of a word and behind it, where its letters are in another font."""
        family = font_of(text, self.language) or self.family
        if family == self.family:
            return "", ""
        size = font_size_percent(self.family)
        return font_switch(family), f"{{\\fn{self.own}\\fscx{size}\\fscy{size}}}"


def _head(style: HighlightStyle, fonts: _Fonts, canvas: tuple[int, int]) -> list[str]:
    size, font = font_size_percent(fonts.family), fonts.own
    shape = f"{style.tamanho_fonte:g}"
    rest = f"-1,0,0,0,{size},{size},0,0"
    margins = f"{style.padding_horizontal},{style.padding_horizontal},{style.padding_vertical},1"
    border = style.highlight_borda
    # A box of style 4 has the shadow's width as its room, one of style 3 the outline's.
    box = f"4,0,{_ROOM}" if style.fundo_arredondado else f"3,{_ROOM},0"
    base = f"{style.text_colour},&H000000FF,{style.background},{style.background}"
    high = f"{style.highlight_text},&H000000FF,{style.highlight},&HFF000000"
    return [
        "[Script Info]",
        "ScriptType: v4.00+",
        "WrapStyle: 0",
        "ScaledBorderAndShadow: yes",
        f"PlayResX: {canvas[0]}",
        f"PlayResY: {canvas[1]}",
        "",
        "[V4+ Styles]",
        f"Format: {', '.join(STYLE_FIELDS)}",
        f"Style: Base,{font},{shape},{base},{rest},{box},{style.alignment},{margins}",
        f"Style: Highlight,{font},{shape},{high},{rest},1,{border},0,{style.alignment},{margins}",
        "",
        "[Events]",
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
    ]
