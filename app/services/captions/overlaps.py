"""Times of captions, made sound."""

from __future__ import annotations

from collections.abc import Iterable

from app.services.captions.caption_lines import Shown, clean_lines
from app.services.captions.raw_captions import RawCaption
from app.services.captions.readers.timestamps import LATEST_MS

_UNTOLD_MS = 3000
"""How long a caption shows whose file does not say it: the extension's own default."""


def timeline(captions: Iterable[RawCaption]) -> list[Shown]:
    """Return captions sorted by start, each with text and ending after its start.

    One without an end, or with one before its start, ends when the next begins, after three
    seconds at the latest. What lies before the beginning or eleven days after it is left out.
    """
    kept = [(caption, clean_lines(caption.pieces)) for caption in captions if _is_in_time(caption)]
    kept = sorted((pair for pair in kept if pair[1]), key=lambda pair: pair[0].start_ms)
    starts = [max(0, caption.start_ms) for caption, _ in kept]
    following = _following(starts)
    return [
        Shown(start_ms, _end_ms(caption, start_ms, next_ms), lines, caption.speaker)
        for (caption, lines), start_ms, next_ms in zip(kept, starts, following, strict=True)
    ]


def _is_in_time(caption: RawCaption) -> bool:
    if caption.start_ms >= 0:
        return caption.start_ms < LATEST_MS
    return caption.end_ms is not None and caption.end_ms > 0


def _following(starts: list[int]) -> list[int]:
    """Return for each start the next later one, or the end of time."""
    later: list[int] = []
    next_ms = LATEST_MS
    for index in range(len(starts) - 1, -1, -1):
        later.append(next_ms)
        if index and starts[index - 1] < starts[index]:
            next_ms = starts[index]
    return later[::-1]


def _end_ms(caption: RawCaption, start_ms: int, next_ms: int) -> int:
    end_ms = caption.end_ms
    if end_ms is not None and end_ms > start_ms:
        return min(end_ms, LATEST_MS)
    return min(next_ms, start_ms + _UNTOLD_MS)
