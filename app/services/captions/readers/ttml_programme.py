"""Time codes of broadcast programmes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from app.services.captions.raw_captions import RawCaption
from app.services.captions.readers.ttml_time import TimeUnits
from app.services.captions.readers.xml_text import name_of
from app.services.captions.reading_notices import ReadingNotices

_PROGRAMME_START_MS = 36_000_000
"""The time code at which a broadcast programme begins, 10:00:00:00. Source: EBU Tech 3350 (EBU-TT),
``documentStartOfProgramme``, and the convention behind its example."""


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
    if start_ms <= 0 or min(caption.start_ms for caption in captions) < start_ms:
        return list(captions)
    what = f"Time codes that count from the programme's start, {start_ms / 3_600_000:g} h"
    notices.repaired(what, count=len(captions))
    return [_earlier(caption, start_ms) for caption in captions]


def _earlier(caption: RawCaption, by_ms: int) -> RawCaption:
    return replace(
        caption,
        start_ms=caption.start_ms - by_ms,
        end_ms=None if caption.end_ms is None else caption.end_ms - by_ms,
        runs=tuple(
            run if run.start_ms is None else replace(run, start_ms=run.start_ms - by_ms)
            for run in caption.runs
        ),
    )
