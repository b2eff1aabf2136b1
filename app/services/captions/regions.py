"""Regions of the screen that show texts beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from app.services.captions.overlaps import ShownTimes, inner
from app.services.captions.raw_captions import RawCaption

_TOGETHER_MS = 200
"""Two texts that appear and go as closely as this are the lines of one caption."""

_UNTIMED_MS = 1000


def with_regions_apart(captions: Sequence[RawCaption]) -> list[RawCaption]:
    """Return captions in which what another region shows beside the dialogue is a sign.

    The dialogue is in the region that most captions have. What appears and goes together is one
    caption, wherever its lines stand.
    """
    counts = Counter(caption.window for caption in captions)
    if len(counts) < 2:
        return list(captions)
    times = Counter[str]()
    for caption in captions:
        times[caption.window] += _end_ms(caption) - caption.start_ms
    usual = min(counts, key=lambda window: (-counts[window], times[window]))
    dialogue = [caption for caption in captions if caption.window == usual]
    language = Counter(caption.language for caption in dialogue).most_common(1)[0][0]
    shown = ShownTimes([(caption.start_ms, _end_ms(caption)) for caption in dialogue])
    together = {
        (_moment(caption.start_ms) + start, _moment(_end_ms(caption)) + end)
        for caption in dialogue
        for start in (-1, 0, 1)
        for end in (-1, 0, 1)
    }
    return [
        replace(caption, lane="sign")
        if caption.window != usual
        and caption.language == language
        and shown.overlap(*inner(caption.start_ms, _end_ms(caption)))
        and (_moment(caption.start_ms), _moment(_end_ms(caption))) not in together
        else caption
        for caption in captions
    ]


def _moment(ms: int) -> int:
    return ms // _TOGETHER_MS


def _end_ms(caption: RawCaption) -> int:
    return caption.end_ms if caption.end_ms is not None else caption.start_ms + _UNTIMED_MS
