"""Styles that a caller forces on subtitles: parsed and checked, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.errors import InvalidFieldError, quoted

MOST_CHARS = 2000
_MOST_FIELDS = 100
_NAME = re.compile(r"[^\x00-\x1f,:{}\\\"'\x7f]{1,64}")
"""Of a font or a style: no character that ends a field, begins an override or a section."""
_NUMBER = re.compile(r"-?[0-9]{1,5}(?:\.[0-9]{1,4})?")
_COLOUR = re.compile(r"&?[Hh](?P<bgr>[0-9A-Fa-f]{1,8})&?|#(?P<rgb>[0-9A-Fa-f]{6})")
_DECIMAL_COLOUR = re.compile(r"-?[0-9]{1,10}")
_CANVAS = frozenset({"playresx", "playresy"})

Check = Callable[[str], str | None]
"""Returns a value as a script has it; None where it is none of the field's."""


def _name(text: str) -> str | None:
    return text if _NAME.fullmatch(text) else None


def _number(least: float, most: float) -> Check:
    def check(text: str) -> str | None:
        if not _NUMBER.fullmatch(text) or not least <= float(text) <= most:
            return None
        return text

    return check


def _switch(text: str) -> str | None:
    return {"0": "0", "1": "-1", "-1": "-1", "true": "-1", "false": "0"}.get(text.lower())


def _colour(text: str) -> str | None:
    match = _COLOUR.fullmatch(text)
    if match and match["rgb"]:
        rgb = match["rgb"].upper()
        return f"&H00{rgb[4:6]}{rgb[2:4]}{rgb[0:2]}"
    if match:
        return f"&H{match['bgr'].upper().zfill(8)}"
    if _DECIMAL_COLOUR.fullmatch(text):
        return f"&H{int(text) & 0xFFFFFFFF:08X}"
    return None


FIELDS: Mapping[str, tuple[str, Check]] = MappingProxyType(
    {
        name.lower(): (name, check)
        for name, check in {
            "Fontname": _name,
            "Fontsize": _number(1, 2000),
            **dict.fromkeys(
                ("PrimaryColour", "SecondaryColour", "OutlineColour", "BackColour"), _colour
            ),
            **dict.fromkeys(("Bold", "Italic", "Underline", "StrikeOut"), _switch),
            **dict.fromkeys(("ScaleX", "ScaleY"), _number(1, 1000)),
            "Spacing": _number(-100, 1000),
            "Angle": _number(-360, 360),
            "BorderStyle": _number(1, 4),
            **dict.fromkeys(("Outline", "Shadow"), _number(0, 500)),
            "Alignment": _number(1, 11),
            **dict.fromkeys(("MarginL", "MarginR", "MarginV"), _number(0, 9999)),
            "Encoding": _number(-1, 255),
            **dict.fromkeys(("PlayResX", "PlayResY"), _number(1, 20_000)),
        }.items()
    }
)
"""Fields of a style with what they may hold, and the canvas that their numbers are measured on.
Source: libass, ``ass.c``, ``ass_process_force_style``."""


@dataclass(frozen=True, slots=True)
class ForcedField:
    """One field.

    Attributes:
        field: as scripts name it.
        value: as scripts have it.
        style: of which style alone; empty for all.
    """

    field: str
    value: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class ForcedStyle:
    """What a caller forces.

    Attributes:
        fields: in his order.
        canvas: width and height that his numbers are measured on; None where he names none.
    """

    fields: tuple[ForcedField, ...] = ()
    canvas: tuple[int, int] | None = None


UNFORCED = ForcedStyle()
"""Nothing is forced."""


def parse_force_style(value: object) -> ForcedStyle:
    """Parse a forced style: an object, or text such as ``FontSize=24,PrimaryColour=&H00FFFF``.

    Names may be written with underscores, and colours as ``#RRGGBB``.

    Raises:
        InvalidFieldError: a name or a value is none that a style has.
    """
    pairs = list(_pairs(value))
    if len(pairs) > _MOST_FIELDS:
        raise InvalidFieldError(f"force_style: at most {_MOST_FIELDS} fields")
    fields = [_field(name, text) for name, text in pairs]
    sizes = {each.field.lower(): int(float(each.value)) for each in fields if _is_canvas(each)}
    canvas = (sizes.get("playresx", 384), sizes.get("playresy", 288)) if sizes else None
    return ForcedStyle(tuple(each for each in fields if not _is_canvas(each)), canvas)


def _is_canvas(field: ForcedField) -> bool:
    return field.field.lower() in _CANVAS


def _pairs(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            text = str(int(each)) if isinstance(each, bool) else str(each)
            yield str(name).strip(), text.strip()
        return
    text = str(value)
    if len(text) > MOST_CHARS:
        raise InvalidFieldError(f"force_style: at most {MOST_CHARS} characters")
    for part in text.split(","):
        if part.strip():
            name, equals, each = part.partition("=")
            if not equals:
                raise InvalidFieldError(f"force_style: no field with a value: {quoted(part)}")
            yield name.strip(), each.strip()


def _field(name: str, text: str) -> ForcedField:
    style, dot, own = name.rpartition(".")
    if dot and not _NAME.fullmatch(style):
        raise InvalidFieldError(f"force_style: no name of a style: {quoted(style)}")
    key = own.replace("_", "").lower().replace("color", "colour")
    known = FIELDS.get(key)
    if known is None:
        raise InvalidFieldError(f"force_style: no field of a style: {quoted(own)}")
    field, check = known
    value = check(text)
    if value is None:
        raise InvalidFieldError(f"force_style: {field} cannot be {quoted(text)}")
    return ForcedField(field, value, style)
