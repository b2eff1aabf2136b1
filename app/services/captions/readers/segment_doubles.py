"""Captions that a file holds twice, because its segments overlap or it was joined with itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.raw_captions import RawCaption

_ADJACENT_MS = 50
"""Longest gap between the parts of a caption that a segment's border divides."""


def joined_doubles(captions: Sequence[tuple[RawCaption, int]], log: FaultLog) -> list[RawCaption]:
    """Return captions with those joined that a segment repeats from the one before.

    Source: RFC 8216, section 3.5: a cue that is shown across a border is in both segments. Within
    a segment only a caption with the same text and the same times is a double: people repeat
    themselves.

    Args:
        captions: in the file's order, each with the number of its segment.
        log: takes those that were joined.
    """
    joined: list[RawCaption] = []
    segments: list[int] = []
    latest: dict[str, int] = {}
    for caption, segment in captions:
        text = "".join(run.text for run in caption.runs).strip()
        index = latest.get(text, -1) if text else -1
        if index >= 0 and _is_double(joined[index], caption, segments[index] != segment):
            log.add(FaultKind.DOUBLED, caption.line)
            joined[index] = _union(joined[index], caption)
            segments[index] = segment
            continue
        latest[text] = len(joined)
        joined.append(caption)
        segments.append(segment)
    return joined


def _is_double(before: RawCaption, after: RawCaption, across: bool) -> bool:
    if (before.start_ms, before.end_ms) == (after.start_ms, after.end_ms):
        return True
    if not across or before.end_ms is None or after.end_ms is None:
        return False
    return after.start_ms <= before.end_ms + _ADJACENT_MS and before.start_ms <= after.end_ms


def _union(before: RawCaption, after: RawCaption) -> RawCaption:
    if before.end_ms is None or after.end_ms is None:
        return before
    return replace(
        before,
        start_ms=min(before.start_ms, after.start_ms),
        end_ms=max(before.end_ms, after.end_ms),
    )
