"""Rules of times: order, durations, gaps, shot changes, frame rate."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from app.domain.style import Placement, zone
from app.domain.written_cue import WrittenCue
from app.services.quality.quality_rule import Examination, Fault, QualityRule, flat_text, width_of

_ROUNDING_MS = 1
"""Files round both times of a cue to a millisecond or to more."""

_SHORT_FRAMES = 0.2
"""Part of a frame that rounding to milliseconds may take from a gap of frames."""

_GAP_FRAMES = 2
_SAME_RATE = 0.002

_WORDS_PER_MINUTE = {"bbc": 180.0, "ofcom": 180.0}
"""Source: BBC Subtitle Guidelines and Ofcom, Code on Television Access Services: 160 to 180."""


def _order(found: Examination) -> Iterator[Fault]:
    for before, cue in pairwise(found.cues):
        if cue.start_ms < before.start_ms:
            yield Fault(cue.number, cue.start_ms - before.start_ms)


def _duration_is_positive(found: Examination) -> Iterator[Fault]:
    for cue in found.cues:
        if cue.duration_ms <= 0 or cue.start_ms < 0:
            yield Fault(cue.number, cue.duration_ms)


def _overlap(found: Examination) -> Iterator[Fault]:
    open_cues: list[WrittenCue] = []
    for cue in found.by_time:
        open_cues = [other for other in open_cues if other.end_ms > cue.start_ms][-_OPEN_CUES:]
        clashes = [other for other in open_cues if _share_place(other, cue)]
        if clashes:
            yield Fault(cue.number, max(other.end_ms for other in clashes) - cue.start_ms)
        open_cues.append(cue)


_OPEN_CUES = 16
"""Cues on screen at a time that are compared; more cannot be read anyway."""


def _share_place(one: WrittenCue, other: WrittenCue) -> bool:
    places = [zone(cue.placement or Placement()) for cue in (one, other)]
    return places[0] == places[1] and one.lane == other.lane


def _gaps(found: Examination) -> Iterator[tuple[WrittenCue, int]]:
    """Yield each cue with the gap ahead of it, where the two do not overlap."""
    for before, cue in pairwise(found.by_time):
        gap_ms = cue.start_ms - before.end_ms
        if gap_ms >= 0 and _share_place(before, cue):
            yield cue, gap_ms


def _is_too_close(found: Examination, gap_ms: int) -> bool:
    rate = found.video.frames_per_s
    if rate and found.profile.gap_in_frames:
        return gap_ms * rate / 1000 < _GAP_FRAMES - _SHORT_FRAMES
    return gap_ms < found.profile.min_gap_ms - _ROUNDING_MS


def _gap(found: Examination) -> Iterator[Fault]:
    for cue, gap_ms in _gaps(found):
        if _is_too_close(found, gap_ms):
            yield Fault(cue.number, gap_ms)


def _chaining(found: Examination) -> Iterator[Fault]:
    rate = found.video.frames_per_s
    frame_ms = 1000 / rate if rate else 42.0
    for cue, gap_ms in _gaps(found):
        least_ms = found.profile.min_gap_ms + frame_ms / 2
        if least_ms < gap_ms < found.profile.chain_below_ms:
            yield Fault(cue.number, gap_ms)


def _min_duration(found: Examination) -> Iterator[Fault]:
    for cue in found.cues:
        if 0 < cue.duration_ms < found.profile.min_duration_ms - _ROUNDING_MS:
            yield Fault(cue.number, cue.duration_ms)


def _max_duration(found: Examination) -> Iterator[Fault]:
    for cue in found.cues:
        if cue.duration_ms > found.profile.max_duration_ms + _ROUNDING_MS:
            yield Fault(cue.number, cue.duration_ms)


def _reading_speed(found: Examination) -> Iterator[Fault]:
    for cue in found.cues:
        width = width_of(cue)
        if cue.duration_ms > 0 and (
            1000 * width > found.profile.max_cps * (cue.duration_ms + _ROUNDING_MS)
        ):
            yield Fault(cue.number, round(1000 * width / cue.duration_ms, 2))


def _words_per_minute(found: Examination) -> Iterator[Fault]:
    most = _WORDS_PER_MINUTE[found.asked.name]
    for cue in found.cues:
        words = len(flat_text(cue).split())
        if cue.duration_ms > 0 and 60_000 * words > most * (cue.duration_ms + _ROUNDING_MS):
            yield Fault(cue.number, round(60_000 * words / cue.duration_ms, 1))


def _frame_ms(found: Examination) -> float:
    rate = found.video.frames_per_s
    return 1000 / rate if rate else 1000 / 24


def _shot_change_start(found: Examination) -> Iterator[Fault]:
    """Yield cues that begin near a shot change and not with it."""
    for cue in found.cues:
        cut = found.video.nearest_shot_change(max(0, cue.start_ms), found.profile.snap_ms)
        if cut is not None and cut <= cue.start_ms and cue.start_ms - cut > _frame_ms(found):
            yield Fault(cue.number, cue.start_ms - cut)


def _shot_change_end(found: Examination) -> Iterator[Fault]:
    """Yield cues that end near a shot change and not two frames ahead of it."""
    ahead_ms = _GAP_FRAMES * _frame_ms(found)
    for cue in found.cues:
        cut = found.video.nearest_shot_change(max(0, cue.end_ms), found.profile.snap_ms)
        if cut is None or cut <= cue.start_ms:
            continue
        if abs(cut - ahead_ms - cue.end_ms) > _frame_ms(found):
            yield Fault(cue.number, cue.end_ms - cut)


def _frame_rate(found: Examination) -> Iterator[Fault]:
    ours, theirs = found.file_rate, found.video.frames_per_s
    if ours and theirs and abs(ours / theirs - 1) > _SAME_RATE / 4:
        yield Fault(0, round(ours, 3))


def _knows_cuts(found: Examination) -> bool:
    return bool(found.video.shot_changes_ms and found.profile.snap_ms)


TIMING_RULES = (
    QualityRule("order", "cues stand in the order of their starts", _order, unit="ms"),
    QualityRule(
        "positive_duration", "a cue begins at 0 or later and ends after it begins",
        _duration_is_positive, unit="ms",
    ),
    QualityRule("overlap", "no two cues are shown in one place at once", _overlap, unit="ms"),
    QualityRule(
        "gap", "cues are so far apart", _gap, lambda found: found.profile.min_gap_ms, "ms"
    ),
    QualityRule(
        "chaining", "shorter gaps are closed to the smallest one", _chaining,
        lambda found: found.profile.chain_below_ms, "ms", "advice",
        lambda found: found.profile.chain_below_ms > 0,
    ),
    QualityRule(
        "min_duration", "a cue is shown for so long at least", _min_duration,
        lambda found: found.profile.min_duration_ms, "ms",
    ),
    QualityRule(
        "max_duration", "a cue is shown for so long at most", _max_duration,
        lambda found: found.profile.max_duration_ms, "ms",
    ),
    QualityRule(
        "reading_speed", "so many characters are to be read in a second at most", _reading_speed,
        lambda found: found.profile.max_cps, "characters/s",
    ),
    QualityRule(
        "words_per_minute", "so many words are to be read in a minute at most", _words_per_minute,
        lambda found: _WORDS_PER_MINUTE[found.asked.name], "words/min", "advice",
        lambda found: found.asked.name in _WORDS_PER_MINUTE,
    ),
    QualityRule(
        "shot_change_start", "a cue that begins within that of a cut begins with it",
        _shot_change_start, lambda found: found.profile.snap_ms, "ms", "advice", _knows_cuts,
    ),
    QualityRule(
        "shot_change_end", "a cue that ends within that of a cut ends two frames ahead of it",
        _shot_change_end, lambda found: found.profile.snap_ms, "ms", "advice", _knows_cuts,
    ),
    QualityRule(
        "frame_rate", "the file counts frames at the rate of the picture", _frame_rate,
        lambda found: found.video.frames_per_s, "frames/s", "error",
        lambda found: bool(found.file_rate and found.video.frames_per_s),
    ),
)  # fmt: skip
"""Rules of times, each with the profile's number.

Source: Netflix Timed Text Style Guide, Subtitle Timing Guidelines, for gaps, chaining and shot
changes; `app.domain.profile` for the numbers.
"""
