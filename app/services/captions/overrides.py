"""SubStation's overrides, as scripts, SubRip and MicroDVD files have them in braces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.style import InlineStyle, Placement, placed
from app.services.captions.colours import parse_substation_colour
from app.services.captions.raw_captions import DEFAULT_FRAME_PX

_BOLD_FROM = 600
"""Weights of fonts from which a text is bold. Source: CSS Fonts, section 2.2 (font-weight)."""

_BOLD_FLAG = 100
"""Smaller values switch bold on; larger ones are weights. Source: libass, ``ass_parse.c``."""

_SWITCH = re.compile(r"([ibus])\s*([0-9]{1,4})?")
_COLOUR = re.compile(r"1?c\s*(&?h?[0-9a-f]{1,8}&?)?", re.IGNORECASE)
_RESET = re.compile(r"r([^\\]*)")
_ALIGNMENT = re.compile(r"(an|a)\s*([0-9]{1,2})")
_POINT = re.compile(
    r"(?:pos|move)\(\s*(-?[0-9]{1,6}(?:\.[0-9]{0,9})?)\s*,\s*(-?[0-9]{1,6}(?:\.[0-9]{0,9})?)\s*[,)]"
)
_MARKS = {"i": "italic", "b": "bold", "u": "underline", "s": "strikeout"}

_LEGACY_TOP, _LEGACY_MIDDLE = 4, 8
"""Bits of SubStation's older alignments: 1 to 3 below, 5 to 7 above, 9 to 11 in the middle."""


@dataclass(slots=True)
class OverrideState:
    """What the overrides so far change about a text's style; None where they say nothing.

    Attributes:
        colour: empty for that of the text's own style.
        line_only: whether it ends with the line, as MicroDVD's small letters say.
        anchor: of `Placement`; the first one that is named holds, as in libass.
        point: its place, as shares of the picture; likewise.
    """

    italic: bool | None = None
    bold: bool | None = None
    underline: bool | None = None
    strikeout: bool | None = None
    colour: str | None = None
    base: InlineStyle | None = None
    line_only: bool = False
    anchor: int | None = None
    point: tuple[float, float] | None = None

    def applied_to(self, style: InlineStyle) -> InlineStyle:
        """Return a style with the changes."""
        base = style if self.base is None else self.base
        return InlineStyle(
            base.italic if self.italic is None else self.italic,
            base.bold if self.bold is None else self.bold,
            base.underline if self.underline is None else self.underline,
            base.strikeout if self.strikeout is None else self.strikeout,
            self.colour or base.colour,
        )

    def reset(self, base: InlineStyle | None = None) -> None:
        """Return to the style of the text, or to another one of the script."""
        self.italic = self.bold = self.underline = self.strikeout = self.colour = None
        self.base, self.line_only = base, False

    def placement(self, base: Placement | None) -> Placement | None:
        """Return where the text stands, by the overrides and the place of its style."""
        if self.anchor is None and self.point is None:
            return base
        anchor = self.anchor or (base or Placement()).anchor
        x, y = self.point or (None, None)
        return placed(Placement(anchor, x, y))

    def end_line(self) -> None:
        """Drop what holds for one line alone."""
        if self.line_only:
            self.reset()


def read_overrides(
    text: str,
    state: OverrideState,
    styles: Mapping[str, InlineStyle],
    frame_px: tuple[int, int] = DEFAULT_FRAME_PX,
) -> None:
    r"""Change a style by what stands in braces.

    Args:
        text: without the braces: ``\i1\c&H00FFFF&``, ``y:i`` or ``/i``.
        state: is changed.
        styles: of the script; ``\r`` with a name is looked up under that.
        frame_px: width and height of the picture that positions are measured on.
    """
    if text.startswith("\\"):
        for tag in text.split("\\")[1:]:
            _apply(tag.strip(), state, styles)
            _place(tag.strip(), state, frame_px)
    elif text[1:2] == ":":
        _apply_microdvd(text[0], text[2:], state)
    elif text.lower().strip("/") in _MARKS:
        setattr(state, _MARKS[text.lower().strip("/")], not text.startswith("/"))


def _apply(tag: str, state: OverrideState, styles: Mapping[str, InlineStyle]) -> None:
    if match := _SWITCH.fullmatch(tag):
        value = None if match[2] is None else int(match[2])
        if match[1] == "b" and value is not None and value >= _BOLD_FLAG:
            value = int(value >= _BOLD_FROM)
        setattr(state, _MARKS[match[1]], None if value is None else bool(value))
    elif match := _COLOUR.fullmatch(tag):
        state.colour = parse_substation_colour(match[1]) if match[1] else None
    elif (match := _RESET.fullmatch(tag)) and not tag.startswith(("rnd", "range")):
        state.reset(styles.get(f"\\r{match[1].strip()}") if match[1].strip() else None)


def _place(tag: str, state: OverrideState, frame_px: tuple[int, int]) -> None:
    if match := _ALIGNMENT.fullmatch(tag):
        anchor = legacy_anchor if match[1] == "a" else _anchor
        state.anchor = state.anchor or anchor(int(match[2]))
    elif (match := _POINT.match(tag)) and state.point is None:
        x_px, y_px = float(match[1]), float(match[2])
        state.point = _share(x_px / frame_px[0]), _share(y_px / frame_px[1])


def _apply_microdvd(letter: str, value: str, state: OverrideState) -> None:
    if letter in "yY":
        for mark in value.lower().split(","):
            if (name := _MARKS.get(mark.strip())) is not None:
                setattr(state, name, True)
    elif letter in "cC":
        digits = value.strip().removeprefix("$")
        state.colour = parse_substation_colour(f"&H{digits}&") if digits else None
    else:
        return
    state.line_only = letter.islower()


def _anchor(number: int) -> int | None:
    return number if 1 <= number <= 9 else None


def legacy_anchor(number: int) -> int | None:
    """Return SubStation's older alignment as the keys of a number pad lie; None for none."""
    column = number & 3
    if column == 0:
        return None
    return column + (6 if number & _LEGACY_TOP else 3 if number & _LEGACY_MIDDLE else 0)


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
