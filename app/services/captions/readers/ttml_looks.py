"""Looks of TTML: styles, regions and alignments, written into its texts as overrides.

A paragraph's texts reach `MarkupReader` in the end, whatever the reader of times makes of them, so
each piece of text gets the overrides that say how it looks and where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from app.domain.style import PLAIN, InlineStyle, Placement, Side, placed
from app.services.captions.colours import parse_colour
from app.services.captions.markup import literal_markup
from app.services.captions.raw_captions import DEFAULT_FRAME_PX
from app.services.captions.readers.xml_text import attribute, children, name_of

_MAX_REFERENCES = 16
"""Styles that one style may go through; files chain two or three."""

_WHITE = "#ffffff"
_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)(%|px|c)")
_CELLS = (32, 15)
"""Columns and rows where a file names none. Source: W3C TTML1, section 6.2.1."""

_TEXTS = frozenset({"p", "span"})
_VERTICAL = {"before": 2, "center": 1, "after": 0}
_SIDES: Mapping[str, Side] = {"left": "left", "center": "center", "right": "right"}
_COLUMNS: Mapping[Side, int] = {"left": 0, "center": 1, "right": 2}
_NEAR_MIDDLE = 0.02
_TOP_UNTIL, _BOTTOM_FROM, _LOW = 0.15, 0.8, 2 / 3
"""Edges of a box within so much of the picture's are where captions stand anyway."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What an element passes on to those within.

    Attributes:
        style: of its text.
        region: that it is shown in, or None.
        align: of its lines as the file has it; empty where it has none.
        reversed: whether lines start at the right.
    """

    style: InlineStyle = PLAIN
    region: Element | None = None
    align: str = ""
    reversed: bool = False


def annotate_looks(root: Element) -> None:
    """Write the looks of a document into its texts.

    Args:
        root: its outermost element; the texts within are changed.

    Source: W3C TTML1, sections 8.2 (attributes), 8.4 (inheritance) and 9.3 (regions).
    """
    looks = _Looks(root)
    body = next((child for child in children(root) if name_of(child) == "body"), root)
    looks.visit(body, _Look())


class _Looks:
    """The styles and regions of one document."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._known: dict[tuple[int, str], str | None] = {}
        self._by_id = {
            key: element
            for element in root.iter()
            if name_of(element) in ("style", "region") and (key := attribute(element, "id"))
        }

    def visit(self, element: Element, parent: _Look) -> None:
        """Annotate the texts of an element and of those within."""
        look = self._look(element, parent)
        element.text = self._annotated(element.text, look, element)
        for child in children(element):
            if name_of(child) != "metadata":
                self.visit(child, look)
            child.tail = self._annotated(child.tail, look, element)

    def _look(self, element: Element, parent: _Look) -> _Look:
        region = self._by_id.get(attribute(element, "region") or "")
        look = parent
        if region is not None:
            look = replace(self._styled(region, look), region=region)
        elif attribute(element, "origin") is not None:
            look = replace(look, region=element)
        return self._styled(element, look)

    def _styled(self, element: Element, look: _Look) -> _Look:
        direction = self._value(element, "direction")
        return replace(
            look,
            style=self._style(element, look.style),
            align=self._value(element, "textAlign") or look.align,
            reversed=look.reversed if direction is None else direction == "rtl",
        )

    def _style(self, element: Element, outer: InlineStyle) -> InlineStyle:
        slant, weight = self._value(element, "fontStyle"), self._value(element, "fontWeight")
        decoration = (self._value(element, "textDecoration") or "").split()
        colour = parse_colour(self._value(element, "color") or "")
        underline = outer.underline or "underline" in decoration
        strikeout = outer.strikeout or "lineThrough" in decoration
        return InlineStyle(
            italic=outer.italic if slant is None else slant != "normal",
            bold=outer.bold if weight is None else weight != "normal",
            underline=underline and not {"none", "noUnderline"} & set(decoration),
            strikeout=strikeout and not {"none", "noLineThrough"} & set(decoration),
            colour=outer.colour if colour is None else None if colour == _WHITE else colour,
        )

    def _value(self, element: Element, name: str, left: int = _MAX_REFERENCES) -> str | None:
        """Return what an element's own styles say, without what it inherits; None for nothing."""
        own = attribute(element, name)
        if own is not None or left == 0:
            return own
        nested = [child for child in children(element) if name_of(child) == "style"]
        named = [self._by_id.get(key) for key in (attribute(element, "style") or "").split()]
        for style in reversed([*named, *nested][-_MAX_REFERENCES:]):
            found = None if style is None else self._value_of_style(style, name, left - 1)
            if found is not None:
                return found
        return None

    def _value_of_style(self, style: Element, name: str, left: int) -> str | None:
        key = id(style), name
        if key not in self._known:
            self._known[key] = None  # a style that refers to itself says nothing new
            self._known[key] = self._value(style, name, left)
        return self._known[key]

    def _annotated(self, text: str | None, look: _Look, element: Element) -> str:
        """Return a text with its overrides; what else reads as markup in it is text."""
        text = literal_markup(text or "")
        core = text.strip()
        if not core or name_of(element) not in _TEXTS:
            return text
        overrides = _overrides(self._placement(look, element), look.style)
        if not overrides:
            return text
        before, _, after = text.partition(core)
        return f"{before}{{{overrides}}}{core}{{\\r}}{after}"

    def _placement(self, look: _Look, element: Element) -> Placement | None:
        """Return where a text stands; None for the usual place."""
        side = _side(look)
        column = _COLUMNS[side]
        if look.region is None:
            return placed(Placement(1 + column))
        left, top = self._pair(look.region, "origin", (0.0, 0.0))
        width, height = self._pair(look.region, "extent", (1 - left, 1 - top))
        display = self._value(look.region, "displayAlign") or "before"
        row = _VERTICAL.get(display, 2)
        x: float | None = left + width * column / 2
        y: float | None = top + height * (2 - row) / 2
        if side == "center" and x is not None and abs(x - 0.5) < _NEAR_MIDDLE:
            x = None
        row, y = _usual_row(row, y, top + height)
        return placed(Placement(1 + column + 3 * row, _share(x), _share(y)))

    def _pair(
        self, element: Element, name: str, default: tuple[float, float]
    ) -> tuple[float, float]:
        """Return two lengths as shares of the picture."""
        lengths = (self._value(element, name) or "").split()
        matches = [_LENGTH.fullmatch(length) for length in lengths]
        if len(matches) != 2 or matches[0] is None or matches[1] is None:
            return default
        shares = [
            float(match[1]) / self._whole(match[2], axis)
            for axis, match in enumerate(matches)
            if match is not None
        ]
        return min(1.0, shares[0]), min(1.0, shares[1])

    def _whole(self, unit: str, axis: int) -> float:
        """Return how much of a unit the picture measures."""
        if unit == "%":
            return 100.0
        name = "extent" if unit == "px" else "cellResolution"
        values = [each.removesuffix("px") for each in (attribute(self._root, name) or "").split()]
        default = (1920, 1080) if unit == "px" else _CELLS
        known = len(values) == 2 and all(each.isdecimal() and int(each) for each in values)
        return float(values[axis]) if known else float(default[axis])


