"""SubStation Alpha (.ass, .ssa)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.errors import InvalidCaptionsError
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.substation_effects import without_effects
from app.services.captions.readers.substation_event import (
    DEFAULT_FIELDS,
    Event,
    Style,
    field_names,
    field_values,
    read_clock,
    style_of,
    with_points,
)
from app.services.captions.readers.substation_lanes import lanes_of
from app.services.captions.readers.substation_languages import divided, languages_of
from app.services.captions.readers.substation_text import read_text, styles_within
from app.services.captions.reading_notices import ReadingNotices

_SECTION = re.compile(
    r"^\[(?:Script Info|V4\+? Styles|Events)\]|^Dialogue: {0,4}(?:Marked=)?[0-9]{1,3},[0-9]{1,3}:",
    re.MULTILINE | re.IGNORECASE,
)
_LINE_END = re.compile(r"\r\n?|\n")
_GUESSED_MS = 3000
"""Display time of a caption that has none: the same as of any other format."""

_ODD_TIMES = "Times in a form that SubStation does not have"
_OTHER_MEDIA = frozenset({"picture", "sound", "movie", "command"})


def looks_like_substation(head: str) -> bool:
    """Whether a text begins like a script."""
    return not head.startswith("<") and _SECTION.search(head) is not None


def read_substation(text: str) -> RawTrack:
    """Read a script: each line that is spoken, sung or shown as a sign once, in its lane.

    Source: the format's specification ("Sub Station Alpha v4.00+ Script Format"), sections 3 to 5;
    docs/decisions/0083 for what is left out and how lanes are told apart.

    Raises:
        InvalidCaptionsError: no event has a time that can be read.
    """
    script = _Script()
    for number, line in enumerate(_LINE_END.split(text.replace("\0", "")), start=1):
        script.read(number, line.strip("\ufeff"))
    if script.unreadable and not script.events:
        line = f"line {script.unreadable[0]}"
        raise InvalidCaptionsError(f"The captions are not a valid SubStation script: {line}")
    events = divided(without_effects(script.events, script.notices))
    lanes = lanes_of(events, script.styles)
    languages = languages_of(events, lanes)
    return RawTrack(
        tuple(
            RawCaption(
                event.start_ms,
                event.end_ms,
                (TextRun(event.text.marked),),
                speaker=event.actor,
                language=languages.get((lane, event.style), ""),
                lane=lane,
            )
            for event, lane in zip(events, lanes, strict=True)
        ),
        notices=script.notices.notices(),
    )


@dataclass(slots=True)
class _Script:
    """A script while it is read.

    Attributes:
        events: dialogues and comments with a text, in the file's order.
        styles: by name.
        notices: take what is left out or repaired.
        unreadable: numbers of the first lines without a time that can be read.
    """

    events: list[Event] = field(default_factory=list)
    styles: dict[str, Style] = field(default_factory=dict)
    notices: ReadingNotices = field(default_factory=ReadingNotices)
    unreadable: list[int] = field(default_factory=list)
    _section: str = ""
    _fields: Sequence[str] = DEFAULT_FIELDS
    _style_fields: Sequence[str] = ()

    def read(self, number: int, line: str) -> None:
        """Read a line."""
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            self._section = bare.lower()
        elif self._section not in ("[fonts]", "[graphics]"):
            kind, colon, values = line.partition(":")
            if colon:
                self._read_row(number, kind.strip().lower(), values.removeprefix(" "))
            elif self._section == "[events]" and bare and not bare.startswith(";"):
                self.notices.unusable("Lines that are no event", f"line {number}")

    def _read_row(self, number: int, kind: str, values: str) -> None:
        in_events = self._section == "[events]"
        if kind == "format" and in_events:
            named = field_names(values)
            if {"text", "start", "end"} <= set(named):
                self._fields = named
            else:
                self.notices.repaired("Format without text and times: usual one", f"line {number}")
        elif kind == "format":
            self._style_fields = field_names(values)
        elif kind == "style":
            style = style_of(self._style_fields, values, is_v4=self._section == "[v4 styles]")
            self.styles[style.name] = style
        elif kind in ("dialogue", "comment"):
            row = field_values(self._fields, values)
            if read_clock(row.get("end", "")) is None and with_points(values) != values:
                row = field_values(self._fields, with_points(values))
                self.notices.repaired(_ODD_TIMES, f"line {number}")
            self._read_event(number, row, kind == "comment")
        elif in_events and kind in _OTHER_MEDIA:
            self.notices.left_out("Pictures, sounds, films and commands", f"line {number}")
        elif in_events and not kind.startswith(";"):
            self.notices.unusable("Lines that are no event", f"line {number}")

    def _read_event(self, number: int, values: Mapping[str, str], is_comment: bool) -> None:
        place = f"line {number}"
        if is_comment:
            self.notices.left_out("Comments", place)
        for style, part in styles_within(values.get("text", "")):
            text = read_text(part)
            if not is_comment and text.drawings:
                self.notices.left_out("Drawings", place, text.drawings)
            if not is_comment and text.remarks:
                self.notices.left_out("Comments", place, text.remarks)
            if text.plain.strip() and (span := self._span(values, place, number, is_comment)):
                named = (
                    style if style in self.styles else values.get("style", "").strip().lstrip("*")
                )
                layer = values.get("layer", "").strip()
                self.events.append(
                    Event(
                        number,
                        *span,
                        layer=int(layer) if layer.isascii() and layer.isdigit() else 0,
                        style=named,
                        actor=values.get("name", "").strip(),
                        effect=values.get("effect", "").strip().lower(),
                        text=text,
                        is_comment=is_comment,
                    )
                )

    def _span(
        self, values: Mapping[str, str], place: str, number: int, is_comment: bool
    ) -> tuple[int, int] | None:
        """Return when an event is shown; None where it is not, which is told of dialogues."""
        start, end = (read_clock(values.get(name, "")) for name in ("start", "end"))
        notices = ReadingNotices() if is_comment else self.notices
        if start is None or end is None or end[0] <= 0:
            notices.unusable("Events without a time that can be read", place)
            self.unreadable += [] if is_comment or len(self.unreadable) else [number]
            return None
        if not (start[1] and end[1]):
            notices.repaired(_ODD_TIMES, place)
        if end[0] == start[0]:
            notices.left_out("Events of no duration, which no player shows", place)
            return None
        if end[0] < start[0]:
            notices.repaired("Ends before the begin: shown for 3 s", place)
            return start[0], start[0] + _GUESSED_MS
        return start[0], end[0]
