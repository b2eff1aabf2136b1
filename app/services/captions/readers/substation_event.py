"""Events of SubStation scripts: their fields, times and styles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.services.captions.readers.substation_text import EventText

DEFAULT_FIELDS = (
    "layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text",
)  # fmt: skip
"""Fields of an event where the section has no ``Format`` line. Source: the format's specification,
section 4 (events)."""

_CLOCK = re.compile(r"\s*(-?)(?:([0-9]{1,6}):)?([0-9]{1,3}):([0-9]{1,3})(?:[.,:;]([0-9]{0,9}))?\s*")
_USUAL_CLOCK = re.compile(r"[0-9]{1,3}:[0-9]{2}:[0-9]{2}\.[0-9]{2,3}")
_COMMA_CLOCK = re.compile(r"(:[0-9]{1,2}),([0-9]{1,3})(?=,)")
_TIMES_CHARS = 60
"""Part of an event in which its times stand."""

_ALIGNMENT_FIELD = 18
"""Place of the alignment in a style. Source: the specification, section 3 (V4+ styles)."""


@dataclass(frozen=True, slots=True)
class Style:
    """A style.

    Attributes:
        name: as events name it, without the star that marks a default.
        alignment: as the keys of a numeric keypad: 1 to 3 below, 7 to 9 above.
    """

    name: str
    alignment: int = 2


@dataclass(frozen=True, slots=True)
class Event:
    """An event with a text.

    Attributes:
        line: number of its line in the file.
        start_ms: when it begins.
        end_ms: when it ends, later than its start.
        layer: of the picture; higher ones cover lower ones.
        style: name of its style.
        actor: who speaks, as the script names them.
        effect: of the whole line, in small letters; ``fx`` for what a template has made.
        text: what it shows, and how.
        is_comment: whether it is a comment, which is not shown.
    """

    line: int
    start_ms: int
    end_ms: int
    layer: int
    style: str
    actor: str
    effect: str
    text: EventText
    is_comment: bool = field(default=False)

    @property
    def plain(self) -> str:
        """The shown text with single spaces, by which events are compared."""
        return " ".join(self.text.plain.split())

    @property
    def duration_ms(self) -> int:
        """How long it is shown."""
        return self.end_ms - self.start_ms


def field_names(values: str) -> tuple[str, ...]:
    """Return the names of a ``Format`` line, in small letters."""
    names = [name.strip().lower() for name in values.split(",")]
    return tuple("name" if name == "actor" else name for name in names)


def field_values(fields: Sequence[str], values: str) -> Mapping[str, str]:
    """Return a line's values by field; the text alone may hold commas, wherever it stands."""
    before = fields.index("text")
    *first, rest = values.split(",", before)
    after = len(fields) - before - 1
    last = rest.rsplit(",", after) if after and len(first) == before else [rest]
    return dict(zip(fields, [*first, *last], strict=False))


def with_points(values: str) -> str:
    """Return a line's values with points before the hundredths of times that have commas there."""
    head, tail = values[:_TIMES_CHARS], values[_TIMES_CHARS:]
    return _COMMA_CLOCK.sub(r"\1.\2", head) + tail


def style_of(fields: Sequence[str], values: str, *, is_v4: bool) -> Style:
    """Return a style by its line.

    Args:
        fields: of the section's ``Format`` line; empty where it has none.
        values: of the line.
        is_v4: whether the section is ``[V4 Styles]``, whose alignments are numbered otherwise.
    """
    parts = [part.strip() for part in values.split(",")]
    at = fields.index("alignment") if "alignment" in fields else _ALIGNMENT_FIELD
    number = parts[at] if at < len(parts) else ""
    alignment = int(number) if number.isascii() and number.isdigit() and len(number) < 3 else 2
    return Style(parts[0].lstrip("*"), legacy_alignment(alignment) if is_v4 else alignment)


def legacy_alignment(number: int) -> int:
    r"""Return the alignment of ``[V4 Styles]`` and ``\a`` as that of ``[V4+ Styles]`` and ``\an``.

    Source: the specification, section 3: 1 to 3 below, 5 to 7 above, 9 to 11 in the middle.
    """
    return {4: 6, 8: 3}.get(number & 12, 0) + (number & 3)


def read_clock(text: str) -> tuple[int, bool] | None:
    """Return the milliseconds of ``h:mm:ss.cc`` and whether it is written so; None for no time.

    The fraction may have any number of digits or none, the hours may be absent.
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes, seconds, fraction = match.groups()
    whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    ms = whole_s * 1000 + int((fraction or "")[:3].ljust(3, "0"))
    return (-ms if sign else ms), _USUAL_CLOCK.fullmatch(text.strip()) is not None
