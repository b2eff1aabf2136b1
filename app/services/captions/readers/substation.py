"""SubStation Alpha (.ass, .ssa)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from app.domain.errors import InvalidCaptionsError
from app.services.captions.markup import strip_markup
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.substation_looks import (
    ScriptLooks,
    kept_overrides,
    script_looks,
)

_SECTION = re.compile(r"\A\[Script Info\]|^\[V4\+? Styles\]", re.MULTILINE | re.IGNORECASE)

_FIELDS = "layer, start, end, style, name, marginl, marginr, marginv, effect, text"
"""Fields of an event where the section has no ``Format`` line. Source: the format's specification,
section 4 (events)."""

_CLOCK = re.compile(r"(-?)([0-9]{1,3}):([0-9]{1,2}):([0-9]{1,2})(?:[.,:]([0-9]{1,3}))?")
_DRAWING = re.compile(r"\\p([0-9])|\\r")
"""Switches drawing on or off; a reset switches it off."""


def looks_like_substation(head: str) -> bool:
    """Whether a text begins like a script."""
    return not head.startswith("<") and _SECTION.search(head) is not None


def read_substation(text: str) -> RawTrack:
    """Read a script; comments and drawings are left out.

    Source: the format's specification ("Sub Station Alpha v4.00+ Script Format"), sections 3 to 5:
    an event's last field is the text, which alone may hold commas.

    Raises:
        InvalidCaptionsError: an event has no time that can be read.
    """
    fields = _fields(_FIELDS)
    captions: list[RawCaption] = []
    lines = text.replace("\0", "").split("\n")
    looks = script_looks(lines)
    for line in lines:
        kind, _, values = line.strip().partition(":")
        if kind == "Format":
            named = _fields(values)
            fields = named if named[-1:] == ["text"] else fields
        elif kind == "Dialogue":
            event = dict(zip(fields, values.split(",", len(fields) - 1), strict=False))
            caption = _caption(event, looks)
            captions += [caption] if caption is not None else []
    return RawTrack(tuple(captions), styles=looks.styles, frame_px=looks.frame_px)


def _fields(values: str) -> list[str]:
    names = [name.strip().lower() for name in values.split(",")]
    return ["name" if name == "actor" else name for name in names]


def _caption(event: Mapping[str, str], looks: ScriptLooks) -> RawCaption | None:
    """Return an event; None for a drawing, and for one without a text."""
    text, overrides = _plain(event.get("text", ""))
    if not strip_markup(text).strip() or _draws(overrides):
        return None
    try:
        start_ms, end_ms = _clock_ms(event["start"]), _clock_ms(event["end"])
    except (KeyError, ValueError):
        raise InvalidCaptionsError("The captions are not a valid SubStation script") from None
    style = event.get("style", "")
    return RawCaption(
        start_ms,
        end_ms,
        (TextRun(text, style=looks.style(style)),),
        speaker=event.get("name"),
        placement=looks.placement(style),
    )


def _clock_ms(text: str) -> int:
    """Return the milliseconds of ``h:mm:ss.cc``; a fraction may have up to three digits.

    Raises:
        ValueError: no time.
    """
    match = _CLOCK.match(text.strip())
    if match is None:
        raise ValueError(text)
    sign, hours, minutes, seconds, fraction = match.groups()
    whole_s = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    ms = whole_s * 1000 + int((fraction or "").ljust(3, "0"))
    return -ms if sign else ms


def _plain(text: str) -> tuple[str, Sequence[str]]:
    """Return a text without remarks, and its overrides: what stands in braces that are closed."""
    parts = list(_between_braces(text))
    overrides = parts[1::2]
    parts[::2] = map(_with_spaces, parts[::2])
    parts[1::2] = map(kept_overrides, overrides)
    return "".join(parts), overrides


def _with_spaces(text: str) -> str:
    return text.replace("\\h", " ").replace("\\n", "\n").replace("\\N", "\n")


def _between_braces(text: str) -> Iterator[str]:
    """Yield by turns a text outside and one inside braces."""
    begin = 0
    while (opened := text.find("{", begin)) >= 0 and (closed := text.find("}", opened)) >= 0:
        yield text[begin:opened]
        yield text[opened + 1 : closed]
        begin = closed + 1
    yield text[begin:]


def _draws(overrides: Sequence[str]) -> bool:
    """Whether an event draws shapes: after one of its overrides drawing is switched on."""
    switched = (_DRAWING.findall(override) for override in overrides)
    return any(found and found[-1] not in ("", "0") for found in switched)
