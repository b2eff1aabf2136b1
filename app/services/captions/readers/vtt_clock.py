"""Clocks of the segments that a WebVTT file was joined from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.readers.caption_blocks import CLOCK_MAP, FileLine
from app.services.captions.readers.loose_clock import loose_clock
from app.services.captions.readers.plain_characters import plain_line

_LOCAL = re.compile(r"LOCAL ?[:=] ?(-?[0-9][0-9:.,]*)", re.IGNORECASE)
_MPEGTS = re.compile(r"MPEGTS ?[:=] ?([0-9]{1,12})", re.IGNORECASE)
_TICKS_PER_MS = 90
_WRAP_TICKS = 2**33
"""MPEG-2 time stamps count 90 kHz in 33 bits. Source: ISO/IEC 13818-1, section 2.4.3.7."""


def segment_offsets(
    headers: Sequence[tuple[int, Sequence[FileLine]]], log: FaultLog
) -> dict[int, int]:
    """Return for each segment what has to be added to its times, in ms.

    Source: RFC 8216, section 3.5: ``X-TIMESTAMP-MAP`` says which MPEG-2 time stamp belongs to a
    time of the segment; without one, 0 belongs to 0. The stamps of a stream begin anywhere, so
    the earliest segment's beginning counts as 0; from one segment to the next a stamp may wrap.

    Args:
        headers: lines of each segment's header.
        log: takes clocks that do not begin at 0, and those that cannot be read.
    """
    zeros: dict[int, int] = {}
    mapped: dict[int, FileLine] = {}
    stamps: list[int] = []
    before = 0
    for segment, lines in headers:
        line = next(
            (each for each in lines if plain_line(each.text).upper().startswith(CLOCK_MAP)), None
        )
        found = None if line is None else _map(plain_line(line.text))
        if found is not None and line is not None:
            stamp, local_ticks = found
            stamp = _unwrapped(stamp, before + local_ticks) if mapped else stamp
            before = stamp - local_ticks
            stamps.append(stamp)
            mapped[segment] = line
        elif line is not None:
            log.add(FaultKind.CLOCK, line.number, line.text.strip())
        zeros[segment] = before
    if not mapped:
        return {}
    base = min(zeros.values())
    if base < 0:
        base = min(stamps)  # a local clock that does not count from the stream's beginning
    if base:
        first = mapped[min(mapped, key=lambda segment: zeros[segment])]
        log.add(FaultKind.BASE, first.number, first.text.strip())
    return {segment: round((zero - base) / _TICKS_PER_MS) for segment, zero in zeros.items()}


def _map(line: str) -> tuple[int, int] | None:
    """Return a stamp and the local time that it belongs to, both in ticks; None if unreadable."""
    local, stamp = _LOCAL.search(line), _MPEGTS.search(line)
    if local is None or stamp is None:
        return None
    clock = loose_clock(local[1].rstrip(",.:"))
    return None if clock is None else (int(stamp[1]), clock.ms * _TICKS_PER_MS)


def _unwrapped(ticks: int, before: int) -> int:
    """Return a stamp with as many wraps as bring it nearest to the one before."""
    return ticks + round((before - ticks) / _WRAP_TICKS) * _WRAP_TICKS
