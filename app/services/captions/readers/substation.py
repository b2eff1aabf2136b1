"""SubStation Alpha (.ass, .ssa)."""

from __future__ import annotations

import re

from app.domain.errors import InvalidCaptionsError
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.substation_effects import without_effects
from app.services.captions.readers.substation_lanes import lanes_of
from app.services.captions.readers.substation_languages import divided, languages_of
from app.services.captions.readers.substation_recovery import lines_apart
from app.services.captions.readers.substation_script import Script

_SECTION = re.compile(
    r"^\[(?:Script Info|V4\+? Styles|Events)\]|^Dialogue: {0,4}(?:Marked=)?[0-9]{1,3},[0-9]{1,3}:",
    re.MULTILINE | re.IGNORECASE,
)
_LINE_END = re.compile(r"\r\n?|\n")


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
    script = Script()
    for number, line in enumerate(_LINE_END.split(text.replace("\0", "")), start=1):
        parts = lines_apart(line.strip("\ufeff"))
        if len(parts) > 1:
            script.notices.repaired("Line breaks between events are missing", f"line {number}")
        for part in parts:
            script.read(number, part)
    if script.unreadable and not script.events:
        line = f"line {script.unreadable[0]}"
        raise InvalidCaptionsError(f"The captions are not a valid SubStation script: {line}")
    script.notices.require(script.events)
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
