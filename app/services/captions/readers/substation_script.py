"""Lines of SubStation scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from app.services.captions.readers.substation_recovery import recovered
from app.services.captions.readers.substation_text import read_text, styles_within
from app.services.captions.readers.timestamps import LATEST_MS
from app.services.captions.reading_notices import ReadingNotices

_GUESSED_MS = 3000
"""Display time of a caption that has none: the same as of any other format."""

_ODD_TIMES = "Times in a form that SubStation does not have"
_KINDS = frozenset({"dialogue", "comment", "picture", "sound", "movie", "command"})
_OTHER_MEDIA = frozenset({"picture", "sound", "movie", "command"})


@dataclass(slots=True)
class Script:
    """Events and styles of a script, which is read line by line.

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
    _holds_events: bool = False
    _fields: Sequence[str] = DEFAULT_FIELDS
    _style_fields: Sequence[str] = ()

    def read(self, number: int, line: str) -> None:
        """Read a line."""
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            self._section = bare.lower()
            self._holds_events = self._section == "[events]"
        elif self._section not in ("[fonts]", "[graphics]"):
            kind, colon, values = line.partition(":")
            if colon:
                self._read_row(number, kind.strip().lower(), values.removeprefix(" "))
            elif self._holds_events and bare and not bare.startswith(";"):
                self.notices.unusable("Lines that are no event", f"line {number}")

    def _read_row(self, number: int, kind: str, values: str) -> None:
        in_events = self._holds_events
        if kind in ("format", "style") and (found := recovered(values)):
            self.notices.repaired("Events under a broken name", f"line {number}")
            self._read_event(number, found, is_comment=False)
            return
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
        elif kind not in _KINDS and _is_timed(field_values(self._fields, values)):
            self.notices.repaired("Events under a broken name", f"line {number}")
            self._read_event(number, self._row(number, kind, values), is_comment=False)
        elif kind in ("dialogue", "comment"):
            self._holds_events = True  # also where the section's name is damaged
            self._read_event(number, self._row(number, kind, values), kind == "comment")
        elif in_events and kind in _OTHER_MEDIA:
            self.notices.left_out("Pictures, sounds, films and commands", f"line {number}")
        elif in_events and not kind.startswith(";"):
            self.notices.unusable("Lines that are no event", f"line {number}")

    def _row(self, number: int, kind: str, values: str) -> Mapping[str, str]:
        """Return an event's values by field, also where they are out of place."""
        row = field_values(self._fields, values)
        if kind == "comment" or ("text" in row and _is_timed(row)):
            return row
        pointed = field_values(self._fields, with_points(values))
        if "text" in pointed and _is_timed(pointed):
            self.notices.repaired(_ODD_TIMES, f"line {number}")
            return pointed
        found = recovered(values)
        if found:
            self.notices.repaired("Events whose fields are out of place", f"line {number}")
        elif "text" not in row:
            self.notices.unusable("Events without a text field", f"line {number}")
        return found or row

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
        """Return when an event is shown; None where it is not, which is noted of dialogues."""
        start, end = (read_clock(values.get(name, "")) for name in ("start", "end"))
        notices = ReadingNotices() if is_comment else self.notices
        if start is None or end is None or end[0] <= 0 or start[0] >= LATEST_MS:
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


def _is_timed(row: Mapping[str, str]) -> bool:
    return all(read_clock(row.get(name, "")) is not None for name in ("start", "end"))
