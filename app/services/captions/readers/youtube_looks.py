"""Looks of YouTube's captions: pens and window positions, in json3 and in srv3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.style import PLAIN, InlineStyle, Placement, placed
from app.services.captions.colours import parse_colour
from app.services.captions.readers.timestamps import number_ms

_BOTTOM_CENTER = 7
_NEAR_WHITE = frozenset({"#ffffff", "#fefefe"})
"""Colours of captions that have none of their own."""


@dataclass(frozen=True, slots=True)
class YouTubeLooks:
    """The pens and window positions of a file, by their number.

    Source: files served by YouTube: anchors count the nine parts of the picture from the upper
    left corner by rows; places are percentages, of which the outer two on each side are margin.
    """

    pens: Mapping[str, InlineStyle] = field(default_factory=dict)
    places: Mapping[str, Placement | None] = field(default_factory=dict)

    def style(self, pen: object, outer: object = None) -> InlineStyle:
        """Return the style of a text by its own pen, or by its caption's."""
        key = str(pen if pen is not None else outer)
        return self.pens.get(key, PLAIN)

    def placement(self, place: object) -> Placement | None:
        """Return where a caption stands; None for the usual place."""
        return self.places.get(str(place))


def pen_style(bold: object, italic: object, underline: object, colour: object) -> InlineStyle:
    """Return a pen's style.

    Args:
        bold: 1 or its text where it is on.
        italic: likewise.
        underline: likewise.
        colour: as ``#rrggbb`` or as a number.
    """
    if isinstance(colour, int) and not isinstance(colour, bool):
        colour = f"#{colour & 0xFFFFFF:06x}"
    found = parse_colour(colour) if isinstance(colour, str) else None
    return InlineStyle(
        italic=str(italic) == "1",
        bold=str(bold) == "1",
        underline=str(underline) == "1",
        colour=None if found in _NEAR_WHITE else found,
    )


def window_placement(anchor: object, across: object, down: object) -> Placement | None:
    """Return where a window position is; None for the usual place.

    Args:
        anchor: 0 to 8.
        across: percentage of the width.
        down: percentage of the height.
    """
    number = _number(anchor, _BOTTOM_CENTER)
    number = number if number in range(9) else _BOTTOM_CENTER
    row, column = 2 - number // 3, number % 3
    x, y = _share(_number(across, 50)), _share(_number(down, 100))
    return placed(
        Placement(
            1 + column + 3 * row,
            None if column == 1 and x == 0.5 else x,
            None if (row, y) in ((0, 0.98), (2, 0.02)) else y,
        )
    )


def _number(value: object, default: int) -> int:
    found = None if value is None else number_ms(value)
    return default if found is None else found


def _share(percentage: int) -> float:
    return round(0.02 + 0.96 * min(100, max(0, percentage)) / 100, 4)