def _side(look: _Look) -> Side:
    start, end = ("right", "left") if look.reversed else ("left", "right")
    named = {"start": start, "end": end}.get(look.align, look.align)
    return _SIDES.get(named, "center")


def _usual_row(row: int, y: float | None, bottom: float) -> tuple[int, float | None]:
    """Return a row and height without what is as usual: low at the bottom, high at the top."""
    if y is None:
        return row, y
    if row == 2 and y > _LOW:
        row, y = 0, bottom
    if row == 0 and y >= _BOTTOM_FROM:
        return row, None
    if row == 2 and y <= _TOP_UNTIL:
        return row, None
    return row, y


def _share(value: float | None) -> float | None:
    return None if value is None else round(min(1.0, max(0.0, value)), 4)


def _overrides(placement: Placement | None, style: InlineStyle) -> str:
    """Return a place and a style as SubStation writes them, without braces."""
    parts: list[str] = []
    if placement is not None:
        parts.append(f"\\an{placement.anchor}")
        if placement.x is not None or placement.y is not None:
            parts.append(_position(placement))
    parts += [
        tag
        for tag, is_on in zip(
            ("\\i1", "\\b1", "\\u1", "\\s1"),
            (style.italic, style.bold, style.underline, style.strikeout),
            strict=True,
        )
        if is_on
    ]
    if style.colour is not None:
        red, green, blue = style.colour[1:3], style.colour[3:5], style.colour[5:7]
        parts.append(f"\\c&H{blue}{green}{red}&")
    return "".join(parts)


def _position(placement: Placement) -> str:
    x = (0.06, 0.5, 0.94)[(placement.anchor - 1) % 3] if placement.x is None else placement.x
    y = (0.94, 0.5, 0.06)[placement.vertical] if placement.y is None else placement.y
    return f"\\pos({x * DEFAULT_FRAME_PX[0]:.2f},{y * DEFAULT_FRAME_PX[1]:.2f})"
