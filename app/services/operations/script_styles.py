"""Styles and sections of a SubStation script, edited line by line; its events stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.services.operations.force_style import ForcedField, ForcedStyle

STYLE_FIELDS = (
    *("Name", "Fontname", "Fontsize", "PrimaryColour", "SecondaryColour", "OutlineColour"),
    *("BackColour", "Bold", "Italic", "Underline", "StrikeOut", "ScaleX", "ScaleY", "Spacing"),
    *("Angle", "BorderStyle", "Outline", "Shadow", "Alignment", "MarginL", "MarginR", "MarginV"),
    "Encoding",
)
"""Order of a style's fields where a script names none. Source: libass, ``ass.c``."""

_ATTACHED = ("[fonts]", "[graphics]")
"""Sections with files: a stranger's fonts are not loaded. Source: libass, ``ass.c``, which looks at
the beginning of a line alone, whatever follows."""

_AHEAD = " \t\v\f\ufeff"
"""What may stand ahead of a section's name. Source: libass, ``process_text``, ``skip_spaces``."""

_TALL = frozenset({"Fontsize", "Spacing", "Outline", "Shadow", "MarginV"})
_WIDE = frozenset({"MarginL", "MarginR"})

USUAL_CANVAS = (384, 288)
"""What the numbers of a forced style are measured on where neither it nor the script says: that of
a script without a size. Source: libass, ``ass.c``."""


def script_lines(script: str) -> list[str]:
    """Return the lines of a script, which end as files of all systems end theirs."""
    return script.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def without_attachments(script: str) -> str:
    """Return a script without the files inside it."""
    kept: list[str] = []
    attached = False
    for line in script_lines(script):
        head = line.lstrip(_AHEAD).lower()
        if head.startswith("["):
            attached = head.startswith(_ATTACHED)
        if not attached:
            kept.append(line)
    return "\n".join(kept) + "\n"


def forced(script: str, style: ForcedStyle, scale: tuple[float, float] = (1.0, 1.0)) -> str:
    """Return a script with a forced style.

    Args:
        script: in UTF-8.
        style: to force.
        scale: from the numbers' canvas to the script's, across and down.
    """
    scaled = [_scaled(each, *scale) for each in style.fields]

    def change(fields: dict[str, str]) -> None:
        name = fields.get("Name", "").strip().lower()
        for each in scaled:
            if not each.style or each.style.lower() == name:
                fields[each.field] = each.value

    return with_styles(script, change)


def with_styles(script: str, change: Callable[[dict[str, str]], None]) -> str:
    """Return a script whose styles were changed.

    Args:
        script: in UTF-8.
        change: takes a style's fields by their names, and changes them.
    """
    return "\n".join(_lines(script, change)) + "\n"


@dataclass(slots=True)
class _Section:
    """The section of styles: whether the line at hand is in it, and its fields."""

    inside: bool = False
    fields: Sequence[str] = STYLE_FIELDS


def _lines(script: str, change: Callable[[dict[str, str]], None]) -> Iterator[str]:
    section = _Section()
    for line in script_lines(script):
        stripped = line.strip()
        key, _, rest = stripped.partition(":")
        if stripped.startswith("["):
            section = _Section("styles" in stripped.lower())
        elif section.inside and key.lower() == "format":
            section.fields = [_known(name) for name in rest.split(",")]
            missing = [name for name in STYLE_FIELDS if name not in section.fields]
            yield f"Format: {', '.join([*section.fields, *missing])}"
            continue
        elif section.inside and key.lower() == "style":
            yield _style(rest, section.fields, change)
            continue
        yield line


_BY_LOWER = {name.lower(): name for name in STYLE_FIELDS}


def _known(name: str) -> str:
    stripped = name.strip()
    return _BY_LOWER.get(stripped.lower(), stripped)


_DEFAULTS: Mapping[str, str] = {
    **dict.fromkeys(STYLE_FIELDS, "0"),
    "Name": "Default",
    "Fontname": "Arial",
    "Fontsize": "18",
    "PrimaryColour": "&H00FFFFFF",
    "SecondaryColour": "&H0000FFFF",
    "OutlineColour": "&H00000000",
    "BackColour": "&H80000000",
    "ScaleX": "100",
    "ScaleY": "100",
    "BorderStyle": "1",
    "Outline": "2",
    "Alignment": "2",
    "MarginL": "20",
    "MarginR": "20",
    "MarginV": "20",
    "Encoding": "1",
}
"""Source: libass, ``ass.c``, ``set_default_style``."""


def _style(rest: str, names: Sequence[str], change: Callable[[dict[str, str]], None]) -> str:
    given = dict(zip(names, (each.strip() for each in rest.split(",")), strict=False))
    fields = {**{name: _DEFAULTS[name] for name in STYLE_FIELDS}, **given}
    change(fields)
    order = [*names, *(name for name in STYLE_FIELDS if name not in names)]
    return f"Style: {','.join(fields.get(name, '0') for name in order)}"


def _scaled(field: ForcedField, across: float, down: float) -> ForcedField:
    factor = down if field.field in _TALL else across if field.field in _WIDE else 1.0
    if factor == 1.0:
        return field
    number = float(field.value) * factor
    value = str(round(number)) if field.field.startswith("Margin") else f"{number:.2f}"
    return ForcedField(field.field, value, field.style)
