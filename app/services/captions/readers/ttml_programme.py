"""Time codes of broadcast programmes."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from app.services.captions.raw_captions import RawCaption
from app.services.captions.readers.programme_start import HOUR_MS, PROGRAMME_HOURS, since_start
from app.services.captions.readers.ttml_time import TimeUnits
from app.services.captions.readers.xml_text import name_of
from app.services.captions.reading_notices import ReadingNotices

_PROGRAMME_START_MS = PROGRAMME_HOURS[0] * HOUR_MS


def from_programme_start(
    captions: Sequence[RawCaption], root: Element, units: TimeUnits, notices: ReadingNotices
) -> list[RawCaption]:
    """Return captions whose time codes count from the programme's start instead of midnight.

    Args:
        captions: of one document.
        root: its outermost element, whose metadata may say when the programme starts.
        units: of the document; only SMPTE time codes have a programme's start.
        notices: take the shift.
    """
    if not units.is_smpte or not captions:
        return list(captions)
    named = (each for each in root.iter() if name_of(each) == "documentStartOfProgramme")
    value = next((units.read(each.text or "") for each in named), None)
    start_ms = _PROGRAMME_START_MS if value is None else round(value.ms)
    return since_start(captions, start_ms, notices)
