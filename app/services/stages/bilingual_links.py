"""Which cues of two files of one recording belong together, by the time that they share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.domain.style import Placement, zone
from app.domain.written_cue import WrittenCue

_SHARE = 0.5
"""Two cues belong together where they share half of the shorter one's time."""

_LONGEST_MS = 60_000
"""Cues that are shown for longer are compared with their neighbours alone."""

_BETTER = 2.0
"""How much better another cue that is shown at the same time has to match: a sign that stays for a
minute matches every line that is said meanwhile a little."""


def linked_cues(first: Sequence[WrittenCue], second: Sequence[WrittenCue]) -> list[list[int]]:
    """Return for each cue of the second file the indices of those of the first that it belongs to.

    Several, where the files divide their text otherwise. Where cues of one file are shown at the
    same time, as a sign over dialogue is, each belongs to those of its own place and length.

    Args:
        first: sorted by start.
        second: sorted by start.
    """
    overlaps = _all_overlaps(first, second)
    by_first: dict[int, list[int]] = {}
    for number, shared in enumerate(overlaps):
        for index in shared:
            by_first.setdefault(index, []).append(number)
    best_second = {
        index: max((second[number] for number in numbers), key=partial(_match, first[index]))
        for index, numbers in by_first.items()
    }
    links: list[list[int]] = []
    for number, shared in enumerate(overlaps):
        cue = second[number]
        longest = max(shared, key=lambda index: shared[index], default=-1)
        best = max(shared, key=lambda index: _match(cue, first[index]), default=-1)
        links.append(
            [
                index
                for index in shared
                if (index == longest or _overlap_enough(cue, first[index], shared[index]))
                and not _has_better_match(first[index], first[best], cue)
                and not _has_better_match(cue, best_second[index], first[index])
            ]
        )
    return links


def _all_overlaps(
    first: Sequence[WrittenCue], second: Sequence[WrittenCue]
) -> list[dict[int, int]]:
    """Return for each cue of the second file how long it shares with which of the first."""
    found: list[dict[int, int]] = []
    begin = 0
    for cue in second:
        while begin < len(first) and first[begin].end_ms <= cue.start_ms - _LONGEST_MS:
            begin += 1
        found.append(_overlaps(cue, first, begin))
    return found


def _overlaps(cue: WrittenCue, first: Sequence[WrittenCue], begin: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for index in range(begin, len(first)):
        if first[index].start_ms >= cue.end_ms:
            break
        shared_ms = _shared_ms(cue, first[index])
        if shared_ms > 0:
            found[index] = shared_ms
    return found


def _shared_ms(one: WrittenCue, other: WrittenCue) -> int:
    return min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms)


def _overlap_enough(one: WrittenCue, other: WrittenCue, shared_ms: int) -> bool:
    return shared_ms >= _SHARE * min(one.duration_ms, other.duration_ms)


def _match(one: WrittenCue, other: WrittenCue) -> tuple[bool, float]:
    """Return how well two cues match: whether in one place, and the share of their time in both."""
    whole_ms = max(one.end_ms, other.end_ms) - min(one.start_ms, other.start_ms)
    return _zone(one) == _zone(other), max(0, _shared_ms(one, other)) / max(1, whole_ms)


def _zone(cue: WrittenCue) -> int:
    return zone(cue.placement or Placement())


def _has_better_match(cue: WrittenCue, rival: WrittenCue, counterpart: WrittenCue) -> bool:
    """Whether another cue of the same file and time matches a counterpart much better."""
    if cue is rival or not _overlap_enough(cue, rival, _shared_ms(cue, rival)):
        return False
    (ours_in_place, ours), (theirs_in_place, theirs) = (
        _match(each, counterpart) for each in (cue, rival)
    )
    if ours_in_place != theirs_in_place:
        return theirs_in_place
    return theirs > _BETTER * ours
