"""Looks of SubStation scripts: the styles that events refer to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.style import PLAIN, InlineStyle, Placement, placed
from app.services.captions.colours import parse_substation_colour
from app.services.captions.overrides import legacy_anchor
from app.services.captions.raw_captions import DEFAULT_FRAME_PX

_INFO = re.compile(r"playres([xy])\s*:\s*([0-9]{1,6})", re.IGNORECASE)
_WHITE = "#ffffff"


@dataclass(frozen=True, slots=True)
class ScriptLooks:
    """What a script says of its texts' looks.

    Attributes:
        styles: by the keys of `RawTrack.styles`: ``r`` with a backslash and the name.
        placements: by the style's name; None for the usual place.
        frame_px: width and height of the picture that positions are measured on.
    """

    styles: Mapping[str, InlineStyle] = field(default_factory=dict)
    placements: Mapping[str, Placement | None] = field(default_factory=dict)
    frame_px: tuple[int, int] = DEFAULT_FRAME_PX

    def style(self, name: str) -> InlineStyle:
        """Return the style of an event; that of ``Default`` where the script has none so named."""
        plain = self.styles.get(r"\rDefault", PLAIN)
        return self.styles.get(rf"\r{_bare(name)}", plain)

    def placement(self, name: str) -> Placement | None:
        """Return where the events of a style stand; None for the usual place."""
        return self.placements.get(_bare(name), self.placements.get("Default"))


def script_looks(lines: Sequence[str]) -> ScriptLooks:
    """Return the looks that a script's lines define.

    Source: the format's specification ("Sub Station Alpha v4.00+ Script Format"), sections 3
    and 4: a style has the alignment of a number pad in v4.00+ and SubStation's own in v4.00.
    """
    styles: dict[str, InlineStyle] = {}
    placements: dict[str, Placement | None] = {}
    size: dict[str, int] = {}
    fields: list[str] = []
    is_old = False
    for line in lines:
        kind, _, values = line.strip().partition(":")
        if kind.startswith("["):
            is_old = is_old if fields and kind == "[Events]" else kind.lower() == "[v4 styles]"
        elif kind == "Format" and not fields:
            fields = [name.strip().lower() for name in values.split(",")]
        elif kind == "Style" and fields:
            row = dict(zip(fields, (value.strip() for value in values.split(",")), strict=False))
            name = _bare(row.get("name", ""))
            styles[rf"\r{name}"] = _style(row)
            placements[name] = _placement(row.get("alignment", ""), is_old=is_old)
        elif match := _INFO.match(line.strip()):
            size[match[1].lower()] = int(match[2])
    return ScriptLooks(styles, placements, _frame_px(size))


def _style(row: Mapping[str, str]) -> InlineStyle:
    colour = parse_substation_colour(row.get("primarycolour", ""))
    return InlineStyle(
        italic=_is_on(row.get("italic")),
        bold=_is_on(row.get("bold")),
        underline=_is_on(row.get("underline")),
        strikeout=_is_on(row.get("strikeout")),
        colour=None if colour == _WHITE else colour,
    )


def _is_on(value: str | None) -> bool:
    return value not in (None, "", "0")


def _placement(alignment: str, *, is_old: bool) -> Placement | None:
    if not alignment.isascii() or not alignment.isdigit() or len(alignment) > 2:
        return None
    number = int(alignment)
    anchor = legacy_anchor(number) if is_old else number
    return placed(Placement(anchor)) if anchor is not None and 1 <= anchor <= 9 else None


def _frame_px(size: Mapping[str, int]) -> tuple[int, int]:
    """Return the picture's size; one side alone gives the other. Source: libass, ``ass.c``."""
    width, height = size.get("x", 0), size.get("y", 0)
    if width and height:
        return width, height
    if height:
        return (1280 if height == 1024 else max(1, height * 4 // 3)), height
    if width:
        return width, 1024 if width == 1280 else max(1, width * 3 // 4)
    return DEFAULT_FRAME_PX


def _bare(name: str) -> str:
    return name.strip().lstrip("*")
