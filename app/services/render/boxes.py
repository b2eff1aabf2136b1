"""Boxes of cues, for formats that place text by shares of the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.style import Placement

_ROW = 0.0533
"""Height of a line of text as a share of the picture's. Source: W3C WebVTT, section 7.2: a cue's
font is 5 % of the picture high; with the usual leading a line is a fifteenth more."""

_LOW = 2 / 3
"""A box whose upper edge is held below this would leave the picture: it is held at its lower edge
instead, as a player does that moves it up until it fits."""

_MARGIN = 0.06
_TALLEST = 0.25
_WIDEST = 0.8


@dataclass(frozen=True, slots=True)
class Box:
    """A box for text, as shares of the picture from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


def resolved(placement: Placement | None) -> Placement:
    """Return a placement whose rows are shares of the height, and which does not hang out below."""
    place = placement or Placement()
    if place.row is not None:
        y = place.row * _ROW if place.row >= 0 else 1 + (place.row + 1) * _ROW
        place = replace(place, y=min(1.0, max(0.0, y)), row=None)
    if place.vertical == 2 and place.y is not None and place.y > _LOW:
        place = replace(place, anchor=place.anchor - 6, y=None)
    return place


def point(placement: Placement) -> tuple[float, float]:
    """Return where a resolved placement's anchor is, with the margins where it says nothing."""
    column = (placement.anchor - 1) % 3
    x = (_MARGIN, 0.5, 1 - _MARGIN)[column] if placement.x is None else placement.x
    y = (1 - _MARGIN, 0.5, _MARGIN)[placement.vertical] if placement.y is None else placement.y
    return x, y


def box(placement: Placement) -> Box:
    """Return the box of a resolved placement: as wide and high as there is room for it."""
    x, y = point(placement)
    column = (placement.anchor - 1) % 3
    room = (1 - x, 2 * min(x, 1 - x), x)[column]
    width = max(0.1, min(placement.width or _WIDEST, room))
    height = min(_TALLEST, max(0.1, (y, 2 * min(y, 1 - y), 1 - y)[placement.vertical]))
    left = x - (0, width / 2, width)[column]
    top = y - (height, height / 2, 0)[placement.vertical]
    return Box(max(0.0, left), max(0.0, top), width, height)
