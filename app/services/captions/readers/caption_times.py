"""Times of captions that contradict themselves or each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.raw_captions import RawCaption
from app.services.captions.readers.timestamps import LATEST_MS

_SHOWN_MS = 3000
_CHARACTER_MS = 90
"""A text is read at 11 characters a second, slower than any reading profile allows."""

_LONGEST_SWAPPED_MS = 10_000
"""Start and end are taken for exchanged only where the caption is then no longer than that."""


def repaired_times(captions: Sequence[RawCaption], log: FaultLog) -> list[RawCaption]:
    """Return captions whose ends, where they have any, come after their starts.

    One that ends before it begins has the two exchanged where it then fits between its
    neighbours, else it loses its end; so does one that ends as it begins. One that begins before
    the recording begins with it. Those outside any recording are left out. The order stays.

    Args:
        captions: in the file's order.
        log: takes what was repaired or left out.
    """
    repaired: list[RawCaption] = []
    for index, caption in enumerate(captions):
        after = captions[index + 1] if index + 1 < len(captions) else None
        place, shown = _place(caption, index), _has_text(caption)
        if not _is_in_range(caption):
            if shown:
                log.add_at(FaultKind.OUT_OF_RANGE, place, _begin_of(caption))
            continue
        caption, kind = _repaired(caption, repaired[-1] if repaired else None, after)
        if kind is not None and shown:
            log.add_at(kind, place)
        repaired.append(caption)
    return repaired


def with_ends(captions: Sequence[RawCaption], log: FaultLog) -> list[RawCaption]:
    """Return captions of a format without ends: each ends when the next begins, or is read.

    Args:
        captions: in the file's order.
        log: takes the first of them.
    """
    starts = sorted({caption.start_ms for caption in captions})
    following = dict(pairwise([*starts, LATEST_MS]))
    ended: list[RawCaption] = []
    for caption in captions:
        read_ms = max(_SHOWN_MS, _CHARACTER_MS * len(_begin_of(caption)))
        end_ms = min(following[caption.start_ms], caption.start_ms + read_ms)
        ended.append(replace(caption, end_ms=end_ms))
    if captions:
        log.add_at(FaultKind.NO_ENDS, _place(captions[0], 0), count=len(captions))
    return ended


def log_order(captions: Sequence[RawCaption], log: FaultLog, restarts: frozenset[int]) -> None:
    """Log captions that stand after later ones, and those that begin before another has ended.

    Args:
        captions: in the file's order, with times that are in order by themselves.
        log: takes them.
        restarts: lines of captions where a joined file or segment begins; times that begin anew
            there are logged once, and not for each caption that follows.
    """
    latest_ms = 0
    for index, caption in enumerate(captions):
        if not _has_text(caption):
            continue
        if caption.start_ms < latest_ms:
            restart = caption.line in restarts
            log.add_at(FaultKind.RESTART if restart else FaultKind.ORDER, _place(caption, index))
            latest_ms = caption.start_ms if restart else latest_ms
        latest_ms = max(latest_ms, caption.start_ms)
    for place in _overlapping(captions):
        log.add_at(FaultKind.OVERLAP, place)


def _overlapping(captions: Sequence[RawCaption]) -> Iterator[str]:
    shown = [(each, index) for index, each in enumerate(captions) if _has_text(each)]
    until_ms = -1
    for caption, index in sorted(shown, key=lambda pair: pair[0].start_ms):
        if caption.start_ms < until_ms:
            yield _place(caption, index)
        until_ms = max(until_ms, caption.end_ms or 0)


def _repaired(
    caption: RawCaption, before: RawCaption | None, after: RawCaption | None
) -> tuple[RawCaption, FaultKind | None]:
    start_ms, end_ms = caption.start_ms, caption.end_ms
    if end_ms is None or start_ms < end_ms:
        if start_ms < 0:
            return replace(caption, start_ms=0), FaultKind.BEFORE_ZERO
        return caption, None
    if start_ms == end_ms:
        return replace(caption, end_ms=None), FaultKind.NO_DURATION
    earliest_ms = 0 if before is None else before.end_ms or before.start_ms
    latest_ms = LATEST_MS if after is None else after.start_ms
    fits = before is not None and earliest_ms <= end_ms and start_ms <= latest_ms
    if fits and start_ms - end_ms <= _LONGEST_SWAPPED_MS:
        return replace(caption, start_ms=end_ms, end_ms=start_ms), FaultKind.SWAPPED
    return replace(caption, end_ms=None), FaultKind.END_FIRST


def _is_in_range(caption: RawCaption) -> bool:
    if caption.start_ms >= 0:
        return caption.start_ms < LATEST_MS
    return caption.end_ms is not None and caption.end_ms > 0


def _has_text(caption: RawCaption) -> bool:
    return any(run.text.strip() for run in caption.runs)


def _begin_of(caption: RawCaption) -> str:
    return " ".join("".join(run.text for run in caption.runs).split())


def _place(caption: RawCaption, index: int) -> str:
    return f"line {caption.line}" if caption.line else f"caption {index + 1}"
