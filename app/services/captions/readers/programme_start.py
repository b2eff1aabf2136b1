"""Time codes that count from the start of a programme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.domain.frame_clock import FrameClock, TimeCode
from app.services.captions.raw_captions import RawCaption
from app.services.captions.reading_notices import ReadingNotices

HOUR_MS = 3_600_000
PROGRAMME_HOURS = (10, 1)
"""Hours of the time code at which a programme begins: ten in Europe, one in America. Source: EBU
Tech 3350 (EBU-TT), ``documentStartOfProgramme``, and the convention behind its example."""


def since_start(
    captions: Sequence[RawCaption], start_ms: int, notices: ReadingNotices
) -> list[RawCaption]:
    """Return captions whose times count from a programme's start instead of midnight.

    Where one precedes that start they stay as they are.

    Args:
        captions: of one file.
        start_ms: of the programme.
        notices: take the shift.
    """
    if start_ms <= 0 or not captions or min(each.start_ms for each in captions) < start_ms:
        return list(captions)
    what = f"Time codes that count from the programme's start, {start_ms / HOUR_MS:.3g} h"
    notices.repaired(what, count=len(captions))
    return [_earlier(caption, start_ms) for caption in captions]


def usual_start_ms(
    captions: Sequence[RawCaption], clock: FrameClock, hours: Sequence[int] = PROGRAMME_HOURS
) -> int:
    """Return the usual start of a programme that all captions follow within an hour; 0 for none.

    Args:
        captions: of one file.
        clock: of its time codes.
        hours: usual starts.
    """
    first_ms = min((caption.start_ms for caption in captions), default=0)
    hour = clock.time_code(clock.frame_at(max(0, first_ms))).hours
    return clock.ms_at(clock.frame_of(TimeCode(hour, 0, 0, 0))) if hour in hours else 0


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
