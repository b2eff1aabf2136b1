"""Captions that roll: each repeats lines of the one before it and adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from app.services.captions.caption_lines import CaptionLine, Shown, paragraph
from app.services.captions.raw_captions import TextPiece

_NEAR_MS = 50
"""What rolls follows without a pause; also the longest of the moments in which lines only move,
which YouTube writes as captions of 10 ms."""

_MOST_LINES = 8


def rolls(shown: Sequence[Shown], *, heard: bool) -> bool:
    """Whether lines come again because they roll, rather than because they are said again.

    People repeat themselves now and then. Captions roll from beginning to end, so most of those
    that follow at once have to repeat something and add to it.

    Args:
        shown: sorted by start.
        heard: whether a machine wrote them, as such tracks mostly roll; otherwise one caption
            that repeats another proves nothing.
    """
    near = [(before, after) for before, after in pairwise(shown) if _follows(before, after)]
    signs = sum(1 for before, after in near if _is_sign(before, after))
    return signs >= (1 if heard else 2) and signs * 2 >= len(near)


def unrolled(shown: Sequence[Shown]) -> list[Shown]:
    """Return rolling captions with each line once, when it was new."""
    fresh: list[Shown] = []
    before: Shown | None = None
    for caption in shown:
        lines = caption.lines
        if before is not None and _follows(before, caption):
            lines = _new_lines(before, caption)
        if lines:
            fresh.append(replace(caption, lines=lines))
        before = caption
    return fresh


def _follows(before: Shown, after: Shown) -> bool:
    return after.start_ms <= before.end_ms + _NEAR_MS


def _is_sign(before: Shown, after: Shown) -> bool:
    repeated = _repeated(before.lines, after.lines)
    if repeated == len(after.lines):
        return after.end_ms - after.start_ms <= _NEAR_MS
    return repeated > 0 or bool(_grown(before, after))


def _new_lines(before: Shown, after: Shown) -> tuple[CaptionLine, ...]:
    repeated = _repeated(before.lines, after.lines)
    if repeated == 0 and (rest := _grown(before, after)):
        return (CaptionLine((TextPiece(rest),), rest),)
    return after.lines[repeated:]


def _repeated(before: Sequence[CaptionLine], after: Sequence[CaptionLine]) -> int:
    """Return how many of the first lines are the last ones of before; a timed line is new."""
    untimed = next((i for i, line in enumerate(after) if line.timed), len(after))
    for count in range(min(len(before), untimed, _MOST_LINES), 0, -1):
        if all(b.text == a.text for b, a in zip(before[-count:], after[:count], strict=True)):
            return count
    return 0


def _grown(before: Shown, after: Shown) -> str:
    """Return what was added to a text that begins with the whole one before; empty if it did not.

    Live captions grow by the word.
    """
    if any(line.timed for line in after.lines):
        return ""
    old, new = paragraph(before.lines), paragraph(after.lines)
    return new[len(old) :].strip() if new.startswith(f"{old} ") else ""
